"""Redis that is gone, or takes and never answers: nobody waits for it, nobody is refused, and afterwards all is as before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis as redis_client

from chat_app.streaming.control import SENDS_AT_ONCE
from chat_app.streaming.redis_log.reader import ASKED_AT_ONCE
from chatbackend import databases
from tests import parts
from tests.live.cast import be_guest, log_in
from tests.live.clients import Caller, Session, bearer, issue, open_socket
from tests.live.scrape import scrape
from tests.servers import Launcher, RedisProcess, ServerProcess, wait_until

WITHIN = 5.0  # seconds, of which none may go to Redis; passwords are slow by intention
NOTICED = 15.0
BACK = 12.0
# Connections of a server: those that tell, that listen, ping and put away what was heard, one for each thread that counts, and
# those by which the log writes, waits and asks.
MOST = SENDS_AT_ONCE + 3 + databases.SQLITE_THREADS + 2 + ASKED_AT_ONCE
Away = tuple[Callable[[], None], Callable[[], None]]


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    parts.require("redis")
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield process
    process.freeze(False)
    process.stop()


@pytest.fixture(params=["frozen", "gone"])
def away(request: pytest.FixtureRequest, redis: RedisProcess) -> Away:
    """The way to take Redis away, and to bring it back."""
    if request.param == "frozen":
        return redis.freeze, lambda: redis.freeze(False)
    return redis.stop, redis.start


def connections(redis: RedisProcess) -> int:
    """How many others are connected."""
    with redis_client.Redis.from_url(redis.url) as client:
        return len(client.client_list()) - 1


def in_time(what: str, call: Callable[[], Any]) -> Any:
    begun = time.monotonic()
    found = call()
    took = time.monotonic() - begun
    assert took < WITHIN, f"{what} took {took:.1f} s"
    return found


def everything(server: ServerProcess, user: Session) -> None:
    """What anybody may ask of a server, each in time; the helpers see to the statuses."""
    key = Caller(server, bearer(server.backend_key))
    name = {"username": server.admin, "password": server.password}

    def status(method: str, path: str, body: Any = None, who: Caller = user) -> int:
        return in_time(path, lambda: who.call(method, path, body)).status_code

    assert status("GET", "/healthz") == 200
    in_time("metrics", lambda: scrape(server))
    session = in_time("a session", lambda: issue(server, "other", model="demo"))
    assert status("DELETE", f"/api/sessions/{session.id}", who=key) == 204
    assert in_time("a guest", lambda: be_guest(server))
    with ThreadPoolExecutor(20) as visitors:
        assert all(in_time("20 guests", lambda: list(visitors.map(be_guest, [server] * 20))))
    assert status("POST", "/api/auth/token", name, Caller(server)) == 200
    assert status("POST", "/api/auth/token", {**name, "password": "x"}, Caller(server)) == 401
    assert in_time("the admin's login", lambda: log_in(server))
    assert in_time("a message", lambda: user.ask("/echo hello"))["response"] == "hello"
    turn, _ = in_time("a stream", lambda: user.begin("/tokens 1000 20"))
    assert in_time("a stop", lambda: user.stop(turn))["state"] == "cancelled"
    with open_socket(server, f"/ws/chat/{user.secret}") as socket:
        in_time("a socket", lambda: socket.until("ready"))
        socket.send(type="message", text="/echo over the socket")
        assert in_time("its answer", lambda: socket.until("response"))["text"] == "over the socket"
    assert status("GET", "/") == 200
    assert status("GET", "/api/threads") == 200


def readiness(server: ServerProcess) -> Any:
    return in_time("readiness", lambda: Caller(server).get("/readyz"))


def test_nobody_waits_for_redis(start_server: Launcher, redis: RedisProcess, away: Away) -> None:
    take, bring = away
    server = start_server(REDIS_URL=redis.url)
    user = issue(server, "user", model="demo")
    everything(server, user)
    assert connections(redis) <= MOST
    take()
    try:
        everything(server, user)
        assert readiness(server).status_code == 503
        assert readiness(server).json()["checks"]["redis"] == "down"
        wait_until(lambda: scrape(server)("listener_up") == 0, "the listener's notice", NOTICED)
        assert readiness(server).json()["checks"]["listeners"] == "down"
        everything(server, user)
    finally:
        bring()
    wait_until(lambda: readiness(server).status_code == 200, "Redis's return", BACK)
    assert scrape(server)("listener_up") == 1
    everything(server, user)
    assert connections(redis) <= MOST


def test_stop_reaches_the_other_server_again_after_an_outage(
    start_server: Launcher, redis: RedisProcess, postgres_url: str, away: Away
) -> None:
    take, bring = away
    one = start_server(REDIS_URL=redis.url, DATABASE_URL=postgres_url)
    shared = {name: one.env[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    other = start_server(REDIS_URL=redis.url, DATABASE_URL=postgres_url, **shared)
    user = issue(one, "user", model="demo")
    there = Session(other, user.headers, user.secret, user.id)
    take()
    time.sleep(NOTICED)
    turn, _ = user.begin("/tokens 1000 20")
    assert there.stop(turn)["state"] == "cancelled", "by the row"
    bring()
    wait_until(lambda: readiness(one).status_code == readiness(other).status_code == 200, "the return", BACK)
    turn, _ = user.begin("/tokens 1000 20")
    begun = time.monotonic()
    there.stop(turn)
    assert time.monotonic() - begun < 1, "by a hint, which is faster than the next beat"
