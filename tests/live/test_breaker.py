"""A model's server dies under load, and comes back: who is asked meanwhile, on started servers."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from cryptography.fernet import Fernet

from tests.live.clients import Caller, bearer
from tests.live.problem import assert_problem
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.parts import BASE_DIR
from tests.servers import Launcher, ServerProcess, answers, free_port, wait_until

pytestmark = pytest.mark.serial  # measures time or memory

RATE = 50  # turns a second
PAUSE = 6.0  # seconds: the first one at its longest
SPARE = {"provider": "demo", "parameters": {"script": "/echo spare"}}


class Primary:
    """A model's server on a port of its own, that may be killed, frozen and brought back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.upstream.faulty", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=BASE_DIR
        )
        wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/_state"), "the model's server")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def freeze(self) -> None:
        """It accepts connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def primary() -> Iterator[Primary]:
    process = Primary()
    yield process
    process.kill()


@dataclass
class Sent:
    """One turn of the load: when it was sent and answered, and by which model."""

    begun: float
    ended: float = 0.0
    status: int = 0
    model: str = ""
    turn_id: str = ""


@dataclass
class Load:
    """Turns at a steady rate for `model` of a server, in a thread of its own until `stop`."""

    server: ServerProcess
    model: str
    sent: list[Sent] = field(default_factory=list)
    stopped: bool = False
    running: Future[None] = field(default_factory=Future)

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        headers = bearer(self.server.backend_key)
        async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as client:
            tasks, due = [], time.monotonic()
            while not self.stopped:
                tasks.append(asyncio.create_task(self._one(client)))
                due += 1 / RATE
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*tasks)

    async def _one(self, client: aiohttp.ClientSession) -> None:
        self.sent.append(one := Sent(time.monotonic()))
        body = {"message": "hello", "model": self.model}
        async with client.post(self.server.url + "/api/chat", json=body) as answer:
            given = await answer.json()
        one.ended, one.status = time.monotonic(), answer.status
        one.model, one.turn_id = given.get("model", given.get("code")), given.get("turn_id", "")

    def until(self, seen: Callable[[Sent], bool], what: str, seconds: float) -> float:
        """The time at which such a turn was begun; AssertionError after so many seconds."""
        found: list[Sent] = []

        def look() -> bool:
            found[:] = [one for one in self.sent.copy() if one.ended and seen(one)]
            return bool(found)

        wait_until(look, what, seconds)
        return found[0].begun


@pytest.fixture
def load() -> Iterator[Callable[[ServerProcess, str], Load]]:
    """Start the load; it stops with the test at the latest."""
    begun: list[Load] = []
    with ThreadPoolExecutor() as threads:

        def start(server: ServerProcess, model: str) -> Load:
            begun.append(found := Load(server, model))
            found.running = threads.submit(found.run)
            return found

        yield start
        for one in begun:
            one.stopped = True


def finished(load: Load) -> list[Sent]:
    load.stopped = True
    load.running.result(30)
    return load.sent


def asked(key: Caller, sent: Sent, model: str) -> str:
    """How the attempt at that model ended, empty where the turn passed it by."""
    attempts = key.turn(sent.turn_id)["attempts"]
    return next((a["code"] for a in attempts if a["model"] == model and not a.get("skipped")), "")


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    return start_server()


@pytest.mark.parametrize("way", ["refuses", "hangs"])
def test_primary_dies_under_load_and_comes_back(
    server: ServerProcess, primary: Primary, load: Callable[..., Load], way: str
) -> None:
    url = f"http://127.0.0.1:{primary.port}/burst/v1"
    row = {"base_url": url, "model": "m", "timeout_first_token": 1, "fallbacks": [f"{way}-spare"]}
    add_models(server, {f"{way}-spare": SPARE, way: row})
    key = Caller(server, bearer(server.backend_key))
    running = load(server, way)
    running.until(lambda one: one.model == way, "the first answer", 20)
    time.sleep(1.5)

    (primary.kill if way == "refuses" else primary.freeze)()
    dead = time.monotonic()
    running.until(lambda one: one.begun > dead and one.model == f"{way}-spare", "the fallback", 10)
    time.sleep(2.5)
    (primary.start if way == "refuses" else primary.thaw)()
    back = time.monotonic()
    again = running.until(lambda one: one.begun > back and one.model == way, "the primary", 3 * PAUSE + 10)
    time.sleep(1)
    sent = finished(running)

    assert {one.status for one in sent} == {200}
    while_dead = [one for one in sent if dead + 0.1 < one.begun < back - 1.1]
    assert {one.model for one in while_dead} == {f"{way}-spare"}
    first = [one for one in sent if one.begun < dead + 3]  # before any probe
    failed = sorted(one.ended for one in first if asked(key, one, way) not in ("", "ok"))
    assert len(failed) >= 5
    later = [one for one in while_dead if one.begun > failed[min(9, len(failed) - 1)]]
    assert len(later) > 20
    waited = [one for one in later if asked(key, one, way)]
    probes = [o for o in sent if later[0].begun <= o.begun < again and asked(key, o, way) not in ("", "ok")]
    print(
        f"{way}: {len(sent)} turns, {len(failed)} failed at the dead route, {len(waited)} of {len(later)} tried it "
        f"after the tenth, {len(probes)} probes failed; traffic was back {again - back:.1f} s after the route"
    )
    assert len(waited) < len(later) / 20
    pause = PAUSE * 2 ** len(probes)  # each that failed before the return doubled it
    assert again - back < pause + 2
    assert {one.model for one in sent if one.begun > again + 0.5} == {way}


# Several workers


@pytest.fixture
def hanging() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as upstream:
        yield upstream


def test_two_workers_agree_and_send_one_probe_between_them(
    start_server: Launcher, hanging: FaultyUpstream, postgres_url: str, redis_url: str
) -> None:
    same = {
        "DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "ENCRYPTION_KEYS": Fernet.generate_key().decode()
    }  # fmt: skip
    servers = [start_server(port=None, **same), start_server(port=None, **same)]
    row = {
        "base_url": hanging.base_url("hang"),
        "model": "m",
        "timeout_first_token": 2,
        "fallbacks": ["spare"],
    }
    add_models(servers[0], {"spare": SPARE, "sick": row})
    one, other = (Caller(server, bearer(server.backend_key)) for server in servers)
    assert other.ask("hello", model="spare")["model"] == "spare"  # it knows the new rows too

    with ThreadPoolExecutor(6) as threads:
        said = list(threads.map(lambda _: one.ask("hello", model="sick"), range(6)))
    assert {answer["model"] for answer in said} == {"spare"}
    tripped = time.monotonic()
    assert hanging.state()["requests"] == 6
    time.sleep(1.5)
    for who in (one, other):
        turn = who.turn(who.ask("hello", model="sick")["turn_id"])
        assert turn["attempts"][0] == {"model": "sick", "code": "upstream_timeout", "ms": 0, "skipped": True}
    assert hanging.state()["requests"] == 6

    probes = []
    with ThreadPoolExecutor(2) as threads:
        while time.monotonic() < tripped + PAUSE + 1.5:
            pending = [threads.submit(who.ask, "hello", model="sick") for who in (one, other)]
            probes += [turn.result(30)["turn_id"] for turn in pending]
    assert hanging.state()["requests"] == 7
    assert sum("skipped" not in one.turn(turn_id)["attempts"][0] for turn_id in probes) == 1


# What callers are told where nobody answers


@pytest.fixture(scope="module")
def production(start_server: Launcher) -> ServerProcess:
    """Where nothing falls back by itself."""
    return start_server(DEBUG="0", ALLOWED_HOSTS="127.0.0.1", ALLOWED_PRIVATE_HOSTS="127.0.0.1")


def test_session_and_turn_are_refused_while_no_route_lives(
    production: ServerProcess, hanging: FaultyUpstream
) -> None:
    url = hanging.base_url("503", retry_after=20)
    add_models(production, {"alone": {"base_url": url, "model": "m"}})
    key = Caller(production, bearer(production.backend_key))
    session = key.post("/api/sessions", {"user_id": "early", "model": "alone"}).json()
    user = Caller(production, bearer(session["client_secret"]))
    assert_problem(user.post("/api/chat", {"message": "one"}), 503, "upstream_down")
    for refused in (
        key.post("/api/sessions", {"user_id": "late", "model": "alone"}),
        user.post("/api/chat", {"message": "two"}),
        user.post("/api/chat/stream", {"message": "three"}),
    ):
        assert_problem(refused, 503, "unavailable")
        assert 10 < int(refused.headers["Retry-After"]) <= 20
    assert hanging.state()["requests"] == 1
    thread = "thr_" + re.sub("^ses_", "", session["id"])
    assert [item["text"] for item in user.items(thread)] == ["one"]
    models: dict[str, Any] = {model["id"]: model for model in key.get("/api/models").json()["data"]}
    assert models["alone"]["available"] is False


def test_route_that_says_when_to_come_again_is_asked_once_then(
    production: ServerProcess, hanging: FaultyUpstream
) -> None:
    url = hanging.base_url("429", retry_after=4)
    row = {"base_url": url, "model": "m", "fallbacks": ["limited-spare"]}
    add_models(production, {"limited-spare": SPARE, "limited": row})
    key = Caller(production, bearer(production.backend_key))
    begun = time.monotonic()
    codes = []
    while time.monotonic() < begun + 6:
        said = key.ask("hello", model="limited")
        assert said["model"] == "limited-spare"
        attempt = key.turn(said["turn_id"])["attempts"][0]
        codes.append((attempt["code"], attempt.get("skipped", False)))
        time.sleep(0.2)
    assert {code for code, _ in codes} == {"upstream_busy"}
    assert hanging.state()["requests"] == 2 == [skipped for _, skipped in codes].count(False)
