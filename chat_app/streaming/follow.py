"""Following a turn: a reader with a place of its own, which only reads. Closing it never touches the turn.

No wire format lives here, and no permission: `chat/turns.py` has checked both before it hands out a follower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from chat_app.domain.turn import is_terminal
from chat_app.streaming.log import Record, TurnRecord

HEARTBEAT_SECONDS = 15.0
POLL_SECONDS = 1.0


class Follower(Protocol):
    """`next()` gives what came since the last call, at least one record; an empty list is a heartbeat (nothing came for
    15 s); None means that the turn has ended and all of it was given."""

    async def next(self) -> list[Record] | None:
        """Wait for more."""

    def close(self) -> None:
        """Stop reading. May be called twice."""


class LiveFollower:
    """Follows a log that this process holds: replay behind `after`, then live. `after` None (or a number that is still to come)
    begins with a snapshot, unless nothing has happened yet or the turn has ended (then all of it is replayed). A number that
    may have been read elsewhere, and has not arrived here, is waited for. A turn that is lost to another worker is followed
    there by what `move` gives for a number."""

    __slots__ = (
        "_beat", "_closed", "_cursor", "_fresh", "_idle", "_loop", "_move", "_moved", "_over", "_stop", "_turn",
        "_waiter",
    )  # fmt: skip

    def __init__(
        self, turn: TurnRecord, after: int | None, *, move: Callable[[int], Follower] | None = None
    ) -> None:
        self._turn = turn
        self._move = move
        self._moved: Follower | None = None
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._fresh = after is None or after > turn.known
        self._cursor = 0 if after is None or self._fresh else after
        self._closed = False
        self._over = False  # told of an end that the log has under another number
        self._idle = False
        self._beat = self._loop.call_later(HEARTBEAT_SECONDS, self._on_beat)
        self._stop = turn.watch(self._wake)

    def when_closed(self, do: Callable[[], None]) -> None:
        """Call `do` once, at the end."""
        stop = self._stop

        def both() -> None:
            stop()
            do()

        self._stop = both

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _on_beat(self) -> None:
        self._idle = True
        self._beat = self._loop.call_later(HEARTBEAT_SECONDS, self._on_beat)
        self._wake()

    async def next(self) -> list[Record] | None:
        if self._moved is not None:
            return await self._moved.next()
        self._idle = False
        while not self._closed:
            records = self._read()
            if records:
                self._cursor = records[-1].seq
                return records
            if self._turn.ended or self._turn.lost:
                break
            if self._idle:
                return []
            self._waiter = self._loop.create_future()
            await self._waiter
        if self._turn.lost and self._move is not None and not self._closed:
            self._moved = self._move(self._cursor)
            return await self._moved.next()
        self.close()
        return None

    def _read(self) -> list[Record]:
        if self._fresh:
            self._fresh = False
            snapshot = self._turn.snapshot()
            if snapshot.seq and not self._turn.ended:
                return [snapshot]
        if self._cursor > self._turn.last:
            return self._beyond()
        records = self._turn.after(self._cursor)
        if records is not None:
            return records
        # Fell too far behind: begin again from how it stands, the terminal event kept apart.
        snapshot = self._turn.snapshot()
        if not self._turn.ended:
            return [snapshot]
        last = self._turn.after(snapshot.seq - 1) or []
        return [Record(snapshot.seq - 1, snapshot.event), *last]

    def _beyond(self) -> list[Record]:
        """What there is for one who knows of more than the log has: nothing, until the turn ends without that."""
        last = self._turn.after(self._turn.last - 1) if self._turn.ended and not self._over else None
        if not last:
            return []
        self._over = True
        snapshot = Record(self._cursor + 1, self._turn.snapshot().event)
        return [snapshot, Record(self._cursor + 2, last[-1].event)]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._beat.cancel()
            self._stop()
            self._wake()
            if self._moved is not None:
                self._moved.close()


class RemoteFollower:
    """Follows a turn of another worker, once `attach` has found what there is of it; `release` gives it back."""

    __slots__ = ("_after", "_attach", "_closed", "_inner", "_release")

    def __init__(
        self,
        attach: Callable[[], Awaitable[TurnRecord]],
        release: Callable[[TurnRecord], None],
        after: int | None,
    ) -> None:
        self._attach, self._release, self._after = attach, release, after
        self._inner: LiveFollower | None = None
        self._closed = False

    async def next(self) -> list[Record] | None:
        if self._inner is None and not self._closed:
            turn = await self._attach()
            if self._closed:  # meanwhile
                self._release(turn)
                return None
            self._inner = LiveFollower(turn, self._after)
            self._inner.when_closed(lambda: self._release(turn))
        return None if self._inner is None else await self._inner.next()

    def close(self) -> None:
        self._closed = True
        if self._inner is not None:
            self._inner.close()


class StoredFollower:
    """Follows a turn whose log this process does not hold, by its row: a snapshot whenever the checkpoint has moved on,
    and the terminal event when the row has ended. `load` returns what is new since its last call, often nothing."""

    __slots__ = ("_beats", "_closed", "_load", "_terminal")

    def __init__(self, load: Callable[[], Awaitable[list[Record]]]) -> None:
        self._load = load
        self._terminal = False
        self._closed = asyncio.Event()
        self._beats = 0

    async def next(self) -> list[Record] | None:
        if self._terminal:
            return None
        while not self._closed.is_set():
            records = await self._load()
            if records:
                self._terminal = is_terminal(records[-1].event)
                self._beats = 0
                return records
            self._beats += 1
            if self._beats * POLL_SECONDS >= HEARTBEAT_SECONDS:
                self._beats = 0
                return []
            try:
                await asyncio.wait_for(self._closed.wait(), POLL_SECONDS)
            except TimeoutError:
                continue
        return None

    def close(self) -> None:
        self._closed.set()
