"""A steady load on the site: conversations that go on and on, each read where its turn runs and at the other worker, some
through nginx; and somebody who looks at a page all the time. What came of it is in the crowd's ledger and traffic.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.clients import Crowd, Person, now
from tests.chaos.ledger import View
from tests.chaos.site import Site

LOOK_SECONDS = 0.1
CALLS_AT_ONCE = 200  # more than any pool has places


@dataclass(frozen=True)
class Heard:
    """One turn: as it was read at the worker that runs it, and at the other."""

    near: View
    far: View


class Load:
    """What the conversations have come to. `pairs` are the turns that were read at both workers, `through` those by nginx."""

    def __init__(self, people: Crowd, site: Site) -> None:
        self.people, self.site = people, site
        self.pairs: list[Heard] = []
        self.through: list[View] = []
        self.open = True

    def message(self) -> str:
        """An answer of 2 to 8 s."""
        pause = self.people.random.choice((20, 30, 40))
        return f"/tokens {self.people.random.randint(2000, 8000) // pause} {pause}"

    async def converse(self, here: Person, there: Person) -> None:
        while self.open:
            view, stream = await here.begin(self.message())
            far = there.ledger.view(view.turn_id, there.name)
            self.pairs.append(Heard(view, far))
            await asyncio.gather(here.read(view, stream), there.read(far))

    async def converse_through_nginx(self, person: Person) -> None:
        while self.open:
            view, stream = await person.begin(self.message())
            self.through.append(view)
            await person.read(view, stream)

    async def look(self, person: Person) -> None:
        while self.open:
            await person.look("/api/threads?limit=1")
            await asyncio.sleep(LOOK_SECONDS)

    def local_silence(self, since: float, until: float) -> float:
        """The longest time within that span in which a running answer did not grow where it runs."""
        return max((silence(pair.near, since, until) for pair in self.pairs), default=0.0)

    def begun(self, since: float, until: float) -> int:
        """How many messages were taken within that span."""
        return sum(since <= view.links[0].opened <= until for view in self.views())

    def views(self) -> Iterable[View]:
        """Those of who said the messages."""
        return [*(pair.near for pair in self.pairs), *self.through]

    def behind(self, since: float) -> float:
        """By how much later the end of a turn came at the other worker, of turns that ended since then; the most."""
        ends = [(pair.near.arrived[pair.near.seq], pair.far.arrived[pair.far.seq]) for pair in self.pairs]
        return max((far - near for near, far in ends if near >= since), default=0.0)


def silence(view: View, since: float, until: float) -> float:
    """The longest time between two texts of an answer, of those times that overlap the span."""
    moments = [moment for moment, _ in view.grown]
    return max((b - a for a, b in pairwise(moments) if b > since and a < until), default=0.0)


@asynccontextmanager
async def load(people: Crowd, site: Site, pairs: int = 8, through: int = 4) -> AsyncIterator[Load]:
    """A load for an `async with`; at its end the running answers are read to theirs. Raises what a client found broken."""
    running = Load(people, site)
    tasks = []
    for number in range(pairs):
        here, there = site.urls[:: 1 if number % 2 else -1]
        person = await people.person(here)
        tasks.append(asyncio.create_task(running.converse(person, person.also_at(there))))
    for _ in range(through):
        tasks.append(asyncio.create_task(running.converse_through_nginx(await people.person(site.front))))
    for url in (*site.urls, site.front):
        tasks.append(asyncio.create_task(running.look(await people.person(url))))
    try:
        yield running
        running.open = False
        async with asyncio.timeout(60):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fill_pools(people: Crowd, site: Site) -> None:
    """Need each worker's pools whole for once: what they hold from here on is no leak."""
    for url in site.urls:
        person = await people.person(url)
        await asyncio.gather(*(person.look("/api/threads?limit=1") for _ in range(CALLS_AT_ONCE)))


async def lasting(seconds: float) -> float:
    """Let so many seconds go by. -> the moment then"""
    await asyncio.sleep(seconds)
    return now()
