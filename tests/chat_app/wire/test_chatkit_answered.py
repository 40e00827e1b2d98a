"""What the connector is told beside ChatKit's own words, line by line, and that nobody else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from chat_app.domain.events import (
    Cancelled,
    Completed,
    Event,
    Failed,
    Interrupted,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    Snapshot,
    StreamOptions,
    TextDelta,
    UsageData,
)
from chat_app.domain.shapes import ItemInfo
from chat_app.streaming.log import Record
from chat_app.wire import chatkit
from chat_app.wire.chatkit_events import Encoder
from tests.chat_app.scripts import ANSWER, USAGE
from tests.chat_app.wire.chatkit_script import EVENTS, INFO, MADE, NOTED, OPEN, SAID, WHOLE, item
from tests.live.chatkit import strict

GOLDEN = Path(__file__).parent / "golden" / "chatkit_answered.jsonl"
ELSEWHERE = item("msg_3", ANSWER, "Hello", requested_model="large")
FAILED = Failed("upstream_timeout", "The model took too long to answer.", True, "half")
SCRIPTS: dict[str, list[Event | Snapshot]] = {
    "whole": [ItemAdded(OPEN), TextDelta("msg_1", SAID), ItemDone(WHOLE), Completed(SAID, "demo", USAGE)],
    "elsewhere": [ItemDone(ELSEWHERE), StreamOptions(False), Completed("Hello", "demo", USAGE)],
    "stopped": [ItemDone(NOTED), ItemAdded(OPEN), ItemDone(OPEN), Cancelled("", USAGE)],
    "stopped between": [ItemDone(NOTED), ItemAdded(OPEN), ItemDone(OPEN), ItemDone(ELSEWHERE), Cancelled("")],
    "failed": [ItemAdded(OPEN), ItemDone(OPEN), FAILED],
    "failed before a word": [FAILED],
    "restart": [ItemAdded(OPEN), ItemDone(OPEN), Interrupted("half", "restart")],
    "taken back": [ItemDone(NOTED), ItemRemoved("msg_2"), Completed("", "demo", USAGE)],
    "read from its row": [
        Snapshot("cancelled", "demo", "", (item("msg_1", ANSWER, "half", state="cancelled"), NOTED)),
        Cancelled("half"),
    ],
    "joined late": [
        Snapshot("running", "demo", "", (NOTED, OPEN), frozenset({"msg_1"})),
        ItemDone(OPEN),
        Cancelled(""),
    ],
}


def encoder(*, more: bool, behind: int = 0) -> Encoder:
    return Encoder("trn_1", INFO, chatkit.Shapes(lambda name: name, more=more), behind)


def line(events: Sequence[Event | Snapshot], behind: int = 0, *, more: bool = True) -> bytes:
    """What one stream is told of these, its frames divided by tabs."""
    one = encoder(more=more, behind=behind)
    frames = b"".join(one.frame(Record(n, event)) for n, event in enumerate(events, 1))
    return b"\t".join(own.split(b"data: ")[1] for own in frames.split(b"\n\n")[:-1])


def told(line: bytes) -> list[Any]:
    return [orjson.loads(own) for own in line.split(b"\t") if own]


@pytest.mark.parametrize("name", SCRIPTS)
def test_stream_of_the_connector_is_its_golden_line(name: str) -> None:
    lines = GOLDEN.read_bytes().split(b"\n")[:-1]
    assert len(lines) == len(SCRIPTS)
    assert line(SCRIPTS[name]) == lines[[*SCRIPTS].index(name)]


@pytest.mark.parametrize("events", [*SCRIPTS.values(), EVENTS[:-3]], ids=[*SCRIPTS, "all"])
def test_without_what_is_added_it_is_what_everybody_is_told(events: list[Event | Snapshot]) -> None:
    more = [strict.official(own) for own in told(line(events)) if "answered" not in own]
    assert more == told(line(events, more=False))


@pytest.mark.parametrize("cut", range(5))
@pytest.mark.parametrize("name", ["whole", "stopped", "elsewhere"])
def test_who_comes_back_is_told_the_same_end(name: str, cut: int) -> None:
    events = SCRIPTS[name]
    assert told(line(events[:cut])) + told(line(events, behind=cut)) == told(line(events))


def test_delta_of_the_connector_has_the_bytes_of_all_others() -> None:
    record = Record(1, TextDelta("msg_1", "hello"))
    assert encoder(more=True).frame(record) is encoder(more=False).frame(record)


def test_stored_answer_is_told_with_its_rating_and_what_its_turn_used() -> None:
    stored = ItemInfo(
        "msg_1", "thr_1", "trn_1", 2, ANSWER, "half", MADE, "demo", "positive", {"state": "cancelled"}
    )
    shapes = chatkit.Shapes(lambda name: name, more=True)
    used = UsageData(3, 4, True, "0.5")
    shown = shapes.info(stored, used)
    assert shown is not None
    assert shown["answered"] == {
        "model": "demo",
        "state": "cancelled",
        "feedback": "positive",
        "usage": {
            "input_tokens": 3,
            "output_tokens": 4,
            "total_tokens": 7,
            "estimated": True,
            "cost": "0.5",
            "currency": "USD",
        },
    }
    question = shapes.info(replace(stored, kind="user_message"), used)
    assert question is not None
    assert "answered" not in question
    bare = chatkit.Shapes(lambda name: name).info(stored, used)
    assert bare is not None
    assert bare == {key: own for key, own in shown.items() if key != "answered"}
