"""The log in memory: numbers, cuts, snapshots, waking. The same suite serves every log there will be."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.domain.events import (
    Completed,
    Event,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemUpdated,
    RouteChosen,
    Snapshot,
    TextDelta,
)
from chat_app.domain.turn import ANSWER, IllegalEvent, TurnView, is_terminal
from chat_app.streaming import follow, log
from chat_app.streaming.follow import LiveFollower
from chat_app.streaming.log import MemoryLog, Record
from tests.chat_app.scripts import USAGE, answers


class Client:
    """A client as the contract wants it: replaces all by a snapshot, applies the rest, remembers the last number."""

    def __init__(self) -> None:
        self.seq: int | None = None
        self.text = ""
        self.items: dict[str, ItemData] = {}
        self.order: list[int] = []
        self.ended = False

    def take(self, record: Record) -> None:
        event = record.event
        self.order.append(record.seq)
        self.seq = record.seq
        match event:
            case Snapshot():
                self.items = {item.id: item for item in event.items}
            case ItemAdded() | ItemUpdated() | ItemDone():
                self.items[event.item.id] = event.item
            case TextDelta():
                item = self.items[event.item_id]
                self.items[event.item_id] = replace(item, text=item.text + event.text)
            case _ if is_terminal(event):
                self.ended, self.text = True, event.text  # type: ignore[union-attr]
            case _:
                removed = getattr(event, "item_id", None)
                self.items.pop(removed or "", None)

    @property
    def shown(self) -> str:
        return "\n\n".join(item.text for item in self.items.values() if item.kind == ANSWER and item.text)

    def sees(self, store: MemoryLog) -> bool:
        """Whether its items are those of the turn, in the same order."""
        return tuple(self.items.values()) == store.view("trn_1").items


async def read(store: MemoryLog, client: Client, most: int) -> None:
    """Follow from where the client stands until `most` records came or the turn has ended."""
    turn = store.find("trn_1")
    assert turn is not None
    follower = LiveFollower(turn, client.seq)
    try:
        while most > 0 and (records := await follower.next()) is not None:
            for record in records[:most]:
                client.take(record)
            most -= len(records)
            if client.ended:
                return
    finally:
        follower.close()


@given(events=answers(), data=st.data())
def test_follower_cut_off_anywhere_misses_nothing_and_repeats_nothing(
    events: list[Event], data: st.DataObject
) -> None:
    async def scenario() -> None:
        store, client, sent = MemoryLog(), Client(), 0
        store.open("trn_1")
        client.seq = 0
        while not client.ended:
            burst = data.draw(st.integers(min(1, len(events) - sent), len(events) - sent), label="sent")
            store.append("trn_1", events[sent : sent + burst])
            sent += burst
            turn = store.find("trn_1")
            assert turn is not None
            there = turn.last - (client.seq or 0)
            if there:
                await read(store, client, data.draw(st.integers(1, there), label="read before the cut"))
        assert client.order == list(range(1, len(events) + 1))
        assert client.shown == client.text == events[-1].text  # type: ignore[union-attr]
        assert client.sees(store)

    asyncio.run(scenario())


@given(events=answers(), data=st.data())
def test_follower_without_a_place_begins_with_a_snapshot_and_ends_alike(
    events: list[Event], data: st.DataObject
) -> None:
    async def scenario() -> None:
        store, client = MemoryLog(), Client()
        store.open("trn_1")
        cut = data.draw(st.integers(0, len(events) - 1))
        store.append("trn_1", events[:cut])
        turn = store.find("trn_1")
        assert turn is not None
        follower = LiveFollower(turn, None)
        if cut:
            first = await follower.next()
            assert first is not None
            assert isinstance(first[0].event, Snapshot)
            client.take(first[0])
        store.append("trn_1", events[cut:])
        while (records := await follower.next()) is not None:
            for record in records:
                client.take(record)
        assert client.shown == client.text == events[-1].text  # type: ignore[union-attr]
        assert client.sees(store)

    asyncio.run(scenario())


def long_turn(deltas: int) -> list[Event]:
    said = "x" * deltas
    return [
        RouteChosen("demo", 1),
        ItemAdded(ItemData("msg_1", ANSWER)),
        *(TextDelta("msg_1", "x") for _ in range(deltas)),
        ItemDone(ItemData("msg_1", ANSWER, said)),
        Completed(said, "demo", USAGE),
    ]


@pytest.mark.parametrize("ended", [False, True])
def test_reader_too_far_behind_gets_a_snapshot_in_place_of_what_is_gone(ended: bool) -> None:
    async def scenario() -> None:
        events = long_turn(3 * log.HOLD_RECORDS)
        store, client = MemoryLog(), Client()
        turn = store.open("trn_1")
        store.append("trn_1", events if ended else events[:-2])
        assert len(turn.records) < 2 * log.HOLD_RECORDS
        follower = LiveFollower(turn, 0)
        first = await follower.next()
        assert first is not None
        assert isinstance(first[0].event, Snapshot)
        if not ended:
            store.append("trn_1", events[-2:])
        for record in first:
            client.take(record)
        while (records := await follower.next()) is not None:
            for record in records:
                client.take(record)
        assert client.ended
        assert client.shown == "x" * (3 * log.HOLD_RECORDS)
        assert client.seq == len(events)

    asyncio.run(scenario())


def test_follower_at_the_last_number_of_an_ended_turn_has_nothing_to_come() -> None:
    async def scenario() -> None:
        store = MemoryLog()
        turn = store.open("trn_1")
        store.append("trn_1", long_turn(3))
        assert await LiveFollower(turn, turn.last).next() is None

    asyncio.run(scenario())


def test_follower_that_hears_nothing_gets_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "HEARTBEAT_SECONDS", 0.02)

    async def scenario() -> None:
        store = MemoryLog()
        follower = LiveFollower(store.open("trn_1"), 0)
        assert await follower.next() == []
        store.append("trn_1", [RouteChosen("demo", 1)])
        assert [r.seq for r in await follower.next() or []] == [1]
        follower.close()

    asyncio.run(scenario())


def test_closed_follower_ends_its_reader() -> None:
    async def scenario() -> None:
        follower = LiveFollower(MemoryLog().open("trn_1", None), 0)
        waiting = asyncio.create_task(follower.next())
        await asyncio.sleep(0)
        follower.close()
        assert await asyncio.wait_for(waiting, 1) is None

    asyncio.run(scenario())


def test_illegal_event_is_refused_and_not_kept() -> None:
    store = MemoryLog()
    turn = store.open("trn_1")
    with pytest.raises(IllegalEvent):
        store.append("trn_1", [TextDelta("msg_1", "x")])
    assert turn.after(0) == []
    assert turn.view.snapshot() == TurnView().snapshot()


def test_ended_turn_is_forgotten_after_its_time() -> None:
    async def scenario() -> None:
        store = MemoryLog(hold_seconds=0.01)
        store.open("trn_1")
        store.append("trn_1", long_turn(1))
        assert store.find("trn_1") is not None
        await asyncio.sleep(0.05)
        assert store.find("trn_1") is None

    asyncio.run(scenario())


def test_ended_turns_beyond_the_room_are_forgotten_oldest_first() -> None:
    async def scenario() -> None:
        store, turns = MemoryLog(hold_ended=25), [f"trn_{n}" for n in range(10)]
        running = store.open("running")
        for turn_id in turns:
            store.open(turn_id)
            store.append(turn_id, long_turn(6))
        one = len(store.find("trn_9").records)  # type: ignore[union-attr]
        kept = [turn_id for turn_id in turns if store.find(turn_id)]
        assert kept == turns[-(25 // one) :]
        assert store.find("running") is running
        store.forget("trn_9")
        assert len(store) == len(kept)

    asyncio.run(scenario())
