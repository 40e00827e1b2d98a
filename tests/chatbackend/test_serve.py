"""`python -m chatbackend.serve` as a real process: how it starts, how it drains, how it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
import requests

from tests.servers import ServerProcess, free_port, run_python, wait_until


def session(server: ServerProcess, user: str) -> dict[str, str]:
    """Headers of a fresh session of `user`."""
    made = requests.post(
        server.url + "/api/sessions",
        json={"user_id": user, "model": "demo"},
        headers={"Authorization": f"Bearer {server.backend_key}"},
        timeout=10,
    )
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['client_secret']}"}


class Reader(threading.Thread):
    """Reads one streamed answer to its end."""

    def __init__(self, server: ServerProcess, headers: dict[str, str], message: str) -> None:
        super().__init__(daemon=True)
        self.asked: dict[str, Any] = {"json": {"message": message}, "headers": headers, "timeout": 60}
        self.url, self.text, self.begun = server.url + "/api/chat/stream", "", threading.Event()
        self.start()
        assert self.begun.wait(10)

    def run(self) -> None:
        cut = requests.exceptions.ChunkedEncodingError  # a server that ends at once cuts its streams
        with suppress(cut), requests.post(self.url, stream=True, **self.asked) as response:
            for line in response.iter_lines(chunk_size=1, decode_unicode=True):
                self.begun.set()
                self.text += line + "\n"


def test_server_header_is_not_sent_and_request_id_is(live_server_process):
    answer = requests.get(live_server_process.url + "/healthz", timeout=5)
    assert "Server" not in answer.headers
    assert answer.headers["X-Request-Id"]


def test_readiness_names_what_it_checked(live_server_process):
    answer = requests.get(live_server_process.url + "/readyz", timeout=5)
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "listeners": "ok", "accepting": "ok"},
    }


def test_access_log_holds_neither_query_nor_session_token(live_server_process):
    server = live_server_process
    token = session(server, "logged")["Authorization"].removeprefix("Bearer ")
    requests.get(f"{server.url}/api/sessions/{token}?session_id={token}&q=private", timeout=5)
    wait_until(lambda: "/api/sessions/[hidden]" in server.logs(), "the access line", 5)
    assert token not in server.logs()
    assert "q=private" not in server.logs()


def test_idle_server_ends_at_once_and_well(start_server):
    server = start_server()
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 3


def test_draining_server_refuses_new_turns_and_finishes_the_running_one(start_server):
    server = start_server(DRAIN_SECONDS="20")
    reader = Reader(server, session(server, "runs"), "/tokens 60 50")
    late = session(server, "late")
    server.signal(signal.SIGTERM)
    wait_until(lambda: requests.get(server.url + "/readyz", timeout=5).status_code == 503, "draining", 5)
    refused = requests.post(server.url + "/api/chat", json={"message": "hi"}, headers=late, timeout=5)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    reader.join(30)
    assert "event: done" in reader.text
    assert server.process.wait(10) == 0


def test_drain_that_takes_too_long_tells_the_reader(start_server):
    server = start_server(DRAIN_SECONDS="0.5")
    reader = Reader(server, session(server, "long"), "/tokens 2000 50")
    server.signal(signal.SIGTERM)
    reader.join(10)
    assert "event: error" in reader.text
    assert server.process.wait(10) == 0


def test_second_signal_ends_the_server_now(start_server):
    server = start_server(DRAIN_SECONDS="60")
    Reader(server, session(server, "cut"), "/tokens 2000 50")
    server.signal(signal.SIGTERM)
    time.sleep(0.3)
    server.signal(signal.SIGTERM)
    assert server.process.wait(5) == 0


def test_several_workers_without_redis_are_refused(start_server):
    with pytest.raises(AssertionError, match=r"chatbackend\.E001"):
        start_server(WORKERS="2")


def test_taken_port_is_said_in_one_line(live_server_process, start_server):
    env = {**live_server_process.env}
    with pytest.raises(AssertionError, match=f"cannot listen on 127.0.0.1:{live_server_process.port}"):
        run_python(["-m", "chatbackend.serve"], env)


def test_two_workers_share_the_port_and_end_together(start_server, redis_url, postgres_url):
    server = start_server(WORKERS="2", REDIS_URL=redis_url, DATABASE_URL=postgres_url, port=free_port())
    begun = time.monotonic()
    assert requests.get(server.url + "/readyz", timeout=5).json()["checks"]["redis"] == "ok"
    assert server.stop() == 0
    assert time.monotonic() - begun < 8


def test_dead_worker_is_started_again(start_server, redis_url, postgres_url):
    server = start_server(WORKERS="2", REDIS_URL=redis_url, DATABASE_URL=postgres_url)
    first = children(server.pid)
    assert len(first) == 2
    os.kill(first[0], signal.SIGKILL)
    wait_until(
        lambda: len(children(server.pid)) == 2 and first[0] not in children(server.pid), "a new worker", 15
    )
    assert requests.get(server.url + "/healthz", timeout=10).status_code == 200
    assert server.stop() == 0


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that live."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(one) for one in file.read().split()]
