"""The record of a turn: its events, numbered, kept for a while, readable from any number by any number of followers.

Here lives the interface and the log in memory. What an event means is `domain/`'s; who may read is `chat/`'s; nothing here
touches the database (`store.py` does, at a turn's end) nor another worker (`redis_log/` does).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a turn that another worker has begun: how it stood (a record of its snapshot; None is the beginning)
    and the events behind that, in a row."""

    base: Record | None = None
    events: tuple[Event, ...] = ()

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return (self.base.seq if self.base else 0) + len(self.events)

    def view(self) -> TurnView:
        """How the turn stands behind all of it."""
        view = TurnView()
        if self.base is not None:
            assert isinstance(self.base.event, Snapshot)
            view = TurnView.standing(self.base.event)
        for event in self.events:
            view.apply(event)
        return view


class TurnRecord(Protocol):
    """One turn's log as a follower sees it."""

    @property
    def turn_id(self) -> str:
        """The turn's id."""

    @property
    def ended(self) -> bool:
        """Whether the terminal event is among those that may be read."""

    @property
    def lost(self) -> bool:
        """Whether another worker writes this turn now: what is here ends without a terminal event, and goes on there."""

    @property
    def view(self) -> TurnView:
        """The fold of what was appended so far."""

    @property
    def last(self) -> int:
        """The number of the newest event, 0 before the first."""

    @property
    def known(self) -> int:
        """The number of the newest event that anybody can have been shown, here or elsewhere: one that is still to come here
        is waited for."""

    def after(self, seq: int) -> list[Record] | None:
        """The records behind `seq` in order, empty when there is none yet, None when they are no longer held."""

    def snapshot(self) -> Record:
        """How the turn stands now, numbered as the last event it holds."""

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after each append, on the event loop's thread. Returns the way to stop that."""


class EventLog(Protocol):
    """The logs of the turns that run in this process, or of all workers' turns. Every verb is called on the event loop's
    thread."""

    async def start(self, worker: str) -> None:
        """Begin to write and read on the running loop; `worker` names this process. Never raises for a store that is away."""

    async def stop(self) -> None:
        """Write what is left, as far as that goes, and let go of everything."""

    def open(self, turn_id: str, fence: int = 1, past: Past | None = None) -> TurnRecord:
        """Begin a turn's log, or go on with that of another worker. `fence` is the lease's: of two that write to one turn the
        higher one may. What is returned is the writer's own, ahead of what followers see."""

    def append(self, turn_id: str, events: Iterable[Event]) -> None:
        """Number, keep, wake. Raises IllegalEvent for what the table of `domain/turn.py` does not allow."""

    def find(self, turn_id: str) -> TurnRecord | None:
        """A turn that runs here, or ended here a while ago, as its followers see it; None where it is not held."""

    def view(self, turn_id: str) -> TurnView:
        """The fold of what was appended so far; KeyError where the turn is not held."""

    def saved(self, turn_id: str, seq: int) -> None:
        """The rows hold how the turn stood behind that event: what came before it need not be kept for a recovery."""

    def lose(self, turn_id: str) -> bool:
        """Another worker writes this turn now. True where its followers are told by what that one writes; False where nobody
        else can tell them."""

    def forget(self, turn_id: str) -> None:
        """Drop a turn's log now."""


class MemoryTurn:
    """The log of one turn in this process's memory."""

    __slots__ = ("base", "ended", "lost", "records", "turn_id", "view", "watchers")

    def __init__(self, turn_id: str, past: Past | None = None) -> None:
        self.turn_id = turn_id
        self.view = TurnView()
        self.records: list[Record] = []
        self.base = 0  # the number before the first record that is held
        self.ended = self.lost = False
        self.watchers: list[Callable[[], None]] = []
        if past is not None:
            if past.base is not None:
                self.stand(past.base)
            for event in past.events:
                self.append(event)

    def stand(self, standing: Record) -> None:
        """Go on from how the turn stands behind that number; what was held of it before is let go."""
        assert isinstance(standing.event, Snapshot)
        self.view, self.base = TurnView.standing(standing.event), standing.seq
        self.records.clear()

    @property
    def last(self) -> int:
        return self.base + len(self.records)

    @property
    def known(self) -> int:
        return self.last

    def append(self, event: Event) -> None:
        self.view.apply(event)
        self.records.append(Record(self.base + len(self.records) + 1, event))
        if len(self.records) >= 2 * HOLD_RECORDS:
            del self.records[:HOLD_RECORDS]
            self.base += HOLD_RECORDS
        if is_terminal(event):
            self.ended = True

    def after(self, seq: int) -> list[Record] | None:
        start = seq - self.base
        if start < 0:
            return None
        return self.records[start:] if start else self.records.copy()

    def snapshot(self) -> Record:
        return Record(self.last, self.view.snapshot())

    def wake(self) -> None:
        """Wake all who watch."""
        for wake in self.watchers.copy():
            wake()

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

    async def start(self, worker: str) -> None:
        return

    async def stop(self) -> None:
        return

    def open(self, turn_id: str, fence: int = 1, past: Past | None = None) -> MemoryTurn:
        turn = self._turns[turn_id] = MemoryTurn(turn_id, past)
        return turn

    def append(self, turn_id: str, events: Iterable[Event]) -> None:
        turn = self._turns[turn_id]
        for event in events:
            turn.append(event)
        turn.wake()
        if turn.ended:
            self._hold(turn)

    def find(self, turn_id: str) -> TurnRecord | None:
        return self._turns.get(turn_id)

    def view(self, turn_id: str) -> TurnView:
        return self._turns[turn_id].view

    def saved(self, turn_id: str, seq: int) -> None:
        return

    def lose(self, turn_id: str) -> bool:
        return False

    def forget(self, turn_id: str) -> None:
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
