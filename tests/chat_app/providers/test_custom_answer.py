"""How the answers of another backend are read, from bytes cut at every place; no socket here."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from chat_app.domain.errors import UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRefused, UpstreamTimeout
from chat_app.domain.events import Notice
from chat_app.providers.base import Chunk, EventChunk, ProgressChunk, TextChunk, UsageChunk
from chat_app.providers.custom.answer import Answer, answer_for, failure_of
from tests.upstream.recorded import recorded

TEXT = "Grüße, 😀 and 👩‍🚀!\n\n- שלום\n"
STREAM = "text/event-stream"
EXAMPLE_2 = "data: Hel\n\ndata: lo\n\ndata:  wörld\n\n".encode()


def event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(fields)}\n\n".encode()


def read(*pieces: bytes, kind: str = STREAM, announced: bool = False) -> tuple[list[Chunk], Answer]:
    """The chunks and the reader, after these reads and, unless it has ended, the end of the response."""
    answer, chunks = answer_for(kind, announced=announced), []
    for piece in (*filter(None, pieces), b""):
        if not (answer.ended or answer.failure):
            chunks += answer.take(piece)
    return chunks, answer


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


@pytest.mark.parametrize("name", ["custom_typed", "custom_plain"])
def test_recording_is_read_alike_cut_at_any_place(name: str) -> None:
    data, kind = recorded(name)
    for cut in range(len(data)):
        chunks, answer = read(data[:cut], data[cut:], kind=kind, announced=True)
        assert (text_of(chunks), answer.text, answer.ended, answer.failure) == (TEXT, TEXT, True, None)
    assert answer.usage == (UsageChunk(9, 7) if name == "custom_typed" else None)


@pytest.mark.parametrize("name", ["custom_typed", "custom_plain"])
def test_recording_is_read_alike_byte_by_byte(name: str) -> None:
    data, kind = recorded(name)
    chunks, answer = read(*(data[a:b] for a, b in pairwise(range(len(data) + 1))), kind=kind)
    assert (text_of(chunks), answer.ended, answer.failure) == (TEXT, True, None)
    assert "" not in [chunk.text for chunk in chunks if isinstance(chunk, TextChunk)]


@pytest.mark.parametrize("name", ["custom_typed", "custom_plain"])
def test_recording_that_was_cut_off_is_never_whole(name: str) -> None:
    data, kind = recorded(name)
    last = data.rindex(b"event: ")
    for cut in range(0, last + len("event: "), 7):
        chunks, answer = read(data[:cut], kind=kind, announced=True)
        assert isinstance(answer.failure, UpstreamError)
        assert not answer.ended
        assert TEXT.startswith(text_of(chunks))


def test_stream_of_example_2_is_whole_where_the_response_ends() -> None:
    for cut in range(len(EXAMPLE_2)):
        chunks, answer = read(EXAMPLE_2[:cut], EXAMPLE_2[cut:])
        assert (text_of(chunks), answer.ended, answer.failure) == ("Hello wörld", True, None)


def test_stream_without_a_token_is_no_answer() -> None:
    _, answer = read(b": ping\n\n")
    assert type(answer.failure) is UpstreamError


def test_backend_that_tells_its_end_and_does_not_was_cut_off() -> None:
    _, answer = read(EXAMPLE_2, announced=True)
    assert type(answer.failure) is UpstreamDown


@pytest.mark.parametrize("end", [b"event: done\ndata:\n\n", b"data: [DONE]\n\n"])
def test_nothing_is_read_behind_the_end(end: bytes) -> None:
    chunks, answer = read(b"data: a\n\n" + end + b"data: b\n\n")
    assert (text_of(chunks), answer.ended, answer.over) == ("a", True, True)


def test_newlines_of_a_token_are_data_lines_of_one_event() -> None:
    chunks, _ = read(b"data: a\ndata: \ndata: b\n\n", b"data: \ndata: \n\n", b"event: message\ndata: c\n\n")
    assert text_of(chunks) == "a\n\nb\nc"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("upstream_down", UpstreamDown),
        ("upstream_timeout", UpstreamTimeout),
        ("upstream_refused", UpstreamRefused),
        ("upstream_busy", UpstreamBusy),
        ("upstream_error", UpstreamError),
        ("rate_limited", UpstreamBusy),
        ("quota_exceeded", UpstreamBusy),
        ("unavailable", UpstreamDown),
        ("interrupted", UpstreamDown),
        ("something_else", UpstreamError),
    ],
)
def test_typed_failure_is_the_trees_error_in_our_words(code: str, kind: type[UpstreamError]) -> None:
    failed = event("failed", code=code, detail="secret", retryable=False, retry_after=7)
    chunks, answer = read(event("delta", item_id="m", text="half") + failed)
    assert (type(answer.failure), text_of(chunks), answer.over) == (kind, "half", True)
    assert "secret" not in str(answer.failure)


@pytest.mark.parametrize(
    ("code", "of_one"), [("quota_exceeded", True), ("turn_running", True), ("rate_limited", False)]
)
def test_refusal_of_one_user_says_nothing_of_the_route(code: str, of_one: bool) -> None:
    error = failure_of(code, 3600)
    assert error is not None
    assert (error.of_request, error.retry_after) == (of_one, 3600)


@pytest.mark.parametrize("said", [b"secret", b'{"code": 5, "detail": "secret"}', b'["secret"]'])
def test_plain_failure_is_never_quoted(said: bytes) -> None:
    _, answer = read(b"data: half\n\nevent: error\ndata: " + said + b"\n\n")
    assert (type(answer.failure), "secret" in str(answer.failure)) == (UpstreamError, False)


def test_failure_that_brings_a_code_is_known_by_it() -> None:
    _, answer = read(event("error", code="rate_limited"))
    assert type(answer.failure) is UpstreamBusy


@pytest.mark.parametrize("kind", ["cancelled", "interrupted"])
def test_answer_that_was_stopped_over_there_broke_off(kind: str) -> None:
    chunks, answer = read(event("delta", item_id="m", text="half"), event(kind, text="half"))
    assert (type(answer.failure), text_of(chunks), answer.over) == (UpstreamDown, "half", True)


def test_progress_and_notices_pass_between_the_texts() -> None:
    chunks, _ = read(
        event("progress", text="Looking", icon="search")
        + event("notice", level="warning", detail="Slow today")
        + event("notice", level="purple", detail="unknown")
        + event("delta", item_id="m", text="a")
        + event("progress", text="Writing")
        + event("delta", item_id="m", text="b")
        + event("completed", text="ab")
    )
    assert chunks == [
        ProgressChunk("Looking"),
        EventChunk(Notice("warning", "Slow today")),
        TextChunk("a"),
        ProgressChunk("Writing"),
        TextChunk("b"),
    ]


def test_progress_and_notices_are_fit_to_send() -> None:
    chunks, _ = read(
        event("progress", text="a\0") + event("notice", level="info", detail="\ud800") + event("completed")
    )
    assert chunks == [ProgressChunk("a\ufffd"), EventChunk(Notice("info", "\ufffd"))]


def test_several_messages_are_told_as_they_are_stored() -> None:
    one, two = event("delta", item_id="1", text="one"), event("delta", item_id="2", text="two")
    chunks, _ = read(one, two, event("completed", text="one\n\ntwo"))
    assert text_of(chunks) == "one\n\ntwo"


@pytest.mark.parametrize("kind", ["snapshot", "completed"])
def test_whole_text_adds_what_no_delta_said(kind: str) -> None:
    chunks, answer = read(
        event("delta", item_id="m", text="one "), event(kind, text="one two"), event("completed")
    )
    assert (text_of(chunks), answer.failure) == ("one two", None)


def test_snapshot_that_takes_words_back_is_a_failure() -> None:
    _, answer = read(event("delta", item_id="m", text="one"), event("snapshot", text="two"))
    assert type(answer.failure) is UpstreamError


def test_guessed_usage_is_left_to_our_own_guess() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "estimated": True}
    _, answer = read(event("completed", text="a", usage=usage))
    assert answer.usage is None


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"text": 5}', b'"\\ud800'])
def test_typed_event_that_makes_no_sense_is_an_error(data: bytes) -> None:
    _, answer = read(b"event: delta\ndata: " + data + b"\n\n")
    assert type(answer.failure) is UpstreamError


def test_whole_answer_of_chat_is_text_and_usage_cut_at_any_place() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "cost": "0.1"}
    data = json.dumps({"response": TEXT, "usage": usage, "model": "m"}).encode()
    for cut in range(len(data)):
        chunks, answer = read(data[:cut], data[cut:], kind="application/json")
        assert (chunks, answer.usage, answer.ended) == ([TextChunk(TEXT)], UsageChunk(3, 4), True)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"response": 5}', b'{"error": "x"}', b"null", b"{" * 100_000])
def test_whole_answer_without_a_response_is_an_error(data: bytes) -> None:
    chunks, answer = read(data, kind="application/json")
    assert (chunks, type(answer.failure)) == ([], UpstreamError)


def test_plain_text_is_passed_on_cut_at_any_place() -> None:
    data = TEXT.encode()
    for cut in range(len(data)):
        chunks, answer = read(data[:cut], data[cut:], kind="text/plain")
        assert (text_of(chunks), answer.ended) == (TEXT, True)


@pytest.mark.parametrize("kind", [STREAM, "text/plain"])
def test_what_no_text_can_hold_is_replaced(kind: str) -> None:
    data = b"a\0b\xffc" if kind == "text/plain" else b"data: a\0b\xffc\n\n"
    chunks, _ = read(data, kind=kind)
    assert text_of(chunks) == "a\ufffdb\ufffdc"


def test_lone_surrogates_in_json_are_replaced_and_pairs_mended() -> None:
    chunks, _ = read(b'{"response": "a\\ud83d\\ude00b\\ud800c"}', kind="application/json")
    assert text_of(chunks) == "a😀b\ufffdc"


def test_page_is_no_answer() -> None:
    with pytest.raises(UpstreamError):
        answer_for("text/html", announced=False)
