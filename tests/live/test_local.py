"""Kind `local` on a started server, with GPT-2s made on the spot: streamed, stopped, two at once, loaded once.

The bound for /healthz is 100 ms; it is measured and printed, and its median is asserted at ten times itself.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.live.clients import Event, Session, events, issue
from tests.live.routes import add_models
from tests.servers import Launcher, ServerProcess
from tests.upstream.chunks import text_of
from tests.upstream.hub import hub
from tests.upstream.local_models import counting_models

pytestmark = pytest.mark.serial  # measures time or memory

BOUND = 0.100
TICK = os.sysconf("SC_CLK_TCK")
LONG = 4000  # tokens: seconds of computing, also on a fast machine
_users = count()


def row(folder: Path, **parameters: Any) -> dict[str, Any]:
    return {"provider": "local", "model": str(folder), "parameters": parameters, "timeout_first_token": 60}


@pytest.fixture(scope="module")
def server(
    start_server: Launcher, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> ServerProcess:
    broken = tmp_path_factory.mktemp("broken") / "model"
    shutil.copytree(tiny_model, broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    server = start_server()
    add_models(
        server,
        {
            "tiny": row(tiny_model, max_new_tokens=64),
            "long": row(tiny_model, max_new_tokens=LONG),
            "counts": row(counting_models() / "counts", max_new_tokens=200),
            "slow": row(counting_models() / "slow", max_new_tokens=60),
            "broken": row(broken),
            "nowhere": row(broken.parent / "nowhere"),
        },
    )
    return server


@pytest.fixture
def new_user(server: ServerProcess) -> Callable[..., Session]:
    return lambda model: issue(server, f"local-{next(_users)}", model=model)


def stream(user: Session, message: str = "hi") -> list[tuple[float, Event]]:
    """A turn's typed events with the moments of their arrival."""
    answer = user.post("/api/chat/stream", {"message": message, "events": True}, stream=True)
    assert answer.status_code == 200, answer.text
    return [(time.monotonic(), event) for event in events(answer)]


def cpu_seconds(server: ServerProcess) -> float:
    """What the server has computed so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def computed_in(server: ServerProcess, seconds: float) -> float:
    before = cpu_seconds(server)
    time.sleep(seconds)
    return cpu_seconds(server) - before


def until_text(user: Session, turn_id: str) -> None:
    """Wait until the turn's answer has begun."""
    answer = user.get(f"/api/turns/{turn_id}/events", stream=True)
    assert next(event for event in events(answer) if event.type in ("delta", "snapshot"))
    answer.close()


def begin(user: Session) -> str:
    turn_id, _ = user.begin("hi")
    until_text(user, turn_id)
    return turn_id


def test_five_turns_at_once_load_the_model_once(
    server: ServerProcess, new_user: Callable[..., Session]
) -> None:
    with ThreadPoolExecutor(5) as five:
        told = list(five.map(stream, [new_user("counts") for _ in range(5)]))
    assert [events[-1][1].data["text"] for events in told] == [text_of(200)] * 5
    assert all("progress" in {event.type for _, event in events} for events in told)
    assert server.logs().count("local model counts loaded") == 1


def test_answer_is_streamed_token_by_token(new_user: Callable[..., Session]) -> None:
    told = stream(new_user("slow"))
    said = [(at, event) for at, event in told if event.type == "delta"]
    assert len(said) > 20
    assert "".join(event.data["text"] for _, event in said) == told[-1][1].data["text"] == text_of(60)
    first, end = said[0][0], told[-1][0]
    assert end - first > (end - told[0][0]) / 4
    print(f"{len(said)} deltas for 60 tokens, the first {end - first:.2f} s before the end")


def test_usage_is_the_models_own_count(new_user: Callable[..., Session]) -> None:
    usage = new_user("tiny").ask("Grüße")["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["estimated"]) == (
        len("user: Grüße\nassistant: ".encode()),
        64,
        False,
    )


