"""A socket that is opened while what it would show goes away: closed with the right code or quietly kept, never 1011."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from websockets.exceptions import ConnectionClosed

from tests.live.clients import Caller, Session, issue, open_socket

ROUNDS = 12


def code_of(user: Session) -> int:
    """What becomes of a socket that is opened now: its close code, 0 where it lives."""
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        try:
            socket.send(type="ping")
            socket.until("pong")
            return 0
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else -1


def test_socket_opened_while_its_session_or_thread_goes_is_never_a_bug(user: Session, key: Caller) -> None:
    for n in range(ROUNDS):
        someone = issue(user.server, f"goes-{n}")
        someone.begin("/tokens 500 20")
        path = f"/api/sessions/{someone.id}" if n % 2 else f"/api/threads/{someone.thread_id}"
        with ThreadPoolExecutor(5) as threads:
            codes = [threads.submit(code_of, someone) for _ in range(4)]
            gone = threads.submit((key if n % 2 else someone).call, "DELETE", path)
        assert gone.result().status_code == 204
        assert {code.result() for code in codes} <= ({0, 4401} if n % 2 else {0})
    assert "socket.bug" not in user.server.logs()
    assert "socket.work_failed" not in user.server.logs()
