"""Another model answers: what each door says of it; and a model whose places are all taken, on a started server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from tests.live.clients import Caller, Session, bearer, events, issue, open_socket
from tests.live.problem import assert_problem
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

_users = count()
SPARE = {"provider": "demo", "parameters": {"script": "/echo spare"}}
NARROW = {"concurrency": 1, "queue": 1, "timeout_first_token": 20}


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as running:
        yield running


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    """Where nothing falls back by itself."""
    server = start_server(DEBUG="0", ALLOWED_HOSTS="127.0.0.1", ALLOWED_PRIVATE_HOSTS="127.0.0.1")
    slow = upstream.base_url("ok", tokens=1500, delay_ms=20)
    rows: dict[str, dict[str, Any]] = {
        "spare": SPARE,
        "narrow": {"base_url": slow, **NARROW},
        "narrow-spare": {"base_url": slow, **NARROW, "queue": 0, "fallbacks": ["spare"]},
        "chain-3": {"base_url": upstream.base_url("404"), "fallbacks": ["chain-1", "spare"]},
        "chain-2": {"base_url": upstream.base_url("html"), "fallbacks": ["chain-3"]},
        "chain-1": {"base_url": upstream.base_url("500"), "fallbacks": ["chain-2"]},
        "midway": {"base_url": upstream.base_url("cut_off", tokens=5), "fallbacks": ["spare"]},
    }
    for door in ("rest", "sse", "websocket"):
        rows[f"dead-{door}"] = {"base_url": upstream.base_url("500"), "fallbacks": ["spare"]}
    add_models(server, {name: {"model": "m", **row} for name, row in rows.items()})
    return server


@pytest.fixture
def new_user(server: ServerProcess) -> Callable[[str], Session]:
    return lambda model: issue(server, f"falls-back-{next(_users)}", model=model)


@pytest.fixture
def key(server: ServerProcess) -> Caller:
    return Caller(server, bearer(server.backend_key))


def assert_told(user: Session, turn_id: str, asked: str) -> None:
    """What the record says of a turn that the fallback answered."""
    turn = user.turn(turn_id)
    assert (turn["model"], turn["requested_model"], turn["text"]) == ("spare", asked, "spare")
    assert [(a["model"], a["code"]) for a in turn["attempts"]] == [(asked, "upstream_down"), ("spare", "ok")]
    question, answer = user.items(user.thread_id)
    assert (answer["model"], answer["data"]) == ("spare", {"requested_model": asked})
    assert question["text"] == "hello"


def test_answer_by_rest_says_which_model_gave_it(new_user: Callable[[str], Session]) -> None:
    user = new_user("dead-rest")
    said = user.ask("hello")
    assert (said["response"], said["model"]) == ("spare", "spare")
    assert_told(user, said["turn_id"], "dead-rest")


def test_stream_says_which_model_answers_and_why(new_user: Callable[[str], Session]) -> None:
    user = new_user("dead-sse")
    with user.post("/api/chat/stream", {"message": "hello", "events": True}, stream=True) as answer:
        told = [event.data for event in events(answer)]
    chosen = [(e["model"], e["attempt"], e.get("reason")) for e in told if e["type"] == "turn"]
    assert chosen == [("dead-sse", 1, None), ("spare", 2, "upstream_down")]
    assert "".join(e["text"] for e in told if e["type"] == "delta") == "spare"
    assert (told[-1]["type"], told[-1]["model"]) == ("completed", "spare")
    assert_told(user, told[-1]["turn_id"], "dead-sse")


def test_socket_says_which_model_answers_and_why(
    new_user: Callable[[str], Session], server: ServerProcess
) -> None:
    user = new_user("dead-websocket")
    with open_socket(server, f"/ws/chat/{user.secret}") as socket:
        socket.send(type="message", text="hello")
        told = [socket.receive()]
        while told[-1]["type"] not in ("response", "error"):
            told.append(socket.receive())
    chosen = [(e["model"], e.get("reason")) for e in told if e["type"] == "turn"]
    assert chosen[-1] == ("spare", "upstream_down")
    assert (told[-1]["text"], told[-1]["model"]) == ("spare", "spare")
    assert_told(user, told[-1]["turn_id"], "dead-websocket")


def test_fallbacks_of_fallbacks_are_asked_and_a_circle_ends(key: Caller) -> None:
    said = key.ask("hello", model="chain-1")
    assert said["model"] == "spare"
    tried = [(a["model"], a["code"]) for a in key.turn(said["turn_id"])["attempts"]]
    assert tried == [
        ("chain-1", "upstream_down"),
        ("chain-2", "upstream_error"),
        ("chain-3", "upstream_refused"),
        ("spare", "ok"),
    ]


def test_after_the_first_token_nobody_else_is_asked(new_user: Callable[[str], Session]) -> None:
    user = new_user("midway")
    with user.post("/api/chat/stream", {"message": "hello", "events": True}, stream=True) as answer:
        told = [event.data for event in events(answer)]
    assert "".join(e["text"] for e in told if e["type"] == "delta") == text_of(5)
    assert (told[-1]["type"], told[-1]["code"]) == ("failed", "upstream_down")
    assert [e["model"] for e in told if e["type"] == "turn"] == ["midway"]


# A model that takes one turn at a time


def test_third_turn_is_refused_and_a_cancel_makes_room(new_user: Callable[[str], Session]) -> None:
    first, second, third = (new_user("narrow") for _ in range(3))
    running, _ = first.begin("hello")
    with second.post("/api/chat/stream", {"message": "hello", "events": True}, stream=True) as waits:
        told = events(waits)
        kinds = [next(told).data for _ in range(2)]
        assert [event["type"] for event in kinds] == ["turn", "progress"]
        refused = third.post("/api/chat", {"message": "hello"})
        assert_problem(refused, 503, "upstream_busy")
        assert int(refused.headers["Retry-After"]) >= 1
        first.stop(running)
        assert next(event for event in told if event.type == "delta").data["text"]
        waiting, _ = third.begin("again")
    third.stop(waiting)  # from the queue
    second.stop(kinds[0]["turn_id"])
    assert third.begin("and again")[0]
    third.stop(third.turn(running_turn(third))["id"])


def running_turn(user: Session) -> str:
    found: str = user.get(f"/api/threads/{user.thread_id}").json()["active_turn_id"]
    return found


def test_full_model_is_followed_by_its_fallback_and_is_not_called_sick(
    new_user: Callable[[str], Session], key: Caller
) -> None:
    user = new_user("narrow-spare")
    running, _ = user.begin("hello")
    time.sleep(0.3)
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda _: key.ask("hello", model="narrow-spare"), range(12)))
    assert {answer["model"] for answer in said} == {"spare"}
    attempt = key.turn(said[0]["turn_id"])["attempts"][0]
    assert (attempt["model"], attempt["code"], attempt["skipped"]) == ("narrow-spare", "upstream_busy", True)
    user.stop(running)
    again, _ = user.begin("hello again")
    time.sleep(0.3)
    assert user.turn(again)["model"] == "narrow-spare"
    user.stop(again)
