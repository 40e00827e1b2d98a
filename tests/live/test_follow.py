"""Followers only read: many at once see one text, one that was cut off misses nothing and repeats nothing, and a turn ends
and is stored whether or not anyone looks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.live.clients import Caller, Session, Socket, events, issue, open_socket
from tests.live.shown import TERMINAL, Shown
from tests.servers import ServerProcess
from tests.upstream.faulty import text_of

NewUser = Callable[..., Session]
BOUNDED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# How a follower loses its connection: after so many bytes of the body, wherever that is in an event.
CUTS = st.lists(st.integers(0, 1500), max_size=5)
TURNS = st.tuples(st.integers(1, 60), st.sampled_from([0, 2, 8]))  # tokens, and the pause before each in ms


def shown(answer: requests.Response) -> Shown:
    """The whole of a stream."""
    assert answer.status_code == 200
    view = Shown()
    for event in events(answer):
        assert (event.id, event.type) == (event.data["seq"], event.data["type"])
        view.take(event.data)
    return view


def watch(socket: Socket, turn_id: str) -> tuple[Shown, str]:
    """A turn on a socket to its end: the view, and the text of the `response`."""
    view = Shown()
    while (told := socket.receive(30))["type"] != "response":
        if told.get("turn_id") == turn_id:
            view.take(told)
    assert (told["turn_id"], told["state"]) == (turn_id, "completed")
    return view, told["text"]


def poll(who: Caller, turn_id: str) -> list[str]:
    """The texts that `GET /api/turns/{id}` gave until the turn had ended."""
    texts = []
    while True:
        turn = who.turn(turn_id)
        texts.append(turn["text"])
        if turn["state"] in TERMINAL:
            return texts
        time.sleep(0.05)


def test_all_ways_of_following_one_turn_show_the_same_text(user: Session) -> None:
    wanted = text_of(80)
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket, ThreadPoolExecutor() as threads:
        socket.until("ready")
        asked = {"message": "/tokens 80 15", "events": True}
        stream = user.post("/api/chat/stream", asked, stream=True)
        turn_id = stream.headers["X-Turn-Id"]
        path = f"/api/turns/{turn_id}/events"
        views = {
            "the starting stream": threads.submit(shown, stream),
            "events from now": threads.submit(lambda: shown(user.get(path, stream=True))),
            "events from 0": threads.submit(lambda: shown(user.get(path + "?after=0", stream=True))),
        }
        polled = threads.submit(poll, user, turn_id)
        view, response = watch(socket, turn_id)
        texts = {name: view.result().text for name, view in views.items()}
    assert {**texts, "socket": view.text, "response": response} == dict.fromkeys(
        [*views, "socket", "response"], wanted
    )
    assert polled.result()[-1] == wanted
    assert all(wanted.startswith(text) for text in polled.result())
    assert len(set(polled.result())) > 3  # it was seen growing
    first = views["the starting stream"].result()
    assert (first.kinds[:3], first.kinds[-2:]) == (["turn", "item", "delta"], ["item", "completed"])
    assert views["events from now"].result().kinds[0] in ("turn", "snapshot")
    assert first.seq == view.seq + 1  # a socket's `response` stands for the last event
    assert [item["text"] for item in user.items(user.thread_id)][-1] == wanted


def take_bytes(answer: requests.Response, limit: int | None, view: Shown) -> None:
    """Take the events among the next `limit` bytes of a stream (None: all), as a client that is cut off there would."""
    held = b""
    for piece in answer.iter_content(64):
        held += piece if limit is None else piece[:limit]
        limit = None if limit is None else limit - len(piece)
        *blocks, held = held.split(b"\n\n")
        for block in blocks:
            data = [line.removeprefix(b"data: ") for line in block.split(b"\n") if line.startswith(b"data: ")]
            if data:
                view.take(json.loads(data[0]))
        if limit is not None and limit <= 0:
            return


@BOUNDED
@given(turn=TURNS, cuts=CUTS, by_header=st.booleans(), from_start=st.booleans())
def test_follower_cut_off_anywhere_misses_nothing_and_repeats_nothing(
    live: ServerProcess, turn: tuple[int, int], cuts: list[int], by_header: bool, from_start: bool
) -> None:
    user = issue(live, "cut-off")
    turn_id, _ = user.begin("/tokens {} {}".format(*turn))
    path, view = f"/api/turns/{turn_id}/events", Shown()
    for cut in [*cuts, None]:
        known = view.seq if view.kinds or from_start else None  # None: begin with how it stands
        headers = {"Last-Event-ID": str(known)} if by_header and known is not None else {}
        query = f"?after={known}" if not by_header and known is not None else ""
        with user.get(path + query, headers=headers, stream=True) as answer:
            if answer.status_code == 204:
                assert view.ended
                return
            assert answer.status_code == 200
            take_bytes(answer, cut, view)
    assert view.ended
    assert view.text == text_of(turn[0])
    assert user.turn(turn_id)["text"] == view.text
    assert user.get(path, headers={"Last-Event-ID": str(view.seq)}).status_code == 204


@pytest.fixture(scope="module")
def elsewhere(live: ServerProcess) -> Session:
    """A session of a user's own that is not the session of the turn, so that nothing is followed unasked."""
    return issue(live, "resumes", ttl=3600)


