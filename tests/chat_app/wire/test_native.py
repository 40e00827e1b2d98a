"""The native wire format, line by line: every event kind against a golden line, framing against what readers do with it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.domain.events import Event, Snapshot, StreamOptions, TextDelta
from chat_app.domain.turn import TERMINAL_STATE, fold
from chat_app.streaming.log import Record
from chat_app.wire import native, sse
from chat_app.wire.plain import PlainEncoder
from tests.chat_app.scripts import ANSWER, ONE_OF_EACH, texts

GOLDEN = (Path(__file__).parent / "golden" / "native.jsonl").read_bytes().splitlines()
EVENTS: list[Event | Snapshot] = [*ONE_OF_EACH, fold(ONE_OF_EACH[:4]).snapshot()]


def encoder() -> native.Encoder:
    return native.Encoder("trn_1", "thr_1")


@pytest.mark.parametrize("n", range(len(EVENTS)), ids=[type(event).__name__ for event in EVENTS])
def test_event_is_encoded_as_its_golden_line(n: int) -> None:
    assert encoder().frame(Record(n + 1, EVENTS[n])) == GOLDEN[n]


def test_every_kind_of_event_has_a_golden_line() -> None:
    kinds = {type(event) for event in EVENTS}
    assert kinds == set(native._KINDS)
    assert len(GOLDEN) == len(EVENTS)


def test_what_chatkits_front_ends_alone_ask_is_not_told() -> None:
    record = Record(1, StreamOptions(allow_cancel=False))
    assert (encoder().frame(record), encoder().sse_frame(record)) == (b"", b"")


def test_no_event_holds_a_null() -> None:
    assert not [line for line in GOLDEN if b":null" in line]


def test_bytes_are_made_once_for_all_followers() -> None:
    record = Record(1, ONE_OF_EACH[0])
    assert encoder().sse_frame(record) is encoder().sse_frame(record)


@given(text=texts, seq=st.integers(1, 10**9))
def test_delta_put_together_by_hand_is_the_json_of_its_fields(text: str, seq: int) -> None:
    frame = encoder().frame(Record(seq, TextDelta("msg_1", text)))
    fields = {"type": "delta", "turn_id": "trn_1", "item_id": "msg_1", "seq": seq, "text": text}
    assert orjson.loads(frame) == fields


def standard_reader(body: str) -> list[tuple[str, str]]:
    """(event, data) as the HTML standard reads a stream."""
    found, name, data = [], "message", list[str]()
    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            if data:
                found.append((name, "\n".join(data)))
            name, data = "message", []
        elif line.startswith("event:"):
            name = line[6:].removeprefix(" ")
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    return found


def examples_reader(body: str) -> str:
    """What example 2's front end shows of a stream."""
    return "".join(line[6:] for line in body.split("\n") if line.startswith("data: "))


def framed(event: Event) -> bytes:
    return PlainEncoder().frame(Record(1, event))


@given(st.lists(texts, min_size=1))
def test_plain_framing_gives_a_standard_reader_the_text(tokens: list[str]) -> None:
    body = b"".join(framed(TextDelta("msg_1", token)) for token in tokens).decode()
    expected = [token.replace("\r\n", "\n").replace("\r", "\n") for token in tokens]
    assert [data for _, data in standard_reader(body)] == expected


@given(st.lists(texts.filter(lambda text: "\r" not in text), min_size=1))
def test_plain_framing_gives_the_examples_reader_the_text_but_for_line_breaks(tokens: list[str]) -> None:
    frames = [framed(TextDelta("msg_1", token)) for token in tokens]
    body = b"".join([*frames, sse.named("done")]).decode()
    assert examples_reader(body) == "".join(tokens).replace("\n", "")


@pytest.mark.parametrize(
    "event", [e for e in ONE_OF_EACH if type(e) in TERMINAL_STATE], ids=lambda e: type(e).__name__
)
def test_plain_framing_ends_with_one_named_event(event: Event) -> None:
    ((name, data),) = standard_reader(framed(event).decode())
    assert name in ("done", "error")
    assert (name == "done") is (data == "")
    assert framed(event)[-2:] == b"\n\n"


@given(texts)
def test_typed_frame_is_one_event_whatever_the_text(text: str) -> None:
    frame = encoder().sse_frame(Record(7, TextDelta("msg_1", text))).decode()
    ((name, data),) = standard_reader(frame)
    assert (name, orjson.loads(data)["text"]) == ("delta", text)
    assert frame.startswith("id: 7\n")


def test_items_are_named_by_chatkits_types() -> None:
    line = orjson.loads(GOLDEN[2])
    assert line["item"]["type"] == ANSWER
