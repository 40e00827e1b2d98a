"""Example 2's stream as it is written there: every token comes back, newlines and all, and the standard is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.domain.errors import UpstreamError
from chat_app.providers.custom.stream import LooseReader
from chat_app.providers.sse import EventReader
from tests.upstream.recorded import recorded

TOKENS = st.lists(
    st.sampled_from(["a", "Hello ", " ", "", "\n", "\n\n", "x\ny", "\n- z", "1. ", "é😀"]), max_size=12
)


def frames(tokens: list[str]) -> bytes:
    """What example 2's generator yields."""
    return "".join(f"data: {token}\n\n" for token in tokens).encode()


def read(reader: LooseReader | EventReader, *pieces: bytes) -> list[tuple[bytes, bytes]]:
    return [event for piece in pieces for event in reader.feed(piece)] + reader.finish()


def text(events: list[tuple[bytes, bytes]]) -> str:
    return b"".join(data for name, data in events if not name).decode()


@given(TOKENS, st.integers(0, 200))
def test_every_token_comes_back_cut_at_any_place(tokens: list[str], cut: int) -> None:
    data = frames(tokens)
    assert text(read(LooseReader(), data[:cut], data[cut:])) == "".join(tokens)


@pytest.mark.parametrize("name", ["custom_typed", "custom_plain", "openai", "gateway"])
def test_stream_that_keeps_to_the_standard_reads_the_same(name: str) -> None:
    data, _ = recorded(name)
    for cut in range(len(data)):
        assert read(LooseReader(), data[:cut], data[cut:]) == read(EventReader(), data)


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"data: a\ndata: b\n\n", [(b"", b"a\nb")]),
        (b"data: a\r\n\r\ndata:b\r\n\r\n", [(b"", b"a"), (b"", b"b")]),
        (b"data: a\n\n: ping\n\ndata: b\n\n", [(b"", b"a"), (b"", b"b")]),
        (b"retry: 5\n\nid: 1\ndata: a\n\n", [(b"", b"a")]),
        (b"event: error\ndata: x\njunk\n\n\n\ndata: a\n\n", [(b"error", b"x"), (b"", b"a")]),
        (b"data: a\n\nevent: done\ndata:\n\n", [(b"", b"a"), (b"done", b"")]),
        (b"junk\n\n\ndata: a", [(b"", b"a")]),
    ],
)
def test_fields_comments_and_names_are_the_standards(data: bytes, events: list[tuple[bytes, bytes]]) -> None:
    assert read(LooseReader(), data) == events


@pytest.mark.parametrize("line", [b"x" * 70_000, b"data: " + b"x" * 70_000 + b"\n"])
def test_event_without_an_end_is_too_large_at_some_point(line: bytes) -> None:
    with pytest.raises(UpstreamError, match="too large"):
        read(LooseReader(), *[line] * 100)
