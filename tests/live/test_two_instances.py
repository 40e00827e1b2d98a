"""Two started servers of this project, the second a `custom` route of the first: near is asked, far answers.

Both base URLs of the examples are tried: `http://host/api`, and `http://host/<model>` of example 3.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import requests

from tests.live.clients import Caller, Event, Session, bearer, events, issue, open_socket
from tests.live.doors import DOORS, FAILURES, WORDS, Door
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess, wait_until
from tests.upstream.faulty import text_of

API, EXAMPLE_3 = "mirror", "mirror-by-model"
_users = count()


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as running:
        yield running


@pytest.fixture(scope="module")
def far(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    """A server with a demo model that does not dawdle, and a model behind it that hangs in mid-answer."""
    server = start_server()
    hangs = {"base_url": upstream.base_url("hang_midway", tokens=5), "model": "m"}
    add_models(server, {"swift": {"provider": "demo", "parameters": {"delay_ms": 0}}, "hangs": hangs})
    return server


@pytest.fixture(scope="module")
def near(start_server: Launcher, far: ServerProcess, upstream: FaultyUpstream) -> ServerProcess:
    """A server whose models are far's, and two of a backend as the examples write it that asks for patience."""
    server = start_server()
    urls = {f"waits-{status}": f"{upstream.root}/{status}/api?retry_after=60" for status in (429, 503)}
    add_models(
        server,
        {
            API: mirror(far, "/api", model="swift"),
            EXAMPLE_3: mirror(far, "/swift"),
            "far-hangs": mirror(far, "/api", model="hangs"),
            **{name: {"provider": "custom", "base_url": url} for name, url in urls.items()},
            **{f"far-{code}": mirror(far, "/api", model="swift") for code in FAILURES},
        },
    )
    return server


def mirror(far: ServerProcess, base: str, model: str = "") -> dict[str, str]:
    """The fields of a row that is answered by another server."""
    return {"provider": "custom", "base_url": far.url + base, "api_key": far.backend_key, "model": model}


class Pair:
    """A user of near, and the same user as far knows them."""

    def __init__(self, near: ServerProcess, far: ServerProcess, model: str) -> None:
        self.name = f"mirrored-{next(_users)}"
        self.near = issue(near, self.name, model=model)
        self.far = issue(far, f"ext:{self.name}")

    def far_threads(self) -> list[str]:
        """The conversations that far holds, oldest first."""
        return [thread["id"] for thread in self.far.get("/api/threads").json()["data"]][::-1]

    def far_turn(self) -> Any:
        """The turn that runs at far, once there is one."""
        found = lambda: [t for t in self.far.get("/api/threads").json()["data"] if "active_turn_id" in t]  # noqa: E731
        wait_until(lambda: bool(found()), "far's turn", 10)
        return self.far.turn(found()[0]["active_turn_id"])


Meet = Callable[[str], Pair]


@pytest.fixture
def meet(near: ServerProcess, far: ServerProcess) -> Meet:
    return lambda model: Pair(near, far, model)


@pytest.fixture(params=[API, EXAMPLE_3])
def pair(request: pytest.FixtureRequest, meet: Meet) -> Pair:
    """One for each of the examples' ways to write a base URL."""
    return meet(request.param)


def stream(who: Session, message: str) -> requests.Response:
    answer = who.post("/api/chat/stream", {"message": message, "events": True}, stream=True)
    assert answer.status_code == 200, answer.text
    return answer


def until(told: Iterator[Event], kind: str) -> Event:
    """The next event of a kind."""
    return next(event for event in told if event.type == kind)


@pytest.mark.parametrize("door", list(DOORS.values()), ids=list(DOORS))
def test_text_is_the_same_through_every_door(pair: Pair, door: Door) -> None:
    said = door(pair.near, f"/echo {WORDS}")
    turn = pair.near.turn(said.turn_id)
    assert (said.text, turn["text"], turn["state"]) == (WORDS, WORDS, "completed")
    assert [attempt["code"] for attempt in turn["attempts"]] == ["ok"]
    assert turn["model"] in (API, EXAMPLE_3)
    (thread,) = pair.far_threads()
    assert [item["text"] for item in pair.far.items(thread)] == [f"/echo {WORDS}", WORDS]


