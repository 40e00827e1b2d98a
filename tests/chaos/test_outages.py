"""Redis and PostgreSQL fail under a steady load and come back: nothing is lost, nothing is left over."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.chaos.clients import Crowd, crowd, now
from tests.chaos.holdings import Holdings, holdings, more
from tests.chaos.load import Load, fill_pools, lasting, load
from tests.chaos.site import Site
from tests.chaos.windows import open_window
from tests.upstream.faulty import text_of

pytestmark = pytest.mark.timeout(180)
SEED = int(os.environ.get("CHAOS_SEED", "0")) or time.time_ns() % 1_000_000
BEFORE, AFTER = 2.0, 4.0  # seconds of load around an outage
SILENT = 3.0  # seconds in which a running answer may stand still where it runs
HANGS = 12.0  # seconds that no request may take: a database that is away is waited for ten
ANSWERED_LATE = 1.0  # a refusal may come so much later than the outage ended
HEARD = 10.0  # seconds after which workers hear of each other again
BEHIND = 3.0  # seconds that the other worker may be behind once all is well
GROWTH = 24 * 1024  # KiB a worker
SETTLED = 60.0  # seconds: the pool gives a connection back each 20 that it is unused


@dataclass(frozen=True)
class Outage:
    """Whose, and for how long: `(begun, over)` by the event loop's clock."""

    begun: float
    over: float

    @property
    def seconds(self) -> float:
        return self.over - self.begun


async def redis_killed(site: Site) -> Outage:
    begun = now()
    site.redis.stop()
    await asyncio.sleep(5)
    await asyncio.to_thread(site.redis.start)
    return Outage(begun, now())


async def redis_flushed(site: Site) -> Outage:
    begun = now()
    site.redis.flush()
    return Outage(begun, now())


async def redis_frozen(site: Site) -> Outage:
    begun = now()
    site.redis.freeze()
    await asyncio.sleep(20)
    site.redis.freeze(False)
    return Outage(begun, now())


async def postgres_restarted(site: Site) -> Outage:
    begun = now()
    await asyncio.to_thread(site.postgres.stop)
    await asyncio.sleep(
        5
    )  # with its end and its start longer than the site's lease: nobody could say that they are alive
    await asyncio.to_thread(site.postgres.start)
    return Outage(begun, now())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_rest(whole_site: Site) -> Holdings:
    """What is held after a load without any outage, once every pool has been needed whole."""
    await whole_site.ready()
    async with crowd(SEED) as people:
        async with load(people, whole_site):
            await asyncio.sleep(3)
        await fill_pools(people, whole_site)
    return await asyncio.to_thread(holdings, whole_site)


async def check_whole(people: Crowd, running: Load) -> int:
    """Every message was answered, in full, and what anybody saw is stored. -> how many"""
    stored = await people.check()
    for view in running.views():
        turn = stored[view.turn_id]
        said = next(one.text for one in people.ledger.messages.values() if view.turn_id in one.turns)
        assert (turn["state"], turn["text"]) == ("completed", text_of(int(said.split()[1]))), view.story(said)
    return len(stored)


async def seconds_until_heard(people: Crowd, site: Site) -> float:
    """How long it took until a socket at one worker hears of an answer that the other gives; it is tried again and again."""
    begun, (here, there) = now(), site.urls
    person = await people.person(here)
    window = await open_window(person, there)
    hearing = asyncio.create_task(window.until("response"))
    while not hearing.done():
        assert now() - begun < HEARD, f"nothing was heard of the other worker for {HEARD:.0f} s"
        await person.say("/echo news")
        await asyncio.wait({hearing}, timeout=0.5)
    await window.close()
    return now() - begun


Break = Callable[[Site], Awaitable[Outage]]


@pytest.mark.parametrize("fail", [redis_killed, redis_flushed, redis_frozen])
async def test_redis_that_fails_is_noticed_by_nobody(at_rest: Holdings, grown: Site, fail: Break) -> None:
    async with crowd(SEED) as people:
        async with load(people, grown) as running:
            begun = await lasting(BEFORE)
            outage = await fail(grown)
            heard = await seconds_until_heard(people, grown)
            await lasting(AFTER)
        count = await check_whole(people, running)
        assert not (failed := people.traffic.failures()), failed[:3]
        assert people.traffic.slowest() < HANGS
        silent = running.local_silence(outage.begun, outage.over + AFTER)
        assert silent < SILENT
        assert running.begun(outage.begun, outage.over) > 0 or outage.seconds < 1
        behind = running.behind(outage.over + 2)
        assert behind < BEHIND
        meanwhile = running.begun(outage.begun, outage.over)
        print(
            f"{fail.__name__} for {outage.seconds:.1f} s: {count} turns whole, {meanwhile} begun meanwhile, "
            f"{people.traffic.told()}, slowest answer {people.traffic.slowest(begun):.2f} s, longest silence {silent:.2f} s, "
            f"ends at the other worker {behind:.2f} s later at most, workers heard of each other {heard:.1f} s later"
        )


async def test_postgres_restarted_is_refused_no_longer_than_it_is_away(
    at_rest: Holdings, grown: Site
) -> None:
    async with crowd(SEED) as people:
        async with load(people, grown) as running:
            begun = await lasting(BEFORE)
            outage = await postgres_restarted(grown)
            await lasting(AFTER)
        count = await check_whole(people, running)
        silent = running.local_silence(outage.begun, outage.over)
        burst = people.traffic.burst(begun)
        print(
            f"PostgreSQL away for {outage.seconds:.1f} s: {count} turns whole, {people.traffic.told()}, 5xx for "
            f"{burst:.1f} s, slowest answer {people.traffic.slowest(begun):.1f} s, longest silence {silent:.2f} s"
        )
        assert not people.traffic.failures() or burst <= outage.seconds + ANSWERED_LATE
        assert people.traffic.slowest() < HANGS
        assert all(one.status == 503 for one in people.traffic.failures()), people.traffic.failures()[:3]


async def test_outages_leave_nothing_behind(at_rest: Holdings, grown: Site) -> None:
    """After all of the above: all is held as before, as soon as the pools have let go of what they do not use."""
    begun = now()
    while found := more(held := await asyncio.to_thread(holdings, grown), at_rest, GROWTH):
        assert now() - begun < SETTLED, f"still held {SETTLED:.0f} s later: {found}"
        print(found)
        await asyncio.sleep(1)
    print(f"held before: {at_rest}\nheld after:  {held}, {now() - begun:.0f} s later")
