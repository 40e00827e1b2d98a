"""The grown installation: two processes on one PostgreSQL and one Redis. And daphne, on which the app must at least work."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.live.clients import Caller, Event, Session, bearer, events, open_socket
from tests.live.doors import DOORS, WORDS, Door, DoorSuite, somebody
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.live.shown import Shown
from tests.servers import Launcher, PostgresProcess, ServerProcess
from tests.upstream.faulty import text_of

Pair = tuple[ServerProcess, ServerProcess]


@pytest.fixture(scope="module")
def pair(start_server: Launcher, postgres_process: PostgresProcess, redis_url: str) -> Pair:
    """Two servers, A and B, that share a database and a Redis."""
    shared = {"DATABASE_URL": postgres_process.database(), "REDIS_URL": redis_url}
    first = start_server("serve", None, **shared)
    return first, start_server("serve", None, **shared, ENCRYPTION_KEYS=first.env["ENCRYPTION_KEYS"])


@pytest.fixture
def server(pair: Pair) -> ServerProcess:
    return pair[0]


class TestDoorsOfAGrownInstallation(DoorSuite):
    pass


@pytest.fixture
def user(server: ServerProcess) -> Session:
    """Somebody at A."""
    return somebody(server, model="demo")


@pytest.fixture
def at_b(pair: Pair, user: Session) -> Session:
    """The same somebody at B."""
    return Session(pair[1], user.headers, user.secret, user.id)


@pytest.fixture(scope="module")
def dripping(pair: Pair) -> Iterator[FaultyUpstream]:
    with faulty_upstream() as upstream:
        url = upstream.base_url("ok", tokens=3000, delay_ms=20)
        add_models(pair[0], {"drips": {"base_url": url, "model": "m"}})
        yield upstream


def test_cancel_at_one_worker_stops_the_turn_of_the_other(
    user: Session, at_b: Session, dripping: FaultyUpstream
) -> None:
    with user.post(
        "/api/chat/stream", {"message": "go", "model": "drips", "events": True}, stream=True
    ) as answer:
        stream, view = events(answer), Shown()
        while "delta" not in view.kinds:
            view.take(next(stream).data)
        begun = time.monotonic()
        assert at_b.post(f"/api/turns/{answer.headers['X-Turn-Id']}/cancel").status_code == 202
        for event in stream:
            view.take(event.data)
        took = time.monotonic() - begun
    print(f"cancel by the channel layer, to the last event: {took * 1000:.0f} ms")
    assert view.kinds[-1] == "cancelled"
    assert took < 0.9  # sooner than the row's once-a-second net
    dripping.seconds_until(open=0)
    assert at_b.turn(view.last["turn_id"])["text"] == view.text


def followed(who: Session, turn_id: str) -> list[Event]:
    """All events of a turn from its first."""
    with who.get(f"/api/turns/{turn_id}/events?after=0", stream=True) as answer:
        return list(events(answer))


def test_follower_at_the_other_worker_is_told_the_same_events(user: Session, at_b: Session) -> None:
    turn_id, _ = user.begin("/tokens 150 20")
    there = followed(at_b, turn_id)
    assert [event.id for event in there] == list(range(1, len(there) + 1))
    assert len(there) > 20  # as they came, not in steps of a second
    assert there == followed(user, turn_id)
    view = Shown()
    for event in there:
        view.take(event.data)
    assert (there[-1].type, view.text) == ("completed", text_of(150))
    over = at_b.get(f"/api/turns/{turn_id}/events", headers={"Last-Event-ID": str(there[-1].id)})
    assert over.status_code == 204


def test_follower_that_comes_late_begins_with_a_snapshot(user: Session, at_b: Session) -> None:
    turn_id, _ = user.begin("/tokens 150 20")
    time.sleep(1)
    view = Shown()
    with at_b.get(f"/api/turns/{turn_id}/events", stream=True) as answer:
        for event in events(answer):
            view.take(event.data)
    assert view.kinds[0] == "snapshot"
    assert "snapshot" not in view.kinds[1:]
    assert view.text == text_of(150)


def test_socket_at_the_other_worker_hears_of_a_turn(user: Session, at_b: Session) -> None:
    with open_socket(at_b.server, f"/ws/chat/{at_b.secret}") as socket:
        socket.until("ready")
        turn_id = user.ask("/tokens 30 20")["turn_id"]
        told = socket.until("response")
    assert (told["turn_id"], told["text"]) == (turn_id, text_of(30))


def test_second_message_at_the_other_worker_is_refused_or_takes_its_place(
    user: Session, at_b: Session
) -> None:
    turn_id, _ = user.begin("/tokens 2000 20")
    assert at_b.post("/api/chat", {"message": "/echo b"}).json()["code"] == "turn_running"
    assert at_b.ask("/echo b", on_busy="replace")["response"] == "b"
    assert user.turn(turn_id)["state"] == "cancelled"


def test_revocation_at_one_worker_closes_the_socket_at_the_other(user: Session, at_b: Session) -> None:
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        socket.until("ready")
        begun = time.monotonic()
        key = Caller(at_b.server, bearer(at_b.server.backend_key))
        assert key.call("DELETE", f"/api/sessions/{user.id}").status_code == 204
        assert socket.close_code() == 4401
    print(f"closed {(time.monotonic() - begun) * 1000:.0f} ms after the revocation began")


def test_socket_that_idles_for_long_still_hears_news_of_the_other_worker(
    user: Session, at_b: Session
) -> None:
    with open_socket(at_b.server, f"/ws/chat/{at_b.secret}") as socket:
        socket.until("ready")
        time.sleep(16)  # three times redis-py's own patience
        assert socket.alive()
        turn_id = user.ask("/echo news")["turn_id"]
        told = socket.until("response")
    assert (told["turn_id"], told["text"]) == (turn_id, "news")


@pytest.fixture(scope="module")
def daphne(start_server: Launcher) -> ServerProcess:
    return start_server("daphne")


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_doors_work_on_daphne(daphne: ServerProcess, door: Door) -> None:
    who = somebody(daphne)
    said = door(who, f"/echo {WORDS}")
    assert (said.text, said.code) == (WORDS, "")
    failed = door(who, "/fail upstream_busy")
    assert who.turn(failed.turn_id)["error"]["code"] == (failed.code or "upstream_busy")
    assert failed.detail


def test_turn_is_cancelled_and_a_session_revoked_on_daphne(daphne: ServerProcess) -> None:
    who = somebody(daphne)
    with open_socket(daphne, f"/ws/chat/{who.secret}") as socket:
        socket.send(type="message", text="/tokens 2000 20")
        turn_id = socket.until("delta")["turn_id"]
        assert who.post(f"/api/turns/{turn_id}/cancel").status_code == 202
        assert socket.until("response")["state"] == "cancelled"
        who.call("DELETE", "/api/sessions/current")
        assert socket.close_code() == 4401
