"""The event reader: what it makes of bytes, however they are cut."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.domain.errors import UpstreamError
from chat_app.providers.sse import Event, EventReader
from tests.upstream.recorded import FOLDER

NAMES = sorted(path.stem for path in FOLDER.glob("*.sse"))


def read(*pieces: bytes) -> list[Event]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)] + reader.finish()


@pytest.mark.parametrize("name", NAMES)
def test_recording_cut_at_any_byte_gives_the_same_events(name: str) -> None:
    data = (FOLDER / f"{name}.sse").read_bytes()
    whole = read(data)
    assert len(whole) >= 4
    for cut in range(len(data) + 1):
        assert read(data[:cut], data[cut:]) == whole


@pytest.mark.parametrize("name", NAMES)
def test_recording_byte_by_byte_gives_the_same_events(name: str) -> None:
    data = (FOLDER / f"{name}.sse").read_bytes()
    assert read(*(data[n : n + 1] for n in range(len(data)))) == read(data)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_every_kind_are_read_at_every_cut(end: bytes) -> None:
    data = end.join([b": hello", b"data: one", b"data: two", b"", b"event: done", b"data:", b"", b""])
    for cut in range(len(data) + 1):
        assert read(data[:cut], data[cut:]) == [(b"", b"one\ntwo"), (b"done", b"")]


def test_event_is_given_as_soon_as_its_blank_line_is_there() -> None:
    assert EventReader().feed(b"data: x\r\n\r\n") == [(b"", b"x")]
    assert EventReader().feed(b"data: x\r\r") == [(b"", b"x")]


def test_comments_ids_and_unknown_fields_are_no_events() -> None:
    assert read(b": ping\n\nid: 7\nretry: 10\n\nfoo: bar\n\ndata\n\n") == [(b"", b"")]


def test_one_leading_space_is_dropped_and_no_more() -> None:
    assert read(b"data:  two\n\ndata:none\n\n") == [(b"", b" two"), (b"", b"none")]


def test_byte_order_mark_at_the_start_is_dropped_and_no_other() -> None:
    mark = "\ufeff".encode()
    assert read(mark + b"data: a\n\n", b"data: " + mark + b"\n\n") == [(b"", b"a"), (b"", mark)]


def test_event_without_its_blank_line_counts_at_the_end() -> None:
    assert read(b"data: [DONE]") == [(b"", b"[DONE]")]


def test_megabyte_line_in_small_reads_is_read_in_linear_time() -> None:
    line = b"data: " + b"x" * (1024 * 1024) + b"\n\n"
    began = time.process_time()
    events = read(*(line[n : n + 16] for n in range(0, len(line), 16)))
    assert [len(data) for _, data in events] == [1024 * 1024]
    assert time.process_time() - began < 5


def test_event_beyond_the_limit_is_refused() -> None:
    reader = EventReader(limit=1000)
    for _ in range(9):
        reader.feed(b"data: " + b"x" * 100 + b"\n")
    with pytest.raises(UpstreamError, match="too large"):
        reader.feed(b"data: " + b"x" * 100 + b"\n")


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20), max_size=8
    ),
    st.data(),
)
def test_any_lines_survive_any_cuts(lines: list[str], draw: st.DataObject) -> None:
    wire = b"".join(b"data: " + line.encode() + b"\n\n" for line in lines)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    edges = [0, *cuts, len(wire)]
    pieces = [wire[a:b] for a, b in pairwise(edges)]
    assert [data.decode() for _, data in read(*pieces)] == lines