def test_text_arrives_while_far_still_writes(pair: Pair) -> None:
    with stream(pair.near, "/tokens 60 50") as answer:
        told = events(answer)
        assert text_of(60).startswith(until(told, "delta").data["text"])
        assert pair.far_turn()["state"] == "running"
        assert until(told, "completed").data["text"] == text_of(60)


def test_conversation_goes_on_in_one_far_session(pair: Pair) -> None:
    for question in ("/echo one", "/echo two"):
        pair.near.ask(question)
    told = pair.near.ask("/history")["response"]
    assert told.splitlines()[2:] == ["1. /echo one", "2. /echo two"]
    (thread,) = pair.far_threads()
    asked = [item["text"] for item in pair.far.items(thread) if item["type"] == "user_message"]
    assert asked == ["/echo one", "/echo two", "/history"]


def test_retry_is_told_the_past_in_a_new_far_session(pair: Pair) -> None:
    pair.near.ask("/echo one")
    again = pair.near.post(f"/api/turns/{pair.near.ask('second')['turn_id']}/retry")
    assert pair.near.ended(again.json()["id"])["state"] == "completed"
    _, new = pair.far_threads()
    asked = pair.far.items(new)[0]["text"]
    assert "User: /echo one\n\nAssistant: one" in asked
    assert asked.endswith("\n\nsecond")


def test_allowance_of_one_user_over_there_leaves_the_route_to_the_others(
    near: ServerProcess, far: ServerProcess
) -> None:
    spent, other = Pair(near, far, API), Pair(near, far, API)
    owner = f"ext:ext:{spent.name}"
    far.manage(
        "shell", "-c", f"from chat_app.models import Quota; Quota.objects.create(subject={owner!r}, turns=1)"
    )
    wait_until(lambda: spent.near.ask("/echo mine")["model"] != API, "the limit", 10)
    assert other.near.ask("/echo theirs")["model"] == API


def test_usage_is_what_far_counted(pair: Pair) -> None:
    usage = pair.near.ask("/tokens 30 0")["usage"]
    (thread,) = pair.far_threads()
    counted = pair.far.turn(pair.far.items(thread)[1]["turn_id"])["usage"]
    assert (usage["output_tokens"], usage["estimated"]) == (30, False)
    assert {**usage, "cost": 0} == {**counted, "cost": 0}


def test_cancel_reaches_the_far_turn(pair: Pair) -> None:
    with stream(pair.near, "/tokens 5000 20") as answer:
        told = events(answer)
        near_id = until(told, "delta").data["turn_id"]
        far_id = pair.far_turn()["id"]
        near_turn = pair.near.stop(near_id)
        assert until(told, "cancelled")
    far_turn = pair.far.ended(far_id, 5)
    assert (near_turn["state"], far_turn["state"]) == ("cancelled", "cancelled")
    assert far_turn["text"].startswith(near_turn["text"][:5])
    assert len(far_turn["text"]) < len(text_of(2500))


def test_cancel_before_the_first_token_reaches_the_far_turn(pair: Pair) -> None:
    asked = {"type": "message", "text": "/slow 8000 /echo late"}
    with open_socket(pair.near.server, f"/ws/chat/{pair.near.secret}") as socket:
        socket.until("ready")
        socket.send(**asked)
        near_id = socket.until("turn")["turn_id"]
        far_id = pair.far_turn()["id"]
        assert pair.near.stop(near_id)["state"] == "cancelled"
    assert pair.far.ended(far_id, 5)["state"] == "cancelled"


