"""The one reader of this process: a blocking read of the streams of all turns of other workers that are followed here.

It is the wake-up of their followers; no message comes beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from chat_app.domain.events import Event
from chat_app.streaming import codec
from chat_app.streaming.redis_log import scripts
from chat_app.streaming.redis_log.lasting import Lasting
from chat_app.streaming.redis_log.writer import PATIENCE, PAUSES

logger = structlog.get_logger(__name__)
BLOCK_SECONDS: Final = 2.0
ENTRIES: Final = 256  # of each stream in one read
WAKE_SECONDS: Final = 3600
ASKED_AT_ONCE: Final = 4
Batch = tuple[int, list[Event]]
UNREADABLE: Final[Batch] = (2**63, [])  # what it holds is missing, whatever one has: the row fills the gap


class Readers(Protocol):
    """Who takes what is read."""

    def places(self) -> dict[str, int]:
        """The turns to read, and the number of the last event that is known of each."""

    def take(self, turn_id: str, batches: list[Batch]) -> None:
        """What came of one turn, in order."""


class Reader:
    """`up` says whether Redis answered last. Without turns to read it does nothing. Its client is its own: however many ask at
    once, the writer never waits for a connection."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.up = True
        self._client = client
        self._readers: Readers | None = None
        self._wanted = asyncio.Event()
        self._wake_key = ""
        self._woken: Any = "0"  # the last wake-up that was read
        self._places = asyncio.Semaphore(ASKED_AT_ONCE)
        self._failures = 0  # of those who asked
        self._task = Lasting("reader", self._run)

    def start(self, worker: str, readers: Readers) -> None:
        self._readers, self._wake_key = readers, f"{scripts.PREFIX}wake:{worker}"
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()
        await self._client.aclose()

    async def ask(self, command: Callable[[redis.asyncio.Redis], Awaitable[Any]]) -> Any:
        """The answer to a short command, in bounded time. Raises RedisError, OSError, TimeoutError."""
        failures = self._failures
        async with self._places:
            if self._failures != failures:  # while this waited for its turn
                raise TimeoutError
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await command(self._client)
            except (RedisError, OSError, TimeoutError):
                self.up = False
                self._failures += 1
                raise
        self.up = True
        return answer

    async def replay(self, turn_id: str, after: int) -> list[Batch]:
        """All batches that hold something behind event `after`. Raises RedisError, OSError, TimeoutError."""
        stream, _ = scripts.keys(turn_id)
        entries = await self.ask(lambda client: client.xrange(stream, min="(" + scripts.behind(after)))
        return _batches(entries)

    async def look_again(self) -> None:
        """The turns to read have changed: end the read that blocks, and begin one with all of them."""
        self._wanted.set()
        if self.up:
            with contextlib.suppress(RedisError, OSError, TimeoutError):  # it looks again within seconds
                await self.ask(self._awake)

    async def _awake(self, client: redis.asyncio.Redis) -> None:
        pipe = client.pipeline(transaction=False)
        pipe.xadd(self._wake_key, {"w": "1"}, maxlen=1)
        pipe.expire(self._wake_key, WAKE_SECONDS)
        await pipe.execute()

    async def _run(self) -> None:
        assert self._readers is not None
        failures = 0
        while True:
            if not self._readers.places():
                self._wanted.clear()
                await self._wanted.wait()
            try:
                await self._read_once(self._readers)
                self.up, failures = True, 0
            except (RedisError, OSError, TimeoutError) as error:
                if self.up:
                    logger.warning("log.reader_away", error=type(error).__name__)
                self.up = False
                await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1

    async def _read_once(self, readers: Readers) -> None:
        places = readers.places()
        names = {scripts.keys(turn_id)[0].encode(): turn_id for turn_id in places}
        streams: dict[Any, Any] = {
            scripts.keys(turn_id)[0]: scripts.behind(number) for turn_id, number in places.items()
        }
        streams[self._wake_key] = self._woken
        async with asyncio.timeout(BLOCK_SECONDS + PATIENCE):
            found: Any = await self._client.xread(streams, count=ENTRIES, block=int(BLOCK_SECONDS * 1000))
        for name, entries in found:
            turn_id = names.get(name)
            if turn_id is None:
                self._woken = entries[-1][0]
            else:
                readers.take(turn_id, _batches(entries))


def _batches(entries: Any) -> list[Batch]:
    batches = []
    for _, fields in entries:
        try:
            batches.append(codec.decode(fields[scripts.BATCH]))
        except codec.Unreadable as error:  # of a newer version
            logger.warning("log.unreadable", error=str(error)[:200])
            batches.append(UNREADABLE)
    return batches
