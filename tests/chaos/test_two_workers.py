"""Stop and follow across workers: from where a turn does not run, and how long that takes there."""

from __future__ import annotations

import asyncio
from statistics import median

from tests.chaos.clients import crowd, now
from tests.chaos.ledger import View
from tests.chaos.site import Site

STOPS, STOP_WITHIN = 20, 0.3
FOLLOWED, BEHIND = 6, 0.1
TEN_TIMES = 10  # a bound in milliseconds is the bench's; here a tenth of the speed passes, the order of events is exact


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


async def test_stop_at_the_other_worker_ends_a_turn(grown: Site) -> None:
    here, there = grown.urls
    async with crowd(1) as people:
        cast = [await people.person(here) for _ in range(STOPS)]
        took = []
        for person in cast:
            view, stream = await person.begin("/tokens 500 20")
            reading = asyncio.create_task(person.read(view, stream))
            while not view.text:
                await asyncio.sleep(0.01)
            asked = now()
            await person.also_at(there).stop(view.turn_id)
            await reading
            assert view.kinds[-1] == "cancelled"
            took.append(view.arrived[view.seq] - asked)
        await people.check()
    print(
        f"stop at the other worker, to the reader's last event: median {median(took) * 1000:.0f} ms, "
        f"p99 {p99(took) * 1000:.0f} ms, bound {STOP_WITHIN * 1000:.0f} ms"
    )
    assert max(took) < STOP_WITHIN * TEN_TIMES


def behind(near: View, far: View) -> list[float]:
    """By how much later each event came to the far reader, in seconds; its first connection's replay left out."""
    return [
        far.arrived[seq] - moment
        for seq, moment in near.arrived.items()
        if seq in far.arrived and moment > far.links[0].opened
    ]


async def test_follow_at_the_other_worker_gives_the_same_events_as_they_come(grown: Site) -> None:
    late: list[float] = []
    async with crowd(2) as people:
        for here, there in (grown.urls, grown.urls[::-1]):
            cast = [await people.person(here) for _ in range(FOLLOWED)]
            begun = await asyncio.gather(*(person.begin("/tokens 250 20") for person in cast))
            near = [asyncio.create_task(one.read(*given)) for one, given in zip(cast, begun, strict=True)]
            far = [
                asyncio.create_task(one.also_at(there).follow(view.turn_id))
                for one, (view, _) in zip(cast, begun, strict=True)
            ]
            for one, other in zip(await asyncio.gather(*near), await asyncio.gather(*far), strict=True):
                assert one.kinds[-1] == "completed"
                assert other.text == one.text
                assert "snapshot" not in other.kinds[1:], other.story("lost its place")
                joined = other.arrived.keys() & one.arrived.keys()
                assert len(joined) >= one.seq - 60, other.story(
                    f"was told of {len(joined)} of {one.seq} events"
                )
                late += behind(one, other)
        await people.check()
    print(
        f"the same event at the other worker: median {median(late) * 1000:.1f} ms later, p99 {p99(late) * 1000:.1f} ms, "
        f"most {max(late) * 1000:.0f} ms, of {len(late)}; bound {BEHIND * 1000:.0f} ms"
    )
    assert p99(late) < BEHIND * TEN_TIMES


async def test_follow_at_the_other_worker_replays_from_any_number(grown: Site) -> None:
    here, there = grown.urls
    async with crowd(3) as people:
        person = await people.person(here)
        view = await person.say("/tokens 100 5")
        for after in (0, 1, 2, view.seq // 2, view.seq - 1):
            again = people.ledger.view(view.turn_id, f"behind {after}")
            again.join(view, after)
            await person.also_at(there).read(again)
            assert (again.text, again.kinds[-1]) == (view.text, "completed")
