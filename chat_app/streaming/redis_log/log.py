"""The log of this process's turns, in memory and through the writer in Redis: what the engine appends to, what followers of
turns that run here read, and what is taken over of a worker that is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError

from chat_app.domain.events import Event
from chat_app.streaming import codec
from chat_app.streaming.log import HOLD_SECONDS, MemoryLog, MemoryTurn, Past, TurnRecord
from chat_app.streaming.redis_log import scripts
from chat_app.streaming.redis_log.gate import Gate
from chat_app.streaming.redis_log.mirrors import DatabaseRows, Mirrors, Rows
from chat_app.streaming.redis_log.reader import Reader
from chat_app.streaming.redis_log.writer import PATIENCE, Writer

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seized:
    """What the shared log has of a turn that was taken over: the number of its newest event, and the events that are there
    in a row up to it, the first of them number `first`. There are none where `first` is `last + 1`."""

    last: int
    first: int
    events: tuple[Event, ...]


class RedisLog(MemoryLog):
    """Every turn that runs in this process, and through `mirrors` those of other workers that are followed here."""

    def __init__(self, url: str, rows: Rows | None = None) -> None:
        super().__init__()
        self._url, self._rows = url, rows or DatabaseRows()
        self._gates: dict[str, Gate] = {}
        self._lost: Callable[[str], object] = lambda turn_id: None
        self._connect()

    def _connect(self) -> None:
        # Connections belong to the loop that they were made on: a new start has new ones.
        self.writer = Writer(self._client(), self.lose)
        self.reader = Reader(self._client())
        self.mirrors = Mirrors(self.reader, self._rows)

    def _client(self) -> redis.asyncio.Redis:
        # Timeouts are the callers'. One more try for a connection that Redis has closed meanwhile; every command may come
        # twice.
        again = Retry(ConstantBackoff(0.02), 1)
        options: dict[str, Any] = {"socket_timeout": None, "socket_connect_timeout": PATIENCE, "retry": again}
        return redis.asyncio.Redis.from_url(self._url, **options)

    def on_lost(self, tell: Callable[[str], object]) -> None:
        """Call `tell(turn id)` when another worker has taken a turn over that runs here."""
        self._lost = tell

    async def start(self, worker: str) -> None:
        self._connect()
        await self.writer.start()
        self.reader.start(worker, self.mirrors)
        self.mirrors.start()

    async def stop(self) -> None:
        await self.writer.stop()
        await self.mirrors.stop()
        await self.reader.stop()

    def open(self, turn_id: str, fence: int = 1, past: Past | None = None) -> MemoryTurn:
        turn = super().open(turn_id, fence, past)
        gate = self._gates[turn_id] = Gate(turn, fence, past)
        self.writer.add(gate)
        return turn

    def append(self, turn_id: str, events: Iterable[Event]) -> None:
        gate = self._gates[turn_id]
        for event in events:
            gate.append(event)
        self.writer.push(gate)
        if gate.turn.ended:
            self._hold(gate.turn)

    def find(self, turn_id: str) -> TurnRecord | None:
        gate = self._gates.get(turn_id)
        return None if gate is None or gate.lost else gate

    def saved(self, turn_id: str, seq: int) -> None:
        gate = self._gates.get(turn_id)
        if gate is not None:
            gate.saved = seq

    def lose(self, turn_id: str) -> bool:
        gate = self._gates.get(turn_id)
        if gate is not None and not gate.lost:
            self.writer.remove(turn_id)
            gate.lose()
            self._lost(turn_id)
        return True

    def forget(self, turn_id: str) -> None:
        super().forget(turn_id)
        self.writer.remove(turn_id)
        gate = self._gates.pop(turn_id, None)
        if gate is not None and not gate.lost:
            gate.set_apart()

    async def seize(self, turn_id: str, fence: int) -> Seized | None:
        """Take a turn over from a worker that is gone: from now on nobody with a lower fence can append. None where Redis is
        away or knows nothing of the turn, or somebody with a higher fence has been here."""
        values = (*scripts.keys(turn_id), fence, int(HOLD_SECONDS * 1000))
        try:
            newest, entries = await self.reader.ask(lambda client: client.eval(scripts.SEIZE, 2, *values))
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("log.not_seized", turn=turn_id, error=type(error).__name__)
            return None
        if newest < 0:
            return None
        return _in_a_row(int(newest), [fields[1] for _, fields in entries])


def _in_a_row(newest: int, batches: list[bytes]) -> Seized:
    """The events up to the newest one without a gap, as far back as they go."""
    found: list[list[Event]] = []
    first = newest + 1
    for batch in reversed(batches):
        try:
            begin, events = codec.decode(batch)
        except codec.Unreadable as error:  # of a newer version
            logger.warning("log.unreadable", error=str(error)[:200])
            break
        if begin + len(events) != first:
            break
        found.append(events)
        first = begin
    return Seized(newest, first, tuple(event for events in reversed(found) for event in events))
