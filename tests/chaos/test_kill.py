"""A worker that is killed in mid-answer, again and again: what was said and what was seen is kept, and every turn ends."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.chaos.clients import Crowd, Person, crowd, now
from tests.chaos.ledger import View
from tests.chaos.site import Site

ROUNDS = 20
LONG, FRESH, SHORT, WINDOWS = 17, 3, 2, 6
ENDED_WITHIN = 15.0  # seconds after the kill
SILENCE = 3000  # ms, longer than a round takes to its kill; what is given anew takes as long once more
SEED = int(os.environ.get("CHAOS_SEED", "0")) or time.time_ns() % 1_000_000


@dataclass
class Killed:
    """A round: when the worker died, by both clocks, and what everybody was shown of the turns that it ran."""

    moment: float
    wall: float
    long: list[View]
    fresh: list[View]
    windows: list[View]

    @property
    def views(self) -> list[View]:
        return [*self.long, *self.fresh, *self.windows]


def message(dice: random.Random) -> str:
    """An answer of 12 to 20 s, so that the worker dies in the midst of it on a slow machine too."""
    pause = dice.choice((15, 20, 30, 40))
    return f"/tokens {dice.randint(12000, 20000) // pause} {pause}"


async def kill_in_mid_answer(site: Site, number: int, cast: list[Person], people: Crowd) -> Killed:
    """Have everybody of the cast say something to the worker, kill it, start it again, and read all answers to their end.

    LONG turns have been heard of when it dies, FRESH ones have said nothing yet, SHORT ones end about then. Some are read at
    the other worker too, by a second window.
    """
    dice, urls = people.random, [site.urls[number], site.urls[1 - number]]
    for person in cast:
        person.go(*urls)
    long, fresh, short = cast[:LONG], cast[LONG : LONG + FRESH], cast[LONG + FRESH :]
    beginning = [asyncio.create_task(person.begin(message(dice))) for person in long]
    saying = [asyncio.create_task(person.say(f"/slow {SILENCE} /echo one")) for person in fresh]
    saying += [asyncio.create_task(person.say(f"/tokens {dice.randint(5, 60)} 30")) for person in short]
    begun = await asyncio.gather(*beginning)
    reading = [asyncio.create_task(one.read(*given)) for one, given in zip(long, begun, strict=True)]
    beside = [
        asyncio.create_task(one.also_at(*reversed(urls)).follow(view.turn_id))
        for one, (view, _) in list(zip(long, begun, strict=True))[:WINDOWS]
    ]
    await asyncio.sleep(dice.uniform(0.05, 1.4))
    killed, wall = now(), time.time()
    site.workers[number].kill()
    site.workers[number].start(wait=False)
    async with asyncio.timeout(60):
        views = await asyncio.gather(*reading, *saying, *beside)
    return Killed(killed, wall, views[:LONG], views[LONG : LONG + FRESH], views[LONG + FRESH + SHORT :])


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def check_ends(killed: Killed, stored: dict[str, Any]) -> float:
    """20 turns ran when the worker died, and each of them has ended in time; the seconds until the last had."""
    turns = {view.turn_id: stored[view.turn_id] for view in (*killed.long, *killed.fresh)}
    for turn in turns.values():
        assert seconds(turn["created_at"]) < killed.wall < seconds(turn["ended_at"]), turn
    assert len(turns) == LONG + FRESH
    assert {stored[view.turn_id]["state"] for view in killed.long} == {"interrupted"}
    assert {stored[view.turn_id]["state"] for view in killed.fresh} <= {"interrupted", "completed"}
    after = max(seconds(turn["ended_at"]) for turn in turns.values()) - killed.wall
    assert after < ENDED_WITHIN, f"the last turn ended {after:.1f} s after the kill"
    told = max(view.arrived[view.seq] for view in killed.views) - killed.moment
    assert told < ENDED_WITHIN, f"the last client was told {told:.1f} s after the kill"
    return told


def check_continued(killed: Killed, survivor: str) -> None:
    """Who had read at the killed worker went on at the other, behind the number of the last event, event by event."""
    for view in killed.long:
        assert view.links[0].base != survivor, view.story("did not begin at the killed worker")
    for view in (*killed.long, *killed.fresh):
        assert view.links[-1].base == survivor, view.story("ended at the killed worker")
    for view in killed.views:
        assert "snapshot" not in view.kinds[1:], view.story(
            "was shown a snapshot in place of what it had missed"
        )


async def check_replays(people: Crowd, killed: Killed, urls: list[str]) -> None:
    """Read again from the first number, at either worker, a turn is the same events with one end."""
    for view in (people.random.choice(killed.long), *killed.fresh[:1]):
        owner = next(person for person in people.people if person.name == view.who)
        for url in urls:
            again = await owner.also_at(url).follow(view.turn_id)
            assert again.text == view.text, again.story("read again")


@pytest.mark.timeout(600)
async def test_kill_in_mid_answer_loses_nothing_and_ends_every_turn(grown: Site) -> None:
    print(f"CHAOS_SEED={SEED}")
    async with crowd(SEED) as people:
        cast = [await people.person(*grown.urls) for _ in range(LONG + FRESH + SHORT)]
        slowest, rerun = [], 0
        for number in range(ROUNDS):
            victim = number % 2
            await grown.ready()
            killed = await kill_in_mid_answer(grown, victim, cast, people)
            for person in cast:
                person.go(grown.urls[1 - victim])
            stored = await people.check(cast)
            slowest.append(check_ends(killed, stored))
            check_continued(killed, grown.urls[1 - victim])
            rerun += sum(stored[view.turn_id]["state"] == "completed" for view in killed.fresh)
            await grown.ready()
            await check_replays(people, killed, grown.urls)
        await people.check(afresh=True)
    said, turns = len(people.ledger.messages), len(people.ledger.turns())
    print(
        f"{ROUNDS} kills, {said} messages, {turns} turns; last end {max(slowest):.1f} s after the kill, median "
        f"{sorted(slowest)[ROUNDS // 2]:.1f} s; {rerun} of {ROUNDS * FRESH} unheard answers were given anew"
    )


@pytest.fixture
async def shipped_lease(grown: Site) -> AsyncIterator[Site]:
    """The site with workers that have LEASE_SECONDS as it is shipped."""
    before = grown.workers[0].env["LEASE_SECONDS"]
    await grown.anew(LEASE_SECONDS="")
    yield grown
    await grown.anew(LEASE_SECONDS=before)


@pytest.mark.timeout(180)
async def test_kill_with_the_shipped_lease_ends_every_turn_in_time(shipped_lease: Site) -> None:
    grown = shipped_lease
    async with crowd(SEED) as people:
        cast = [await people.person(*grown.urls) for _ in range(LONG + FRESH + SHORT)]
        killed = await kill_in_mid_answer(grown, 0, cast, people)
        for person in cast:
            person.go(grown.urls[1])
        last = check_ends(killed, await people.check(cast))
        check_continued(killed, grown.urls[1])
        await grown.ready()
    print(f"CHAOS_SEED={SEED}: with the default lease the last client was told {last:.1f} s after the kill")
