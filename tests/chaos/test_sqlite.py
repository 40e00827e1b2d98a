"""One process on SQLite that is killed in mid-answer: what is lost, and what a new process on the same file finds."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Sequence

import pytest

from tests.chaos.clients import Person, crowd, now
from tests.chaos.ledger import View
from tests.servers import Launcher, ServerProcess

ROUNDS, TURNS = 5, 10
LOST_SECONDS = 1.0  # of text, at most; on a machine that is busy with other tests a beat comes later
BUSY = 3.0
SEED = int(os.environ.get("CHAOS_SEED", "0")) or time.time_ns() % 1_000_000


def sound(server: ServerProcess) -> None:
    """The database file is whole and keeps its own rules."""
    file = server.env["DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def seconds_lost(view: View, stored: str, killed: float) -> float:
    """How long before the kill the first character came that is not stored; 0 where all of them are."""
    missing = [moment for moment, length in view.grown if length > len(stored)]
    return killed - min(missing) if missing else 0.0


async def killed_in_mid_answer(
    server: ServerProcess, cast: Sequence[Person], wait: float
) -> tuple[float, list[View]]:
    """Everybody is being answered when the server dies. -> the moment, and what they had been shown."""
    begun = await asyncio.gather(*(person.begin("/tokens 2000 20") for person in cast))
    reading = [asyncio.create_task(one.read(*given)) for one, given in zip(cast, begun, strict=True)]
    await asyncio.sleep(wait)
    killed = now()
    server.kill()
    await asyncio.sleep(0.1)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    return killed, [view for view, _ in begun]


@pytest.mark.timeout(180)
async def test_kill_on_sqlite_loses_a_second_of_text_at_most(start_server: Launcher) -> None:
    server = start_server(LEASE_SECONDS="3")
    lost, ended = [], []
    async with crowd(SEED) as people:
        cast = [await people.person(server.url) for _ in range(TURNS)]
        for _ in range(ROUNDS):
            killed, views = await killed_in_mid_answer(server, cast, people.random.uniform(1.2, 3.0))
            sound(server)
            await asyncio.to_thread(server.start)
            up = now()
            turns = [await person.ended(view.turn_id) for person, view in zip(cast, views, strict=True)]
            ended.append(now() - up)
            for view, turn in zip(views, turns, strict=True):
                assert (turn["state"], turn["error"]["code"]) == ("interrupted", "interrupted")
                assert view.text.startswith(turn["text"]), view.story("another text is stored")
                lost.append(seconds_lost(view, turn["text"], killed))
            for person, view in zip(cast, views, strict=True):
                kept = [item for item in await person.items() if item["turn_id"] == view.turn_id]
                assert [item["type"] for item in kept] == ["user_message", "assistant_message"]
                assert (await person.say("/echo next")).text == "next"
    sound(server)
    print(
        f"CHAOS_SEED={SEED}: {len(lost)} answers cut; text of the last {max(lost):.2f} s missing at most, median "
        f"{sorted(lost)[len(lost) // 2]:.2f} s; marked {max(ended):.1f} s after the restart at most"
    )
    assert max(lost) < LOST_SECONDS * BUSY
