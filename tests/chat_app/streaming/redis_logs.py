"""Logs in a real Redis, and clients of them: what the tests of the shared log stand on. Pauses are shortened, nothing is faked
but the rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import redis

from chat_app.domain.events import Completed, Event, ItemAdded, ItemData, RouteChosen, TextDelta
from chat_app.domain.turn import ANSWER
from chat_app.streaming.follow import Follower, LiveFollower, RemoteFollower
from chat_app.streaming.log import Record
from chat_app.streaming.redis_log import RedisLog, scripts
from chat_app.streaming.stored import Standing
from tests.chaos.log_machine import TURN, Rows
from tests.chat_app.scripts import USAGE
from tests.servers import RedisProcess

BEGUN: list[Event] = [RouteChosen("demo", 1), ItemAdded(ItemData("msg_1", ANSWER))]
_workers = count()


class Several(Rows):
    """Rows of many turns, all of which stand alike."""

    looks = 0

    async def look(self, turn_id: str) -> Standing:
        self.looks += 1
        return self.standing

    async def numbers(self, turn_ids: Any) -> dict[str, tuple[bool, int]]:
        ended = self.standing.terminal is not None
        return dict.fromkeys(turn_ids, (not ended, self.standing.snapshot.seq + ended))


def text(*words: str) -> list[Event]:
    return [TextDelta("msg_1", word) for word in words]


def end(said: str) -> list[Event]:
    return [Completed(said, "demo", USAGE)]


@asynccontextmanager
async def workers(server: RedisProcess, rows: Any, many: int = 2) -> AsyncGenerator[list[RedisLog]]:
    """The logs of so many workers, stopped at the end."""
    logs = [RedisLog(server.url, rows) for _ in range(many)]
    for log in logs:
        await log.start(f"worker-{next(_workers)}")
    try:
        yield logs
    finally:
        for log in logs:
            await log.stop()


def here(log: RedisLog, after: int | None = 0, turn_id: str = TURN) -> LiveFollower:
    """A follower at the worker that writes the turn."""
    turn = log.find(turn_id)
    assert turn is not None
    return LiveFollower(turn, after)


def elsewhere(log: RedisLog, after: int | None = 0, turn_id: str = TURN) -> RemoteFollower:
    """A follower at another worker."""
    return RemoteFollower(partial(log.mirrors.attach, turn_id), log.mirrors.release, after)  # type: ignore[arg-type]


async def read(follower: Follower, last: int, seconds: float = 3) -> list[Record]:
    """What the follower is shown up to number `last`, within so many seconds."""
    found: list[Record] = []
    async with asyncio.timeout(seconds):
        while not found or found[-1].seq < last:
            records = await follower.next()
            assert records is not None, f"it ended behind {found[-1].seq if found else None}"
            found += records
    return found


async def until(ready: Callable[[], bool], what: str, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        await asyncio.sleep(0.01)


def newest(server: RedisProcess, turn_id: str = TURN) -> int:
    """The number of the newest event in Redis."""
    with redis.Redis.from_url(server.url) as client:
        found: Any = client.hget(scripts.keys(turn_id)[1], "n")
    return int(found or 0)