@BOUNDED
@given(turn=TURNS, reads=st.lists(st.integers(0, 12), max_size=4))
def test_socket_cut_off_anywhere_resumes_where_it_was(
    elsewhere: Session, turn: tuple[int, int], reads: list[int]
) -> None:
    user = issue(elsewhere.server, "resumes")
    turn_id, _ = user.begin("/tokens {} {}".format(*turn))
    view, response = Shown(), None
    for count in [*reads, 1000]:
        with open_socket(elsewhere.server, f"/ws/chat/{elsewhere.secret}") as socket:
            socket.until("ready")
            socket.send(type="resume", turn_id=turn_id, after=view.seq)
            for told in receive(socket, count):
                if told["type"] == "response":
                    response = told["text"]
                else:
                    view.take(told)
        if response is not None:
            break
    assert response == view.text == text_of(turn[0])


def receive(socket: Socket, count: int) -> Iterator[dict[str, object]]:
    """At most `count` messages, and none behind a `response`."""
    for _ in range(count):
        told = socket.receive(30)
        yield told
        if told["type"] == "response":
            return


def test_resume_takes_the_place_of_the_follow_that_runs(user: Session) -> None:
    turn_id, _ = user.begin("/tokens 60 15")
    view, restarts = Shown(), 0
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        assert socket.until("ready")["active_turn_id"] == turn_id
        socket.until("snapshot", "delta")  # unasked, since the thread is the session's
        for _ in range(3):  # each finds the one before it under way, or not even begun
            socket.send(type="resume", turn_id=turn_id, after=0)
        while (told := socket.receive(30))["type"] != "response":
            if told["seq"] == 1:
                view, restarts = Shown(), restarts + 1
            if restarts:
                view.take(told)
        assert socket.alive()
        with pytest.raises(TimeoutError):
            socket.receive(0.5)  # nothing of the turn comes behind its end
    assert restarts >= 1
    assert view.text == told["text"] == text_of(60)


def test_turn_that_nobody_follows_ends_and_is_stored(user: Session) -> None:
    asked = {"message": "/tokens 100 10", "events": True}
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        socket.until("ready")
        with user.post("/api/chat/stream", asked, stream=True) as stream:
            turn_id = stream.headers["X-Turn-Id"]
            with user.get(f"/api/turns/{turn_id}/events", stream=True) as second:
                next(events(second))
                next(events(stream))
                socket.until("delta")
    assert user.turn(turn_id)["state"] == "running"
    time.sleep(1.5)  # nobody looks meanwhile
    assert user.ended(turn_id)["state"] == "completed"
    assert [item["text"] for item in user.items(user.thread_id)][-1] == text_of(100)


def test_caller_who_hangs_up_while_waiting_finds_the_answer_stored(user: Session) -> None:
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{user.server.url}/api/chat",
            json={"message": "/tokens 60 20"},
            headers=dict(user.headers),
            timeout=0.6,
        )
    turn_id = user.get(f"/api/threads/{user.thread_id}").json()["active_turn_id"]
    assert user.ended(turn_id)["text"] == text_of(60)


def test_ended_turn_is_replayed_whole_and_to_any_point(user: Session) -> None:
    turn_id = user.ask("/tokens 40 1")["turn_id"]
    whole = shown(user.get(f"/api/turns/{turn_id}/events", stream=True))
    assert (whole.text, whole.kinds[-1]) == (text_of(40), "completed")
    for after in range(whole.seq):
        answer = user.get(f"/api/turns/{turn_id}/events?after={after}", stream=True)
        assert [event.id for event in events(answer)] == list(range(after + 1, whole.seq + 1))
    beyond = user.get(f"/api/turns/{turn_id}/events?after={whole.seq + 5}")
    assert (beyond.status_code, beyond.content) == (204, b"")
