"""Several workers behind one supervisor and one port: they drain alike, and whoever follows an answer reads all of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import requests

from tests.live.clients import Session, bearer, events, issue, open_socket
from tests.live.scrape import scrape
from tests.live.shown import Shown
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

CUT = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


def followed(user: Session, turn_id: str) -> tuple[Shown, int]:
    """Read an answer as a client does that resumes by itself; what it shows, and how many connections that took."""
    view, connections = Shown(), 0
    deadline = time.monotonic() + 30
    while not view.ended:
        assert time.monotonic() < deadline, f"stands at {view.kinds[-3:]}"
        connections += 1
        headers = {"Last-Event-ID": str(view.seq)} if view.kinds else {}
        try:
            # A session of its own, as each browser has: the next connection may reach the other worker.
            url = f"{user.server.url}/api/turns/{turn_id}/events"
            with requests.get(url, headers={**user.headers, **headers}, stream=True, timeout=20) as answer:
                if answer.status_code == 503:
                    time.sleep(float(answer.headers["Retry-After"]))
                    continue
                for event in events(answer):
                    view.take(event.data)
        except CUT:
            time.sleep(0.2)
    return view, connections


def follow_at_the_other(server: ServerProcess, follow: Callable[[], None]) -> None:
    """Follow once more, until some stream is at the worker that does not run the turn: who accepts is up to the kernel."""
    deadline = time.monotonic() + 8
    while True:
        follow()
        figures = scrape(server, {**bearer(server.backend_key), "Connection": "close"})
        if figures("streams_open") and not figures("turns_running"):
            return
        assert time.monotonic() < deadline, "one worker takes every connection"
        time.sleep(0.1)


def test_workers_drain_alike_and_an_answer_is_read_to_its_end(
    start_server: Launcher, redis_url: str, postgres_url: str
) -> None:
    server = start_server(WORKERS="2", REDIS_URL=redis_url, DATABASE_URL=postgres_url, DRAIN_SECONDS="15")
    user, idle = (issue(server, name, model="demo") for name in ("asks", "idles"))
    with ExitStack() as stack, ThreadPoolExecutor(100) as threads:
        sockets = [stack.enter_context(open_socket(server, f"/ws/chat/{idle.secret}")) for _ in range(12)]
        for socket in sockets:
            socket.until("ready")
        codes = [threads.submit(socket.close_code) for socket in sockets]
        turn_id, _ = user.begin("/tokens 400 25")
        reading: list[Future[tuple[Shown, int]]] = []
        follow_at_the_other(server, lambda: reading.append(threads.submit(followed, user, turn_id)))
        assert user.turn(turn_id)["state"] == "running"
        server.signal(signal.SIGTERM)
        assert [code.result() for code in codes] == [1012] * 12
        came = [one.result() for one in reading]
    assert {(view.kinds[-1], view.text) for view, _ in came} == {("completed", text_of(400))}
    print("connections that each follower took:", sorted(count for _, count in came))
    assert max(count for _, count in came) > 1
    assert server.process.wait(15) == 0
