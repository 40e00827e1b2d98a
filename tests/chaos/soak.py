"""`make soak`: ten minutes (SECONDS) of mixed load on the rehearsed topology, and whether anything grows with time.

Nobody is killed. Samples of memory, threads, tasks, files and connections go into a table; each column's growth is that of the
straight line through its samples, behind a start in which pools fill. Ends with 1 where something grows.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat_app.streaming.log import HOLD_SECONDS
from tests.chaos.clients import Crowd, Person, crowd
from tests.chaos.holdings import PLACES, Holdings, Worker, holdings
from tests.chaos.load import fill_pools, load
from tests.chaos.site import Site, site
from tests.chaos.windows import open_window

SECONDS = float(os.environ.get("SECONDS") or 600)
SAMPLES = 60
SEED = 5
TALKERS = 4  # of each kind, beside the steady load
IDLE_SOCKETS = 100
WARM = 0.2  # of the time: the pools fill
HELD = HOLD_SECONDS + 30  # seconds: as long as ended turns are held, memory grows with them by design


@dataclass(frozen=True)
class Column:
    """A figure of a sample. It may grow by `slack`, or by that share of what it was if this is more, over the time measured."""

    name: str
    read: Callable[[Holdings], float]
    slack: float
    share: float
    from_second: float = 0.0


def columns() -> list[Column]:
    """Those of each worker, and those of all."""
    found = []
    for n in (0, 1):
        found += [
            Column(f"MB {n}", of(n, lambda worker: worker.memory / 1024), 6, 0.03, HELD),
            Column(f"threads {n}", of(n, lambda worker: worker.threads), 1, 0),
            Column(f"tasks {n}", of(n, lambda worker: sum(worker.tasks.values())), 8, 0.1),
            Column(f"files {n}", of(n, lambda worker: worker.files), 8, 0.1),
        ]
    found.append(Column("PostgreSQL", lambda held: held.postgres, 4, 0.1))
    found.append(Column("Redis", lambda held: held.redis, PLACES, 0.1))
    return found


def of(number: int, read: Callable[[Worker], float]) -> Callable[[Holdings], float]:
    """A figure of that worker."""
    return lambda held: read(held.workers[number])


def growth(points: list[tuple[float, float]]) -> float:
    """How much the least-squares line through (second, value) rises from the first point to the last."""
    count = len(points)
    if count < 3:
        return 0.0
    mean_x, mean_y = (sum(point[axis] for point in points) / count for axis in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return slope * (points[-1][0] - points[0][0])


async def ask(person: Person, dice: random.Random) -> None:
    """A plain call that waits for the whole answer."""
    body = {"message": f"/tokens {dice.randint(5, 60)} 20", "session_id": person.secret}
    async with person.http.post(person.base + "/api/chat", json=body) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()


async def cancel(person: Person, dice: random.Random) -> None:
    """Stop an answer in the middle, from whichever worker nginx asks."""
    view, stream = await person.begin("/tokens 400 25")
    reading = asyncio.create_task(person.read(view, stream))
    await asyncio.sleep(dice.uniform(0.1, 2.0))
    await person.stop(view.turn_id)
    await reading


async def reconnect(person: Person, dice: random.Random) -> None:
    """Hang up on an answer again and again, and go on behind what was read."""
    view, stream = await person.begin(f"/tokens {dice.randint(100, 300)} 20")
    reading = asyncio.create_task(person.read(view, stream))
    while not reading.done():
        await asyncio.wait({reading}, timeout=dice.uniform(0.2, 1.0))
        person.hang_up()
    await reading


async def socket(person: Person, dice: random.Random) -> None:
    """A socket that says three things and goes."""
    window = await open_window(person, person.base)
    for _ in range(3):
        said = f"{dice.getrandbits(64):016x}"
        text = f"/tokens {dice.randint(5, 80)} 20"
        await window.say(type="message", id=said, text=text)
        while (told := await window.until("response", "error")).get("id") != said:
            assert told["type"] == "response", told  # of a turn that somebody else has begun
        assert told["type"] == "response", told
    await window.close()


Act = Callable[[Person, random.Random], Awaitable[None]]


async def again(act: Act, person: Person, over: asyncio.Event) -> None:
    """Do it until `over`."""
    while not over.is_set():
        await act(person, person.crowd.random)


async def talk(people: Crowd, built: Site, over: asyncio.Event, talking: asyncio.TaskGroup) -> None:
    """Everything beside the steady load, until `over`."""
    for act in (ask, cancel, reconnect, socket) * TALKERS:
        talking.create_task(again(act, await people.person(built.front), over))


async def run(built: Site, samples: list[tuple[float, Holdings]]) -> None:
    """The load, and a sample now and then: (second, what is held)."""
    over = asyncio.Event()
    async with crowd(SEED) as people:
        async with load(people, built):
            await fill_pools(people, built)
            quiet = [await people.person(built.front) for _ in range(IDLE_SOCKETS)]
            windows = [await open_window(person, built.front) for person in quiet]
            begun = time.monotonic()
            async with asyncio.TaskGroup() as talking:
                await talk(people, built, over, talking)
                while (second := time.monotonic() - begun) < SECONDS:
                    samples.append((second, await asyncio.to_thread(holdings, built)))
                    # A socket of which nothing is heard for ten minutes is closed, so each says something now and then.
                    await asyncio.gather(*(window.alive() for window in windows[len(samples) % 10 :: 10]))
                    await asyncio.sleep(SECONDS / SAMPLES)
                over.set()
            assert all(window.open for window in windows)
        said, failed = len(people.ledger.messages), people.traffic.failures()
        print(f"{said} messages in {SECONDS:.0f} s; answers {people.traffic.told()}; {len(failed)} of 5xx")
        assert not failed, failed[:3]


def report(samples: list[tuple[float, Holdings]]) -> bool:
    """The table, and whether all of it stood still."""
    print("second  " + "".join(f"{column.name:>12}" for column in columns()))
    for second, held in samples[:: max(1, len(samples) // 20)]:
        print(f"{second:6.0f}  " + "".join(f"{column.read(held):12.0f}" for column in columns()))
    return sum([not judge(column, samples) for column in columns()]) == 0


def judge(column: Column, samples: list[tuple[float, Holdings]]) -> bool:
    """Whether a column stood still. Not judged, and said so, where the run was too short for it."""
    begin = max(WARM * SECONDS, column.from_second)
    points = [(second, column.read(held)) for second, held in samples if second >= begin]
    if len(points) < SAMPLES // 4:
        print(f"{column.name}: not judged, for it may grow for the first {column.from_second:.0f} s")
        return True
    grown, allowed = growth(points), max(column.slack, column.share * points[0][1])
    flat = grown <= allowed
    span = points[-1][0] - points[0][0]
    print(f"{column.name}: {grown:+.1f} over {span:.0f} s, {allowed:.1f} allowed{'' if flat else ': GROWS'}")
    return flat


def main() -> int:
    samples: list[tuple[float, Holdings]] = []
    with site(DRAIN_SECONDS="5") as built:
        asyncio.run(built.ready())
        try:
            asyncio.run(run(built, samples))
        finally:
            flat = report(samples)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
