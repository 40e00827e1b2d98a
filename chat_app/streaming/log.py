"""The record of a turn: its events, numbered, kept for a while, readable from any number by any number of followers.

Here lives the interface and the log in memory. What an event means is `domain/`'s; who may read is `chat/`'s; nothing here
touches the database (`store.py` does, at a turn's end).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from chat_app.domain.events import Event, Snapshot
from chat_app.domain.turn import TurnView, is_terminal

HOLD_SECONDS = 300.0  # how long a log outlives its turn
HOLD_ENDED = 100_000  # records of ended turns held in all; the oldest turns go first, and are read from their rows then
HOLD_RECORDS = 4096  # how many records of one turn are held at least; a reader further behind gets a snapshot


class Record:
    """One numbered event, and the bytes that encoders made of it, kept for all followers (format name -> bytes)."""

    __slots__ = ("event", "frames", "seq")

    def __init__(self, seq: int, event: Event | Snapshot) -> None:
        self.seq = seq
        self.event = event
        self.frames: dict[str, bytes] = {}


class TurnRecord(Protocol):
    """One turn's log as a follower sees it."""

    turn_id: str
    thread_id: str | None
    ended: bool

    @property
    def view(self) -> TurnView:
        """The fold of what was appended so far."""

    @property
    def last(self) -> int:
        """The number of the newest event, 0 before the first."""

    def after(self, seq: int) -> list[Record] | None:
        """The records behind `seq` in order, empty when there is none yet, None when they are no longer held."""

    def snapshot(self) -> Record:
        """How the turn stands now, numbered as the last event it holds."""

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after each append, on the event loop's thread. Returns the way to stop that."""


class EventLog(Protocol):
    """All turns' logs of a process (or, later, of all workers). Every verb is called on the event loop's thread."""

    def open(self, turn_id: str, thread_id: str | None) -> TurnRecord:
        """Begin a turn's log."""

    def append(self, turn_id: str, events: Iterable[Event]) -> None:
        """Number, keep, wake. Raises IllegalEvent for what the table of `domain/turn.py` does not allow."""

    def find(self, turn_id: str) -> TurnRecord | None:
        """A turn's log, None where it is not held."""

    def view(self, turn_id: str) -> TurnView:
        """The fold of what was appended so far; KeyError where the turn is not held."""


class MemoryTurn:
    """The log of one turn in this process's memory."""

    __slots__ = ("base", "ended", "ended_at", "records", "thread_id", "turn_id", "view", "watchers")

    def __init__(self, turn_id: str, thread_id: str | None) -> None:
        self.turn_id = turn_id
        self.thread_id = thread_id
        self.view = TurnView()
        self.records: list[Record] = []
        self.base = 0  # the number before the first record that is held
        self.ended = False
        self.ended_at = 0.0
        self.watchers: list[Callable[[], None]] = []

    @property
    def last(self) -> int:
        return self.base + len(self.records)

    def append(self, event: Event) -> None:
        self.view.apply(event)
        self.records.append(Record(self.base + len(self.records) + 1, event))
        if len(self.records) >= 2 * HOLD_RECORDS:
            del self.records[:HOLD_RECORDS]
            self.base += HOLD_RECORDS
        if is_terminal(event):
            self.ended, self.ended_at = True, time.monotonic()

    def after(self, seq: int) -> list[Record] | None:
        start = seq - self.base
        if start < 0:
            return None
        return self.records[start:] if start else self.records.copy()

    def snapshot(self) -> Record:
        return Record(self.last, self.view.snapshot())

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(wake)

        def stop() -> None:
            if wake in self.watchers:
                self.watchers.remove(wake)

        return stop


class MemoryLog:
    """Every turn that runs in this process, or ended here a few minutes ago."""

    def __init__(self, hold_seconds: float = HOLD_SECONDS, hold_ended: int = HOLD_ENDED) -> None:
        self._turns: dict[str, MemoryTurn] = {}
        self._ended: dict[str, int] = {}  # how many records each ended turn has here, oldest end first
        self._records = 0  # their sum
        self._seconds, self._most = hold_seconds, hold_ended

    def open(self, turn_id: str, thread_id: str | None) -> MemoryTurn:
        turn = self._turns[turn_id] = MemoryTurn(turn_id, thread_id)
        return turn

    def append(self, turn_id: str, events: Iterable[Event]) -> None:
        turn = self._turns[turn_id]
        for event in events:
            turn.append(event)
        for wake in turn.watchers.copy():
            wake()
        if turn.ended:
            self._hold(turn)

    def find(self, turn_id: str) -> MemoryTurn | None:
        return self._turns.get(turn_id)

    def view(self, turn_id: str) -> TurnView:
        return self._turns[turn_id].view

    def forget(self, turn_id: str) -> None:
        """Drop a turn's log now: its text was deleted, or its time is over."""
        self._turns.pop(turn_id, None)
        self._records -= self._ended.pop(turn_id, 0)

    def __len__(self) -> int:
        return len(self._turns)

    def _hold(self, turn: MemoryTurn) -> None:
        """Keep an ended turn for a while, as long as there is room. The timer knows only its id, so that room is made."""
        self._ended[turn.turn_id] = len(turn.records)
        self._records += len(turn.records)
        while self._records > self._most:
            self.forget(next(iter(self._ended)))
        asyncio.get_running_loop().call_later(self._seconds, self.forget, turn.turn_id)


LOG: EventLog = MemoryLog()
