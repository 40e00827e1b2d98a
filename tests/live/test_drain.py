"""A worker that drains beside one that goes on, on one database: who follows what it writes itself stays to the end, everybody
else is told to go on at the other, in a way that each client understands."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
import requests
from websockets.exceptions import InvalidStatus

from tests.live.clients import Session, Socket, events, issue, open_socket
from tests.live.problem import assert_problem
from tests.live.shown import Shown
from tests.servers import Launcher, ServerProcess, wait_until
from tests.upstream.faulty import text_of


@pytest.fixture(scope="module")
def stays(start_server: Launcher) -> ServerProcess:
    """The worker that goes on."""
    return start_server()


@pytest.fixture
def goes(stays: ServerProcess, start_server: Launcher) -> Iterator[ServerProcess]:
    """The worker that drains, for at most four seconds."""
    server = start_server.another(stays, DRAIN_SECONDS="4")
    yield server
    server.stop()


@pytest.fixture
def user(goes: ServerProcess) -> Session:
    """Somebody at the worker that drains."""
    return issue(goes, f"user-{time.monotonic_ns()}", model="demo")


@pytest.fixture
def held(goes: ServerProcess) -> None:
    """An answer of somebody else that keeps the drain going for as long as it may."""
    issue(goes, "long", model="demo").begin("/tokens 2000 20")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def drain(server: ServerProcess) -> None:
    """The first signal, and until it is heeded."""
    server.signal(signal.SIGTERM)
    wait_until(lambda: requests.get(server.url + "/readyz", timeout=5).status_code == 503, "the drain", 5)


def at(server: ServerProcess, user: Session) -> Session:
    return replace(user, server=server)


def in_thread(
    user: Session, threads: ThreadPoolExecutor, path: str, body: Any, **headers: str
) -> Future[Any]:
    """A POST under way; `text` of its result is all that came."""
    begun = threading.Event()

    def work() -> requests.Response:
        with user.post(path, body, headers=headers, stream=True) as answer:
            begun.set()
            _ = answer.content
            return answer

    future = threads.submit(work)
    if path != "/api/chat":
        assert begun.wait(10)
    return future


def test_idle_sockets_are_closed_with_1012_one_after_the_other(goes: ServerProcess, user: Session) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(20) as threads:
        sockets = [stack.enter_context(open_socket(goes, f"/ws/chat/{user.secret}")) for _ in range(20)]
        for socket in sockets:
            socket.until("ready")
        begun = time.monotonic()

        def closed(socket: Socket) -> tuple[int, float]:
            return socket.close_code(), time.monotonic() - begun

        told = [threads.submit(closed, socket) for socket in sockets]
        goes.signal(signal.SIGTERM)
        codes, moments = zip(*(one.result() for one in told), strict=True)
    assert set(codes) == {1012}
    assert max(moments) < 2.5
    assert max(moments) - min(moments) > 0.3
    assert goes.process.wait(5) == 0


def test_socket_stays_for_the_answer_that_it_waits_for(goes: ServerProcess, user: Session) -> None:
    with open_socket(goes, f"/ws/chat/{user.secret}") as socket:
        socket.send(type="message", id="1", text="/tokens 80 25")
        socket.until("delta")
        drain(goes)
        told = socket.until("response")
        assert (told["id"], told["state"], told["text"]) == ("1", "completed", text_of(80))
        assert socket.close_code(2) == 1012


def test_socket_that_follows_an_answer_of_another_worker_is_closed_at_once(
    goes: ServerProcess, stays: ServerProcess, user: Session
) -> None:
    at(stays, user).begin("/tokens 400 20")
    with open_socket(goes, f"/ws/chat/{user.secret}") as socket:
        assert socket.until("ready")["active_turn_id"]
        socket.until("snapshot")
        goes.signal(signal.SIGTERM)
        assert socket.close_code(3) == 1012


def test_handshake_is_refused_and_new_turns_are_while_the_last_one_runs(
    goes: ServerProcess, user: Session
) -> None:
    turn_id, _ = user.begin("/tokens 100 25")
    drain(goes)
    with pytest.raises(InvalidStatus) as refused, open_socket(goes, f"/ws/chat/{user.secret}"):
        pass
    answer = refused.value.response
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.headers["X-Request-Id"]
    assert b'"code":"unavailable"' in (answer.body or b"")
    again = user.post("/api/chat", {"message": "/echo late"})
    assert_problem(again, 503, "unavailable")
    assert again.headers["Connection"] == "close"
    view = Shown()
    with user.get(f"/api/turns/{turn_id}/events", stream=True) as stream:
        for event in events(stream):
            view.take(event.data)
    assert (view.kinds[-1], view.text) == ("completed", text_of(100))


def test_message_that_is_stored_is_answered_here_when_it_is_sent_again(
    goes: ServerProcess, user: Session
) -> None:
    key = {"Idempotency-Key": "once"}
    body = {"message": "/tokens 100 20", "events": True}
    with user.post("/api/chat/stream", body, headers=key, stream=True) as answer:
        turn_id = answer.headers["X-Turn-Id"]
    drain(goes)
    with user.post("/api/chat/stream", body, headers=key, stream=True) as answer:
        assert (answer.status_code, answer.headers["X-Turn-Id"]) == (200, turn_id)
        assert [event.type for event in events(answer)][-1] == "completed"
    assert_problem(user.post("/api/chat", {"message": "x"}, headers=key), 409, "idempotency_conflict")


def test_message_that_another_worker_answers_is_sent_there(
    goes: ServerProcess, stays: ServerProcess, user: Session, held: None
) -> None:
    key = {"Idempotency-Key": "once"}
    body = {"message": "/tokens 200 20", "events": True}
    at(stays, user).post("/api/chat/stream", body, headers=key, stream=True).close()
    drain(goes)
    refused = user.post("/api/chat/stream", body, headers=key)
    assert_problem(refused, 503, "unavailable")
    assert refused.headers["Retry-After"] == "1"


def test_typed_stream_of_another_worker_ends_at_once_and_goes_on_there(
    goes: ServerProcess, stays: ServerProcess, user: Session, held: None
) -> None:
    there = at(stays, user)
    turn_id, _ = there.begin("/tokens 100 20")
    view = Shown()
    with user.get(f"/api/turns/{turn_id}/events", stream=True) as stream:
        following = events(stream)
        view.take(next(following).data)
        drain(goes)
        begun = time.monotonic()
        for event in following:
            view.take(event.data)
    assert time.monotonic() - begun < 1
    assert not view.ended
    refused = user.get(f"/api/turns/{turn_id}/events")
    assert_problem(refused, 503, "unavailable")
    assert (refused.headers["Retry-After"], refused.headers["Connection"]) == ("1", "close")
    last = {"Last-Event-ID": str(view.seq)}
    with there.get(f"/api/turns/{turn_id}/events", headers=last, stream=True) as stream:
        for event in events(stream):
            view.take(event.data)
    assert (view.kinds[-1], view.text) == ("completed", text_of(100))
    assert [event.type for event in events(user.get(f"/api/turns/{turn_id}/events"))][-1] == "completed"


@pytest.mark.parametrize("connector", [True, False])
def test_chatkit_stream_of_another_worker_is_cut_only_for_the_connector(
    goes: ServerProcess,
    stays: ServerProcess,
    user: Session,
    held: None,
    threads: ThreadPoolExecutor,
    connector: bool,
) -> None:
    content = [{"type": "input_text", "text": "/tokens 600 20"}]
    message = {"content": content, "attachments": [], "inference_options": {}}
    body = {"type": "threads.create", "params": {"input": message}}
    headers = {"Idempotency-Key": "k", **({"X-Chat-Connector": "1"} if connector else {})}
    at(stays, user).post("/chatkit", body, headers=headers, stream=True).close()
    said = in_thread(user, threads, "/chatkit", body, **headers)
    begun = time.monotonic()
    drain(goes)
    text, took = said.result().text, time.monotonic() - begun
    if connector:
        assert text.endswith("\n\n: to be continued\n")
        assert took < 2
    else:
        assert '"type":"notice"' in text.rstrip().rpartition("\n\n")[2]
        assert took > 3  # all of the drain


def test_joined_chatkit_stream_of_another_worker_is_cut_and_goes_on_there(
    goes: ServerProcess, stays: ServerProcess, user: Session, held: None
) -> None:
    there = at(stays, user)
    turn_id, _ = there.begin("/tokens 100 20")
    path = f"/chatkit/turns/{turn_id}/events"
    with user.get(path, stream=True) as stream:
        pieces = stream.iter_content(None)
        said = next(pieces)
        drain(goes)
        begun = time.monotonic()
        said += b"".join(pieces)
    assert time.monotonic() - begun < 2
    assert said.endswith(b"\n\n: to be continued\n")
    refused = user.get(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json()["message"]
    last = re.findall(rb"^id: (.+)$", said, re.MULTILINE)[-1]
    rest = there.get(path, headers={"Last-Event-ID": last.decode()}).text
    assert '"type":"thread.item.done"' in rest
    assert text_of(100) in rest


def test_whoever_cannot_go_on_elsewhere_waits_for_the_end_of_the_drain_and_is_told(
    goes: ServerProcess, stays: ServerProcess, user: Session, held: None, threads: ThreadPoolExecutor
) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"message": "/tokens 600 20"}
    at(stays, user).post("/api/chat/stream", body, headers=key, stream=True).close()
    whole = in_thread(user, threads, "/api/chat", body, **key)
    plain = in_thread(user, threads, "/api/chat/stream", body, **key)
    begun = time.monotonic()
    drain(goes)
    assert_problem(whole.result(), 503, "unavailable")
    assert time.monotonic() - begun > 3
    assert (
        plain.result()
        .text.rstrip()
        .endswith("event: error\ndata: This server is restarting; the answer goes on without it.")
    )
    assert goes.process.wait(10) == 0


def test_answer_that_outlives_the_drain_ends_as_restart_and_is_kept(
    goes: ServerProcess, stays: ServerProcess, user: Session
) -> None:
    view = Shown()
    with user.post("/api/chat/stream", {"message": "/tokens 2000 20", "events": True}, stream=True) as stream:
        turn_id = stream.headers["X-Turn-Id"]
        following = events(stream)
        for _ in range(5):
            view.take(next(following).data)
        goes.signal(signal.SIGTERM)
        for event in following:
            view.take(event.data)
    assert (view.last["type"], view.last["code"], view.last["retryable"]) == ("interrupted", "restart", True)
    assert goes.process.wait(10) == 0
    there = at(stays, user)
    turn = there.turn(turn_id)
    assert (turn["state"], turn["error"]["code"], turn["text"]) == ("interrupted", "restart", view.text)
    assert there.items(there.thread_id)[-1]["text"] == view.text != ""
    again = list(events(there.get(f"/api/turns/{turn_id}/events")))[-1].data
    assert (again["type"], again["code"], again["text"]) == ("interrupted", "restart", view.text)


@pytest.mark.parametrize("command", ["daphne", "runserver"])
def test_daphne_ends_in_time_and_keeps_what_was_said(
    stays: ServerProcess, start_server: Launcher, command: str
) -> None:
    server = start_server.another(stays, command)
    user, idle = (issue(server, name, model="demo") for name in ("asks", "idles"))
    view = Shown()
    with (
        user.post("/api/chat/stream", {"message": "/tokens 2000 20", "events": True}, stream=True) as stream,
        open_socket(server, f"/ws/chat/{idle.secret}") as socket,
    ):
        socket.until("ready")
        following = events(stream)
        while len(view.text) < 200:
            view.take(next(following).data)
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.process.wait(15) == 0
        took = time.monotonic() - begun
    print(f"{command} has ended {took:.1f} s after its signal, a stream, a socket and a turn open")
    assert took < 8
    assert "took too long" not in server.logs()
    turn = at(stays, user).turn(stream.headers["X-Turn-Id"])
    assert (turn["state"], turn["error"]["code"]) == ("interrupted", "restart")
    assert turn["text"].startswith(view.text)
