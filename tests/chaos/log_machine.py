"""A turn's log under everything that can happen to it, as a hypothesis state machine: written, read at any offset by readers
that come and go, here and on another worker, trimmed, emptied, cut off, taken over.

The law: whatever a reader was shown is a prefix of the turn, and what it is shown next is exactly the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chat_app.domain.errors import NotFound
from chat_app.domain.events import Event, Snapshot
from chat_app.domain.turn import TurnView, fold, is_terminal
from chat_app.streaming.follow import Follower, LiveFollower
from chat_app.streaming.log import EventLog, MemoryLog, Record
from chat_app.streaming.stored import Standing
from tests.chat_app.scripts import answers

TURN = "trn_machine"
PATIENCE = 20.0


@dataclass
class Rows:
    """The turn's row: how it stood at its last checkpoint, and its end once that is stored."""

    standing: Standing = field(default_factory=lambda: Standing(Record(0, Snapshot("running", None, "", ()))))

    async def look(self, turn_id: str) -> Standing:
        if turn_id != TURN:
            raise NotFound
        return self.standing

    async def numbers(self, turn_ids: Any) -> dict[str, tuple[bool, int]]:
        ended = self.standing.terminal is not None
        return {TURN: (not ended, self.standing.snapshot.seq + ended)}

    def save(self, events: Sequence[Event]) -> None:
        """The row after these events; the last of them may be the end."""
        terminal: Any = events[-1] if events and is_terminal(events[-1]) else None
        shown = fold(events[: len(events) - (terminal is not None)])
        record = Record(len(events) - (terminal is not None), shown.snapshot())
        self.standing = Standing(record, terminal)


class Reader:
    """A client: remembers where it is, and checks each record against the turn as it is written."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.seq: int | None = None
        self.view = TurnView()
        self.ended = False
        self.follower: Follower | None = None

    def take(self, record: Record, turn: Sequence[Event]) -> None:
        event = record.event
        assert not self.ended, "something came behind the end"
        if isinstance(event, Snapshot):
            assert record.seq >= (self.seq or 0), "a snapshot led back"
            whole = fold(turn[: record.seq])
            assert event.items == whole.items, "a snapshot is not the turn's"
            self.view = TurnView.standing(event)
        else:
            assert record.seq == (self.seq or 0) + 1, f"{record.seq} came behind {self.seq}"
            assert event == turn[record.seq - 1], "an event is not the turn's"
            self.view.apply(event)
            self.ended = is_terminal(event)
        self.seq = record.seq


class LogMachine(RuleBasedStateMachine):
    """The rules for every log. `writer` is where the turn runs; `far` is where else it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.rows = Rows()
        self.turn: list[Event] = []  # what was appended so far
        self.script: list[Event] = []
        self.readers: list[Reader] = []
        self.fence = 1
        self.writer = self.run(self.begin())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def in_time() -> Any:
            async with asyncio.timeout(PATIENCE):
                return await work

        return self.loop.run_until_complete(in_time())

    # what a backend fills in

    async def begin(self) -> EventLog:
        log = MemoryLog()
        log.open(TURN, self.fence)
        return log

    def follow(self, reader: Reader) -> Follower:
        turn = self.writer.find(TURN)
        assert turn is not None
        return LiveFollower(turn, reader.seq)

    def places(self) -> list[str]:
        return ["near"]

    # rules

    @initialize(script=answers())
    def script_is_given(self, script: list[Event]) -> None:
        self.script = script

    @property
    def over(self) -> bool:
        return bool(self.turn) and is_terminal(self.turn[-1])

    @precondition(lambda self: not self.over)
    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        self.say(self.script[len(self.turn) : len(self.turn) + count])

    def say(self, events: Sequence[Event]) -> None:
        self.turn += events
        if self.over:
            self.rows.save(self.turn)  # stored before it is told

        async def append() -> None:
            self.writer.append(TURN, events)

        self.run(append())

    @rule()
    def checkpoint(self) -> None:
        if not self.over:
            self.rows.save(self.turn)
            self.writer.saved(TURN, len(self.turn))

    @rule(data=st.data())
    def reader_comes(self, data: st.DataObject) -> None:
        reader = Reader(data.draw(st.sampled_from(self.places())))
        known = data.draw(st.one_of(st.none(), st.just(0)))
        reader.seq = known
        self.readers.append(reader)

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), most=st.integers(1, 4))
    def reader_reads(self, data: st.DataObject, most: int) -> None:
        self.run(self.read(data.draw(st.sampled_from(self.readers)), most))

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def reader_is_cut_off(self, data: st.DataObject) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        self.cut(reader)
        reader.at = data.draw(st.sampled_from(self.places()))

    @rule()
    def time_passes(self) -> None:
        self.run(asyncio.sleep(0.005))

    def cut(self, reader: Reader) -> None:
        async def close() -> None:
            if reader.follower is not None:
                reader.follower.close()
                reader.follower = None

        self.run(close())

    async def read(self, reader: Reader, most: int, patience: float = 0.01) -> None:
        """Let a reader take what there is, at most so many records, as long as something comes."""
        if reader.ended:
            return
        if reader.follower is None:
            reader.follower = self.follow(reader)
        try:
            async with asyncio.timeout(patience):
                while most > 0 and not reader.ended:
                    records = await reader.follower.next()
                    if records is None:
                        reader.follower = None
                        return
                    for record in records:
                        reader.take(record, self.turn)
                    most -= len(records)
        except TimeoutError:
            reader.follower.close()
            reader.follower = None

    @invariant()
    def shown_is_a_prefix(self) -> None:
        for reader in self.readers:
            if not reader.ended:
                assert reader.view.items == fold(self.turn[: reader.seq or 0]).items

    def teardown(self) -> None:
        try:
            if self.script and not self.over:
                self.say(self.script[len(self.turn) :])
            for reader in self.readers:
                self.run(self.to_the_end(reader))
                assert reader.view.text == fold(self.script).text
        finally:
            self.run(self.end())
            self.loop.close()

    async def to_the_end(self, reader: Reader) -> None:
        while not reader.ended:
            await self.read(reader, 100, patience=5)

    async def end(self) -> None:
        for reader in self.readers:
            if reader.follower is not None:
                reader.follower.close()
        await self.writer.stop()
