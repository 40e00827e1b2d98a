"""Turns of other workers that are followed here: each mirrored once for all its followers, fed by the reader.

The rows are the net. What the shared log does not have (it was trimmed, Redis was away on either side, the turn's worker is
gone) the mirror takes from the turn's checkpoint, and its followers are given a snapshot.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from typing import Final, Protocol

import structlog
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from chat_app.domain.errors import NotFound
from chat_app.domain.events import Snapshot
from chat_app.domain.turn import IllegalEvent
from chat_app.streaming import stored
from chat_app.streaming.log import MemoryTurn, Record
from chat_app.streaming.redis_log.lasting import Lasting
from chat_app.streaming.redis_log.reader import Batch, Reader
from sessions_app.db import db

logger = structlog.get_logger(__name__)
POLL_SECONDS: Final = 1.0


class Rows(Protocol):
    """The net: what is stored of turns, whoever runs them. Both raise what the database raises."""

    async def look(self, turn_id: str) -> stored.Standing:
        """How a turn stands. Raises NotFound."""

    async def numbers(self, turn_ids: Collection[str]) -> dict[str, tuple[bool, int]]:
        """Of each turn that is there: whether it runs, and the number of the newest event that its row knows of."""


class DatabaseRows:
    """The rows of the database."""

    async def look(self, turn_id: str) -> stored.Standing:
        return await db(stored.look, turn_id)

    async def numbers(self, turn_ids: Collection[str]) -> dict[str, tuple[bool, int]]:
        return await db(stored.numbers, turn_ids)


class Mirror(MemoryTurn):
    """What this process knows of a turn that another one writes. `joined` says whether what it has and what the log has
    next are joined without a gap; `late` counts looks at the row that knew of more."""

    __slots__ = ("joined", "late", "loading", "refs")

    def __init__(self, turn_id: str) -> None:
        super().__init__(turn_id)
        self.refs = 0
        self.late = 0
        self.joined = False  # while it is being filled, too
        self.loading: asyncio.Task[None] | None = None

    @property
    def known(self) -> int:
        return sys.maxsize

    def take(self, batch: Batch) -> bool:
        """Add what is new. False where something before it is missing, and nothing was added."""
        first, events = batch
        known = self.last + 1 - first
        if known < 0:
            return False
        for event in events[known:]:
            self.append(event)
        if known < len(events):
            self.late = 0
            self.wake()
        return True

    def follow_row(self, row: stored.Standing) -> None:
        """Take over what the row has, if that is more."""
        if self.ended or (row.snapshot.seq <= self.last and row.terminal is None):
            return
        seq = max(row.snapshot.seq, self.last)
        shown = row.snapshot.event
        assert isinstance(shown, Snapshot)
        if seq > self.last or shown.items != self.view.items:
            # A follower that has seen all but the end is not shown all of it again.
            self.stand(Record(seq, shown))
        if row.terminal is not None:
            self.append(row.terminal)
        self.wake()


class Mirrors:
    """All mirrors of this process. Its verbs are called on the event loop's thread."""

    def __init__(self, reader: Reader, rows: Rows) -> None:
        self._reader, self._rows = reader, rows
        self._held: dict[str, Mirror] = {}
        self._net = Lasting("net", self._look_forever)

    def __len__(self) -> int:
        return len(self._held)

    def start(self) -> None:
        self._net.start()

    async def stop(self) -> None:
        await self._net.stop()

    async def attach(self, turn_id: str) -> Mirror:
        """The mirror of a turn, filled; to be given back by `release`. Raises NotFound, and what the database raises."""
        mirror = self._held.get(turn_id)
        if mirror is None:
            mirror = self._held[turn_id] = Mirror(turn_id)
            mirror.loading = asyncio.get_running_loop().create_task(self._load(mirror))
        mirror.refs += 1
        assert mirror.loading is not None
        try:
            await asyncio.shield(mirror.loading)
        except BaseException:
            self.release(mirror)
            raise
        return mirror

    def release(self, mirror: Mirror) -> None:
        """One follower fewer."""
        mirror.refs -= 1
        if mirror.refs <= 0 and self._held.get(mirror.turn_id) is mirror:
            del self._held[mirror.turn_id]

    def places(self) -> dict[str, int]:
        return {turn_id: m.last for turn_id, m in self._held.items() if m.joined and not m.ended}

    def take(self, turn_id: str, batches: list[Batch]) -> None:
        mirror = self._held.get(turn_id)
        if mirror is not None and not mirror.ended:
            self._take(mirror, batches)

    def _give_up(self, mirror: Mirror) -> None:
        """There is no such turn any more. Its followers end; who comes back is told so."""
        if self._held.get(mirror.turn_id) is mirror:
            del self._held[mirror.turn_id]
        mirror.lost = True
        mirror.wake()

    async def _load(self, mirror: Mirror) -> None:
        """Fill a mirror with all that can be had: from the first event where the log still goes back so far."""
        batches = await self._replayed(mirror)
        if not batches or batches[0][0] > 1 or not self._take(mirror, batches):
            mirror.follow_row(await self._rows.look(mirror.turn_id))
            self._take(mirror, batches)
        await self._joined(mirror)

    async def _joined(self, mirror: Mirror) -> None:
        """The reader is to read this one too, if it does not yet."""
        if mirror.joined and not mirror.ended:
            await self._reader.look_again()

    async def _replayed(self, mirror: Mirror) -> list[Batch]:
        try:
            return await self._reader.replay(mirror.turn_id, mirror.last)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("log.not_replayed", turn=mirror.turn_id, error=type(error).__name__)
            return []

    def _take(self, mirror: Mirror, batches: list[Batch]) -> bool:
        """Whether the mirror has all of these now."""
        try:
            mirror.joined = all(mirror.take(batch) for batch in batches if not mirror.ended)
        except IllegalEvent as error:  # of a newer version, say
            logger.warning("log.not_taken", turn=mirror.turn_id, error=str(error))
            mirror.joined = False
        return mirror.joined

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._look([m for m in self._held.values() if _loaded(m) and not m.ended])
            except DatabaseError as error:  # looked at again in a second
                logger.warning("log.rows_away", error=type(error).__name__)

    async def _look(self, mirrors: list[Mirror]) -> None:
        """Look at the rows of all that is mirrored. What they know and the log did not bring, twice in a row, is taken from
        them; at once where the log has a gap or is away."""
        if not mirrors:
            return
        rows = await self._rows.numbers([mirror.turn_id for mirror in mirrors])
        for mirror in mirrors:
            runs, number = rows.get(mirror.turn_id, (False, 0))
            news = number > mirror.last or not runs
            mirror.late = mirror.late + 1 if news else 0
            patient = mirror.joined and self._reader.up and mirror.late < 2
            if not mirror.ended and not patient and (news or not mirror.joined):
                await self._fill(mirror)

    async def _fill(self, mirror: Mirror) -> None:
        """Bring a mirror up to date: by the log where that answers and joins on, else by the row."""
        before, was_joined = mirror.last, mirror.joined
        batches = await self._replayed(mirror) if self._reader.up else []
        if not self._take(mirror, batches) or mirror.last == before:
            try:
                mirror.follow_row(await self._rows.look(mirror.turn_id))
            except NotFound:
                self._give_up(mirror)
                return
            self._take(mirror, batches)
        if not was_joined:
            await self._joined(mirror)


def _loaded(mirror: Mirror) -> bool:
    return mirror.loading is not None and mirror.loading.done()