def test_stop_ends_the_computation(server: ServerProcess, new_user: Callable[..., Session]) -> None:
    user = new_user("long")
    turn_id = begin(user)
    busy = computed_in(server, 1.0)
    begun = time.monotonic()
    turn = user.stop(turn_id)
    ended = time.monotonic() - begun
    idle = computed_in(server, 1.0)
    assert turn["state"] == "cancelled"
    assert turn["usage"]["output_tokens"] < LONG
    assert idle < busy / 2
    print(
        f"CPU seconds in a second: {busy:.2f} while it computes, {idle:.2f} after Stop, which took {ended * 1000:.0f} ms"
    )


def test_health_answers_while_two_turns_compute(
    server: ServerProcess, new_user: Callable[..., Session]
) -> None:
    users = [new_user("long"), new_user("long")]
    turns = [begin(user) for user in users]
    waits = []
    with requests.Session() as http:
        for _ in range(60):
            begun = time.monotonic()
            assert http.get(server.url + "/healthz", timeout=30).status_code == 200
            waits.append(time.monotonic() - begun)
    states = [user.turn(turn)["state"] for user, turn in zip(users, turns, strict=True)]
    for user, turn in zip(users, turns, strict=True):
        user.stop(turn)
    assert states == ["running", "running"]
    median = statistics.median(waits)
    print(f"/healthz beside two turns: median {median * 1000:.1f} ms, worst {max(waits) * 1000:.1f} ms")
    assert median < BOUND * 10


@pytest.mark.parametrize(("model", "reason"), [("nowhere", "not_configured"), ("broken", "upstream_refused")])
def test_model_that_cannot_be_loaded_falls_back_with_a_reason(
    new_user: Callable[..., Session], model: str, reason: str
) -> None:
    user = new_user(model)
    answer = user.ask("/echo from the fallback")
    assert (answer["response"], answer["model"]) == ("from the fallback", "demo")
    attempts = user.turn(answer["turn_id"])["attempts"]
    assert [(one["model"], one["code"]) for one in attempts] == [(model, reason), ("demo", "ok")]


def test_gpt2_is_not_available_where_it_may_not_be_downloaded(new_user: Callable[..., Session]) -> None:
    models = {model["id"]: model["available"] for model in new_user("demo").get("/api/models").json()["data"]}
    assert models["gpt2"] is False
    assert models["tiny"] is True


def test_model_of_the_hub_is_downloaded_when_it_is_first_asked_for(
    start_server: Launcher, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    (tmp_path / "model" / "pytorch_model.bin").write_bytes(b"code in disguise")
    with hub(tmp_path / "model", pause=0.2) as played:
        server = start_server(HF_HUB_OFFLINE="0", HF_ENDPOINT=played.url, HF_HUB_DISABLE_XET="1")
        rows = {"there": row(Path(played.model), max_new_tokens=8), "unknown": row(Path("someone/else"))}
        add_models(server, rows)
        told = stream(issue(server, "1", model="there"))
        fallen_back = issue(server, "1", model="unknown").ask("/echo hi")
    notes = [event.data["text"] for _, event in told if event.type == "progress"]
    assert notes[0] == "Loading someone/tiny…"
    assert any(note.startswith("Downloading someone/tiny") for note in notes)
    assert told[-1][1].data["usage"]["output_tokens"] == 8
    assert "model.safetensors" in played.fetched
    assert "pytorch_model.bin" not in played.fetched
    assert fallen_back["model"] == "demo"
    assert played.url not in server.logs()
    print(notes)


def test_server_goes_down_while_a_model_computes(start_server: Launcher, tiny_model: Path) -> None:
    server = start_server(DRAIN_SECONDS="1")
    add_models(server, {"long": row(tiny_model, max_new_tokens=LONG)})
    user = issue(server, "1", model="long")
    begin(user)
    begun = time.monotonic()
    assert server.stop(30) == 0
    took = time.monotonic() - begun
    print(f"down {took:.1f} s after SIGTERM, with a second to drain")
    assert took < 20
