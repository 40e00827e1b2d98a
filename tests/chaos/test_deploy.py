"""A rolling restart, worker by worker, while people talk: nobody is shown an error, and nginx passes none on."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests import parts
from tests.chaos.clients import Crowd, Person, Traffic, crowd
from tests.chaos.pages import Pages, pages
from tests.chaos.site import Site
from tests.upstream.faulty import text_of

pytestmark = pytest.mark.timeout(240)
CONVERSATIONS = 50
CALLERS, EVERY = 6, 0.05  # of idempotent requests, and the seconds between two of one
PATHS = ("/api/threads?limit=1", "/api/models", "/", "/healthz")
FORGIVEN = 2.5  # seconds after which nginx asks a worker again that has refused a connection: fail_timeout
SEED = int(os.environ.get("CHAOS_SEED", "0")) or time.time_ns() % 1_000_000


@dataclass
class Rolled:
    """What came of a rolling restart: to the pages, to those who only asked, and to the workers."""

    talk: Pages
    traffic: Traffic
    codes: list[int]
    seconds: float


async def roll(site: Site) -> list[int]:
    """Restart one worker after the other, the next when the one before is ready and nginx knows it. -> their exit codes"""
    codes = []
    for number in range(len(site.workers)):
        codes.append(await site.restart(number))
        await asyncio.sleep(FORGIVEN)
    return codes


@asynccontextmanager
async def calls(people: Crowd, base: str) -> AsyncIterator[None]:
    """Idempotent requests all the time."""
    over = asyncio.Event()

    async def call(person: Person, path: str) -> None:
        while not over.is_set():
            await person.look(path)
            await asyncio.sleep(EVERY)

    cast = [await people.person(base) for _ in range(CALLERS)]
    async with asyncio.TaskGroup() as calling:
        for number, person in enumerate(cast):
            calling.create_task(call(person, PATHS[number % len(PATHS)]))
        yield
        over.set()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rolled(whole_site: Site) -> Rolled:
    """Both workers restarted under fifty conversations and other requests, all of them through nginx."""
    parts.require("node")
    await whole_site.ready()
    async with (
        crowd(SEED) as people,
        pages(whole_site.front, CONVERSATIONS, SEED) as talk,
        calls(people, whole_site.front),
    ):
        begun = time.monotonic()
        codes = await roll(whole_site)
        seconds = time.monotonic() - begun
        await asyncio.sleep(1)
    return Rolled(talk, people.traffic, codes, seconds)


async def test_rolling_restart_is_an_error_to_none_of_fifty_pages(rolled: Rolled) -> None:
    talk = rolled.talk
    waits, lost, cut = (sum(page[name] for page in talk.told) for name in ("waits", "lost", "cut"))
    print(
        f"CHAOS_SEED={SEED}: both workers restarted in {rolled.seconds:.1f} s; {talk.turns} turns on {CONVERSATIONS} pages, "
        f"{cut} answers cut and asked for again, {waits} waits and {lost} lost links that passed; errors: {talk.errors}"
    )
    assert cut > 0
    assert talk.errors == []
    for page in talk.told:
        said = [(one["type"], one["state"], one["text"]) for one in page["shown"]]
        wanted = []
        for asked in page["asked"]:
            answer = ("assistant_message", "whole", text_of(asked["tokens"]))
            wanted += [("user_message", "whole", asked["text"]), answer]
        assert said == wanted


async def test_rolling_restart_shows_idempotent_requests_no_gateway_error(rolled: Rolled) -> None:
    traffic = rolled.traffic
    print(f"{len(traffic.answers)} requests: {traffic.told()}, slowest {traffic.slowest():.2f} s")
    assert [one for one in traffic.answers if one.status != 200] == []
    assert len(traffic.answers) > 100


async def test_rolling_restart_ends_each_worker_well(rolled: Rolled) -> None:
    assert rolled.codes == [0, 0]