def test_cancel_closes_the_upstream_of_the_far_side(meet: Meet, upstream: FaultyUpstream) -> None:
    pair = meet("far-hangs")
    before = upstream.state()["hung_up"]
    with stream(pair.near, "hello") as answer:
        first = until(events(answer), "delta")
        assert upstream.state()["open"] == 1
        assert pair.near.stop(first.data["turn_id"])["state"] == "cancelled"
    upstream.seconds_until(open=0, hung_up=before + 1)


def test_conversation_goes_on_after_a_cancel(pair: Pair) -> None:
    pair.near.stop(pair.near.begin("/tokens 5000 20")[0])
    assert pair.near.ask("hello again")["model"] in (API, EXAMPLE_3)
    _, new = pair.far_threads()
    assert "User: /tokens 5000 20" in pair.far.items(new)[0]["text"]


@pytest.mark.parametrize("code", FAILURES)
def test_failure_over_there_has_its_code_here(meet: Meet, code: str) -> None:
    pair = meet(f"far-{code}")
    refused = pair.near.post("/api/chat", {"message": f"/fail {code}"})
    attempt = pair.near.turn(refused.headers["X-Turn-Id"])["attempts"][0]
    assert (attempt["model"], attempt["code"]) == (f"far-{code}", code)


def test_failure_in_mid_answer_over_there_keeps_its_text_here(pair: Pair) -> None:
    with stream(pair.near, "/fail upstream_error after 3") as answer:
        *_, last = events(answer)
    assert (last.type, last.data["code"], last.data["text"]) == (
        "failed",
        "upstream_error",
        "0001 0002 0003 ",
    )


def test_revoked_far_session_is_renewed_without_a_word(pair: Pair, far: ServerProcess) -> None:
    pair.near.ask("/echo one")
    (thread,) = pair.far_threads()
    session = thread.replace("thr_", "ses_")
    assert Caller(far, bearer(far.backend_key)).call("DELETE", f"/api/sessions/{session}").status_code == 204
    turn = pair.near.turn(pair.near.ask("and now?")["turn_id"])
    assert [attempt["code"] for attempt in turn["attempts"]] == ["ok"]
    _, new = pair.far_threads()
    assert "User: /echo one" in pair.far.items(new)[0]["text"]


@pytest.mark.parametrize(("status", "code"), [(429, "upstream_busy"), (503, "upstream_down")])
def test_busy_backend_is_left_alone_as_long_as_it_said(
    meet: Meet, upstream: FaultyUpstream, status: int, code: str
) -> None:
    who, before = meet(f"waits-{status}").near, upstream.state()["requests"]
    first, second = (who.turn(who.ask("/echo hi")["turn_id"]) for _ in range(2))
    assert (first["model"], first["attempts"][0]["code"]) == ("demo", code)
    assert second["attempts"][0] == {"model": f"waits-{status}", "code": code, "ms": 0, "skipped": True}
    assert upstream.state()["requests"] == before + 1


def test_far_server_killed_in_mid_answer_fails_the_turn_once(
    start_server: Launcher, near: ServerProcess
) -> None:
    doomed = start_server()
    add_models(near, {"doomed": mirror(doomed, "/api", model="demo")})
    who = issue(near, f"mirrored-{next(_users)}", model="doomed")
    with stream(who, "/tokens 5000 20") as answer:
        told = events(answer)
        first = until(told, "delta")
        doomed.signal(signal.SIGKILL)
        rest = list(told)
    assert [event.type for event in rest if event.type not in ("delta", "item")] == ["failed"]
    turn = who.turn(first.data["turn_id"])
    assert (turn["state"], turn["error"]["code"], turn["error"]["retryable"]) == (
        "failed",
        "upstream_down",
        True,
    )
    assert turn["text"] == rest[-1].data["text"]
    assert turn["text"].startswith(first.data["text"])


def test_neither_server_logs_a_secret(near: ServerProcess, far: ServerProcess, meet: Meet) -> None:
    pair = meet(API)
    pair.near.ask("/echo a word in confidence")
    for server in (near, far):
        log = server.logs()
        assert [word for word in (far.backend_key, "cs_", "in confidence") if word in log] == []
