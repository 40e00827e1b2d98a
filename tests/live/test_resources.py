"""What waiting costs: open streams and waiting calls take neither threads nor connections, and a client that never reads
takes no memory.
"""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import time
from contextlib import ExitStack

import psycopg
import pytest

from chatbackend import supervisor
from chatbackend.databases import POSTGRES_THREADS, SQLITE_THREADS
from tests.live.clients import issue
from tests.live.crowd import Crowd, crowd, database_files, deaf, status
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

pytestmark = pytest.mark.serial  # measures time or memory

FEW, MANY = 20, 200
PAGES = ("/healthz", "/admin/login/", "/api/models")


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    return start_server()


@pytest.fixture(scope="module")
def postgres_server(start_server: Launcher, request: pytest.FixtureRequest) -> ServerProcess:
    url = request.getfixturevalue("postgres_process").database()
    return start_server(DATABASE_URL=url)


def connections(server: ServerProcess) -> int:
    """Handles or connections to the database that the server has open."""
    url = server.env["DATABASE_URL"]
    if url.startswith("sqlite"):
        return database_files(server)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def held(server: ServerProcess) -> tuple[int, int]:
    return status(server, "Threads"), connections(server)


async def pages(people: Crowd) -> dict[str, tuple[int, float]]:
    people.http.headers["Authorization"] = f"Bearer {people.server.backend_key}"
    seen = {path: await people.visit(path) for path in PAGES}
    del people.http.headers["Authorization"]
    assert {code for code, _ in seen.values()} == {200}
    return seen


def told(server: ServerProcess, what: str, few: tuple[int, int], many: tuple[int, int]) -> None:
    kind = server.env["DATABASE_URL"].partition(":")[0]
    print(f"{what} on {kind}: threads {few[0]} -> {many[0]}, database handles {few[1]} -> {many[1]}")


def assert_bounded(server: ServerProcess, few: tuple[int, int], many: tuple[int, int]) -> None:
    """What a crowd ten times as large holds. The pool's threads are made as they are needed, up to its size."""
    sqlite = server.env["DATABASE_URL"].startswith("sqlite")
    pool = SQLITE_THREADS if sqlite else POSTGRES_THREADS
    assert many[0] <= few[0] + pool
    assert many[0] < 2 * pool + 16
    # SQLite: the file, its log and the log's index for each thread of the pool. PostgreSQL: the pool.
    assert many[1] <= (3 * SQLITE_THREADS + 3 if sqlite else POSTGRES_THREADS + 4)


@pytest.mark.parametrize("store", ["server", "postgres_server"], ids=["sqlite", "postgres"])
async def test_open_streams_take_no_thread_and_no_connection(
    request: pytest.FixtureRequest, store: str
) -> None:
    server: ServerProcess = request.getfixturevalue(store)
    async with crowd(server) as people:
        await people.grow(FEW)
        await people.open_streams("/tokens 5 100")
        await pages(people)
        few = held(server)
        await people.end_streams()
        await people.grow(MANY)
        await people.open_streams("/tokens 16 300")
        many = held(server)
        seen = await pages(people)
        assert held(server)[0] <= many[0] + SQLITE_THREADS
        told(server, f"{FEW} -> {MANY} open streams", few, many)
        print({path: f"{seconds * 1000:.0f} ms" for path, (_, seconds) in seen.items()})
        assert set(await people.end_streams()) == {"completed"}
    assert_bounded(server, few, many)


@pytest.mark.parametrize("store", ["server", "postgres_server"], ids=["sqlite", "postgres"])
async def test_waiting_calls_take_no_thread_and_no_connection_and_freeze_nothing(
    request: pytest.FixtureRequest, store: str
) -> None:
    server: ServerProcess = request.getfixturevalue(store)
    async with crowd(server) as people:
        await people.grow(FEW)
        await people.ask("/slow 20 /echo one two")
        few = held(server)
        await people.grow(MANY)
        waiting = asyncio.create_task(people.ask("/slow 1500 /echo one two three four"))
        await asyncio.sleep(2.5)
        many = held(server)
        seen = await pages(people)
        assert not waiting.done()
        answers = await waiting
    told(server, f"{FEW} -> {MANY} waiting calls", few, many)
    print({path: f"{seconds * 1000:.0f} ms" for path, (_, seconds) in seen.items()})
    assert {(code, answer.get("model")) for code, answer in answers} == {(200, "demo")}
    assert_bounded(server, few, many)
    assert max(seconds for _, seconds in seen.values()) < 5


# A client that never reads. Each of these would have the server hold some 14 MB, had it no backpressure; the kernel takes
# up to 4 MB of that, and the turn's own record is held once for all.

TOKENS, DEAF = 100_000, 6
GROWTH = 48 * 1024  # KiB, in all


def stream_request(server: ServerProcess, secret: str, message: str) -> str:
    body = json.dumps({"session_id": secret, "message": message, "events": True})
    return (
        f"POST /api/chat/stream HTTP/1.1\nHost: 127.0.0.1:{server.port}\nContent-Type: application/json\n"
        f"Content-Length: {len(body)}\n\n{body}"
    )


def follow_request(server: ServerProcess, secret: str, turn_id: str) -> str:
    path = f"/api/turns/{turn_id}/events?after=0"
    return f"GET {path} HTTP/1.1\nHost: 127.0.0.1:{server.port}\nAuthorization: Bearer {secret}\n\n"


def socket_request(server: ServerProcess, secret: str) -> str:
    return (
        f"GET /ws/chat/{secret} HTTP/1.1\nHost: 127.0.0.1:{server.port}\nUpgrade: websocket\nConnection: Upgrade\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\n\n"
    )


@pytest.mark.parametrize("way", ["sse", "websocket"])
def test_clients_that_never_read_take_no_memory_and_their_turn_ends(start_server: Launcher, way: str) -> None:
    server = start_server("uvicorn")
    user = issue(server, "deaf", model="demo")
    user.ask("/tokens 2000 0")
    before = status(server, "VmRSS")
    with ExitStack() as deaf_ones:
        if way == "websocket":
            for _ in range(DEAF):
                deaf_ones.enter_context(deaf(server, socket_request(server, user.secret)))
        # 0.01 ms: each token is an event of its own.
        deaf_ones.enter_context(deaf(server, stream_request(server, user.secret, f"/tokens {TOKENS} 0.01")))
        while (turn_id := user.get(f"/api/threads/{user.thread_id}").json().get("active_turn_id")) is None:
            time.sleep(0.02)
        if way == "sse":
            for _ in range(DEAF):
                deaf_ones.enter_context(deaf(server, follow_request(server, user.secret, turn_id)))
        while user.get(f"/api/threads/{user.thread_id}").json().get("active_turn_id"):
            time.sleep(0.2)
        grown = status(server, "VmHWM") - before
        print(f"{DEAF} by {way} that never read: {grown} KiB more at the most")
        assert user.ask("/echo next")["response"] == "next"
    turn = user.turn(turn_id)
    server.stop()
    assert (turn["state"], len(turn["text"])) == ("completed", len(text_of(TOKENS)))
    assert grown < GROWTH


def test_connection_that_leaves_all_unread_is_ended_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "UNREAD_SECONDS", 1)
    with supervisor.bind("127.0.0.1", 0, shared=False) as listener, socket.socket() as client:
        listener.listen()
        client.connect(listener.getsockname())
        served, _ = listener.accept()
        served.settimeout(20)
        with served, pytest.raises(OSError) as caught:
            served.sendall(bytes(64 * 1024 * 1024))
    assert caught.value.errno == errno.ETIMEDOUT
