"""How turns, streams and sockets end when something else does: the process, the session, the credential's time."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests

from tests.live.clients import Caller, Session, events, issue, open_socket
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

NewUser = Callable[..., Session]


@dataclass(frozen=True)
class Killed:
    """`said` had heard `seen` of a turn; `unsaid` nothing yet. Both speak to the new server, which has been up since `up`."""

    said: Session
    turn_id: str
    seen: str
    unsaid: Session
    fresh_id: str
    up: float


def on(server: ServerProcess, who: Session) -> Session:
    """The same session, spoken to at another server."""
    return Session(server, who.headers, who.secret, who.id)


def restarted(start_server: Launcher, server: ServerProcess) -> ServerProcess:
    """A new process on the same database and with the same secrets."""
    same = ("DATABASE_URL", "ENCRYPTION_KEYS", "SECRET_KEY", "BACKEND_KEY")
    return start_server("serve", None, **{name: server.env[name] for name in same})


@pytest.fixture(scope="module")
def killed(start_server: Launcher) -> Killed:
    """A server killed with two turns in mid-answer, and the one that was started on the same database."""
    first = start_server()
    said, unsaid = (issue(first, name, model="demo") for name in ("said", "unsaid"))
    turn_id, _ = said.begin("/tokens 2000 10")
    time.sleep(2.5)
    seen = said.turn(turn_id)["text"]
    fresh, _ = unsaid.begin("/slow 3000 /echo one two")
    first.process.kill()
    first.process.wait()
    second = restarted(start_server, first)
    return Killed(on(second, said), turn_id, seen, on(second, unsaid), fresh, time.monotonic())


def test_killed_process_leaves_an_interrupted_turn_with_its_checkpoint(killed: Killed) -> None:
    user, turn_id = killed.said, killed.turn_id
    assert user.turn(turn_id)["state"] == "running"  # its lease has not run out yet
    with user.get(f"/api/turns/{turn_id}/events", stream=True) as answer:
        *_, last = events(answer)
    took = time.monotonic() - killed.up
    print(f"interrupted {took:.1f} s after the restart")
    assert took < 15
    assert (last.type, last.data["code"], last.data["retryable"]) == ("interrupted", "interrupted", True)
    turn = user.turn(turn_id)
    assert (turn["state"], turn["text"]) == ("interrupted", last.data["text"])
    assert text_of(2000).startswith(turn["text"])
    # A checkpoint each second: at most what came since the last one is lost.
    assert len(turn["text"]) > len(killed.seen) / 4
    assert [item["text"] for item in user.items(user.thread_id)] == ["/tokens 2000 10", turn["text"]]
    assert user.ask("/echo next")["response"] == "next"


def test_interrupted_turn_without_a_word_can_be_tried_again(killed: Killed) -> None:
    user = killed.unsaid
    turn = user.ended(killed.fresh_id, 20)
    assert (turn["state"], turn["text"]) == ("interrupted", "")
    again = user.post(f"/api/turns/{killed.fresh_id}/retry")
    assert again.status_code == 202, again.text
    user.stop(again.json()["id"])
    assert user.ask("/echo next")["response"] == "next"


def read(answer: requests.Response) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("by", ["its own secret", "the key"])
def test_revoked_session_closes_its_sockets_and_streams(user: Session, key: Caller, by: str) -> None:
    path = f"/ws/chat/{user.secret}"
    with open_socket(user.server, path) as one, open_socket(user.server, "/ws/chat", user.headers) as two:
        asked = {"message": "/tokens 2000 10"}
        plain = user.post("/api/chat/stream", asked, stream=True)
        turn_id = plain.headers["X-Turn-Id"]
        typed = user.get(f"/api/turns/{turn_id}/events", stream=True)
        with ThreadPoolExecutor() as threads:
            bodies = [threads.submit(read, answer) for answer in (plain, typed)]
            one.until("delta")
            two.until("delta")
            begun = time.monotonic()
            if by == "the key":
                gone = key.call("DELETE", f"/api/sessions/{user.id}")
            else:
                gone = user.call("DELETE", "/api/sessions/current")
            assert gone.status_code in (200, 204)
            assert (one.close_code(), two.close_code()) == (4401, 4401)
            texts = [body.result() for body in bodies]
        print(f"closed {(time.monotonic() - begun) * 1000:.0f} ms after the revocation began")
    assert time.monotonic() - begun < 5
    assert all(text_of(2000)[-20:] not in text for text in texts)
    assert texts[0].endswith("event: error\ndata: The session has ended.\n\n")
    assert '"type":"error"' in texts[1].split("\n\n")[-2]
    assert "event: completed" not in texts[1]
    assert user.get(f"/api/turns/{turn_id}").status_code == 401


def test_session_that_expires_closes_its_socket(new_user: NewUser) -> None:
    user = new_user(ttl=2)
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        begun = time.monotonic()
        socket.until("ready")
        socket.send(type="message", text="/tokens 2000 10")
        socket.until("delta")
        assert socket.close_code() == 4401
        assert 1 < time.monotonic() - begun < 4
    assert user.get("/api/threads").status_code == 401


def test_socket_outlives_its_first_secret_when_it_is_told_the_new_one(new_user: NewUser) -> None:
    user = new_user(ttl=4)
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        first = socket.until("ready")
        time.sleep(2)
        fresh = user.post("/api/sessions/current/refresh").json()
        socket.send(type="auth", token=fresh["client_secret"])
        assert socket.until("ready")["expires_at"] > first["expires_at"]
        time.sleep(2.5)
        assert socket.alive()
