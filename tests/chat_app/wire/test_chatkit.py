"""ChatKit's wire format, line by line: every event against a golden line that ChatKit's own types would write; what a client is
told that comes late or comes back; what no client is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.domain.events import (
    Event,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    Snapshot,
    TextDelta,
)
from chat_app.domain.turn import TurnView
from chat_app.streaming.log import Record
from chat_app.wire import chatkit, native
from chat_app.wire.chatkit_events import Encoder
from tests.chat_app.scripts import texts
from tests.chat_app.wire.chatkit_script import CALL, EVENTS, HIDDEN, INFO, OPEN, SECRET, WHOLE, WIDGET
from tests.live.chatkit import strict
from tests.live.chatkit.folded import Folded

GOLDEN = Path(__file__).parent / "golden" / "chatkit.jsonl"


def encoder(behind: int = 0) -> Encoder:
    return Encoder("trn_1", INFO, chatkit.Shapes(lambda name: f"http://127.0.0.1/{name}"), behind)


def payloads(frames: bytes) -> list[bytes]:
    """What the frames say, one `data:` line each."""
    found = []
    for block in frames.decode().split("\n\n")[:-1]:
        *ids, data = block.split("\n")
        assert all(line.startswith("id: trn_1:") for line in ids)
        found.append(data.removeprefix("data: ").encode())
    return found


def lines(events: Sequence[Event | Snapshot]) -> list[bytes]:
    """What one stream is told of these, a line an event, its frames divided by tabs."""
    one = encoder()
    return [b"\t".join(payloads(one.frame(Record(n, event)))) for n, event in enumerate(events, 1)]


def told(events: Sequence[Event | Snapshot], behind: int = 0, first: int = 1) -> list[Any]:
    """The events that a client is sent."""
    one = encoder(behind)
    frames = b"".join(one.frame(Record(n, event)) for n, event in enumerate(events, first))
    return [orjson.loads(payload) for payload in payloads(frames)]


@pytest.mark.parametrize("n", range(len(EVENTS)), ids=[type(event).__name__ for event in EVENTS])
def test_event_is_encoded_as_its_golden_line(n: int) -> None:
    assert lines(EVENTS)[n] == GOLDEN.read_bytes().split(b"\n")[n]


def test_every_kind_of_event_has_a_golden_line() -> None:
    assert {type(event) for event in EVENTS} == set(native._KINDS)
    assert GOLDEN.read_bytes().count(b"\n") == len(EVENTS)


def test_golden_lines_are_what_chatkits_types_would_write() -> None:
    for payload in GOLDEN.read_text().replace("\t", "\n").split("\n"):
        assert not payload or strict.well_formed(payload)


def test_what_is_for_the_model_alone_is_on_no_line() -> None:
    assert SECRET.encode() not in GOLDEN.read_bytes()
    assert b"hid_1" not in GOLDEN.read_bytes()


def test_last_frame_of_a_record_has_its_number() -> None:
    frames = encoder().frame(Record(7, ItemAdded(OPEN)))
    assert frames.count(b"data: ") == 2
    assert [line for line in frames.split(b"\n") if line.startswith(b"id:")] == [b"id: trn_1:7"]
    assert frames.rindex(b"id: trn_1:7") > frames.index(b"data: ")


@given(text=texts, seq=st.integers(1, 10**9))
def test_delta_put_together_by_hand_is_the_json_of_its_fields(text: str, seq: int) -> None:
    (payload,) = payloads(encoder().frame(Record(seq, TextDelta("msg_1", text))))
    update = {"type": "assistant_message.content_part.text_delta", "content_index": 0, "delta": text}
    assert json.loads(payload) == {"type": "thread.item.updated", "item_id": "msg_1", "update": update}
    strict.well_formed(payload.decode())


def test_bytes_of_a_delta_are_made_once_for_all_streams() -> None:
    record = Record(1, TextDelta("msg_1", "hello"))
    assert encoder().frame(record) is encoder().frame(record)


def test_opening_ends_with_an_id_before_the_first_event() -> None:
    frames = chatkit.opening(INFO, "trn_1:0", is_new=True, item=None, answered=False, expired=["itm_1"])
    events = [orjson.loads(payload) for payload in payloads(frames)]
    assert [e["type"] for e in events] == ["thread.created", "thread.item.removed", "stream_options"]
    assert frames.count(b"id: ") == 1
    assert b'id: trn_1:0\ndata: {"type":"stream_options"' in frames


# A client that comes back, or comes late


@pytest.mark.parametrize("cut", range(len(EVENTS) + 1))
def test_client_that_comes_back_is_told_the_rest_and_nothing_twice(cut: int) -> None:
    assert told(EVENTS[:cut]) + told(EVENTS, behind=cut) == told(EVENTS)


def snapshot(*events: Event) -> Snapshot:
    view = TurnView()
    view.state = "running"
    for event in events:
        view.apply(event)
    return view.snapshot()


def test_snapshot_tells_a_newcomer_what_goes_on_and_what_is_whole() -> None:
    stands = snapshot(ItemDone(WIDGET), ItemAdded(OPEN), ItemAdded(HIDDEN))
    assert [(e["type"], e.get("item", {}).get("type")) for e in told([stands])] == [
        ("thread.item.done", "widget"),
        ("thread.item.added", "assistant_message"),
        ("thread.item.updated", None),
    ]


def test_snapshot_tells_a_tool_once_and_only_when_its_call_is_whole() -> None:
    going, whole = snapshot(ItemAdded(CALL)), snapshot(ItemDone(CALL))
    assert told([going]) == []
    assert [e["type"] for e in told([going, whole, whole])] == ["thread.item.done"]
    assert told([ItemDone(CALL), whole])[1:] == []
    assert told([whole], behind=5, first=9) == []  # whether it ran before is not known: never twice


def test_snapshot_tells_one_who_knows_only_what_has_changed_or_gone() -> None:
    first = snapshot(ItemDone(WIDGET), ItemAdded(OPEN))
    later = snapshot(ItemAdded(OPEN), TextDelta("msg_1", "more"))
    events = told([first, first, later, later])
    assert [e["type"] for e in events[3:]] == ["thread.item.removed", "thread.item.replaced"]
    assert events[-1]["item"]["content"][0]["text"] == "more"


def test_snapshot_puts_things_in_their_place_for_one_of_whom_nothing_is_known() -> None:
    stands = snapshot(ItemDone(WIDGET), ItemAdded(OPEN))
    assert [e["type"] for e in told([stands], behind=5, first=9)] == [
        "thread.item.done", "thread.item.done", "thread.item.updated",
    ]  # fmt: skip


def test_snapshot_that_is_older_than_what_the_client_has_does_not_hide_what_was_lost_since() -> None:
    stands = snapshot(ItemAdded(OPEN), TextDelta("msg_1", "kept"))
    ended = replace(stands, open=frozenset())
    one = encoder(behind=9)
    assert one.frame(Record(5, stands)) == b""
    (event,) = (orjson.loads(payload) for payload in payloads(one.frame(Record(1009, ended))))
    assert (event["type"], event["item"]["content"][0]["text"]) == ("thread.item.done", "kept")


@given(st.integers(0, 40), st.data())
def test_snapshot_and_what_follows_it_fold_to_the_whole(at: int, data: st.DataObject) -> None:
    events: list[Event] = [
        ItemAdded(OPEN),
        *(TextDelta("msg_1", f"{n} ") for n in range(40)),
        ItemDone(WIDGET),
    ]
    seen = data.draw(st.integers(0, at))
    told_before, rest = told(events[:seen]), encoder(0)
    held = Folded()
    for event in told_before:
        held.take(event)
    for n, before in enumerate(events[:seen], 1):
        rest.frame(Record(n, before))
    stands = Record(at + 1, snapshot(*events[: at + 1]))
    behind = [Record(n, event) for n, event in enumerate(events, 1) if n > at + 1]
    for record in (stands, *behind):
        for payload in payloads(rest.frame(record)):
            held.take(orjson.loads(payload))
    assert held.texts() == ["".join(f"{n} " for n in range(40))]
    assert len(held.items) == 2
    assert held.orphans == 0


def test_removed_item_that_no_client_was_shown_is_not_told() -> None:
    assert told([ItemAdded(HIDDEN), ItemRemoved("hid_1"), ItemAdded(CALL), ItemRemoved("itm_1")]) == []


def test_whole_item_told_again_replaces() -> None:
    assert [e["type"] for e in told([ItemDone(WHOLE), ItemDone(WHOLE)])] == [
        "thread.item.done",
        "thread.item.replaced",
    ]
