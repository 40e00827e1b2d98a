"""Pictures and documents in the prompt, in both dialects of the kind `openai`."""

from __future__ import annotations

import logging

import pytest

from chat_app.domain.errors import UpstreamRefused
from chat_app.domain.prompt import FilePart, Message, Prompt
from chat_app.providers.base import RouteConfig
from chat_app.providers.openai import chat as openai_chat
from chat_app.providers.openai import responses as openai_responses
from chat_app.providers.openai.files import MAX_TEXT, content
from chat_app.providers.openai.provider import DIALECTS
from chat_app.providers.registry import provider
from tests.upstream.faulty import Upstream, text_of

CAT = FilePart("cat.png", "image/png", b"\x89PNG")
PAPER = FilePart("paper.pdf", "application/pdf", b"%PDF")
NOTES = FilePart("notes.md", "text/markdown; charset=utf-8", "# שלום".encode())
CHAT, RESPONSES = openai_chat.PARTS, openai_responses.PARTS


def asking(*files: FilePart, text: str = "What is this?") -> Message:
    return Message("user", text, files)


def test_message_without_files_stays_a_string() -> None:
    assert content(asking(), CHAT) == "What is this?"


def test_chat_parts_are_data_urls_before_the_words() -> None:
    assert content(asking(CAT, PAPER), CHAT) == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {
            "type": "file",
            "file": {"filename": "paper.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
        },
        {"type": "text", "text": "What is this?"},
    ]


def test_responses_parts_are_data_urls_before_the_words() -> None:
    assert content(asking(CAT, PAPER), RESPONSES) == [
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "auto"},
        {
            "type": "input_file",
            "filename": "paper.pdf",
            "file_data": "data:application/pdf;base64,JVBERg==",
        },
        {"type": "input_text", "text": "What is this?"},
    ]


def test_picture_without_words_has_no_empty_part() -> None:
    assert len(content(asking(CAT, text=""), CHAT)) == 1


def test_small_text_file_is_text_with_its_name() -> None:
    assert content(asking(NOTES), CHAT) == "[File: notes.md]\n# שלום\n[End of notes.md]\n\nWhat is this?"
    mixed = content(asking(NOTES, CAT), RESPONSES)
    assert mixed[0] == {"type": "input_text", "text": "[File: notes.md]\n# שלום\n[End of notes.md]"}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/csv",
        "application/ld+json",
        "image/svg+xml",
        "APPLICATION/XML",
        "application/x-sh",
    ],
)
def test_many_kinds_of_text_are_text(media_type: str) -> None:
    assert isinstance(content(asking(FilePart("f", media_type, b"abc")), CHAT), str)


@pytest.mark.parametrize("data", [b"x" * (MAX_TEXT + 1), b"\xff\xfe\x00a"])
def test_text_that_is_large_or_not_utf8_is_sent_as_a_file(data: bytes) -> None:
    parts = content(asking(FilePart("f.txt", "text/plain", data)), CHAT)
    assert [part["type"] for part in parts if isinstance(part, dict)] == ["file", "text"]


def test_text_of_a_file_holds_no_nul_and_no_mark() -> None:
    assert "\ufeff" not in content(asking(FilePart("f", "text/plain", b"\xef\xbb\xbfa\0b")), CHAT)
    assert "a\ufffdb" in content(asking(FilePart("f", "text/plain", b"\xef\xbb\xbfa\0b")), CHAT)


def test_media_type_that_is_none_goes_as_bytes() -> None:
    part = content(asking(FilePart("f", 'x";base64,', b"abc"), text=""), RESPONSES)[0]
    assert isinstance(part, dict)
    assert part["file_data"].startswith("data:application/octet-stream;base64,")


def test_name_is_kept_on_one_line() -> None:
    text = content(asking(FilePart("a\nb" + "c" * 500, "text/plain", b"x")), CHAT)
    assert isinstance(text, str)
    assert len(text.splitlines()[0]) < 120


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (asking(FilePart("scan.tiff", "image/tiff", b"II")), "scan.tiff is of a kind"),
        (asking(FilePart("empty.pdf", "application/pdf", b"")), "empty.pdf is empty"),
        (Message("assistant", "Here it is.", (CAT,)), "user's message"),
    ],
)
def test_what_no_server_takes_is_refused_in_words(message: Message, words: str) -> None:
    with pytest.raises(UpstreamRefused, match=words) as caught:
        content(message, CHAT)
    assert caught.value.of_request


async def answer(upstream: Upstream, fault: str, api: str, *files: FilePart, **knobs: str) -> str:
    route = RouteConfig("m", "openai", upstream.base_url(fault, **knobs), "tiny", parameters={"api": api})
    stream = provider("openai").stream(route, Prompt((asking(*files),)))
    return "".join([getattr(chunk, "text", "") async for chunk in stream])


@pytest.mark.parametrize("api", sorted(DIALECTS))
async def test_megabytes_reach_the_upstream_and_no_log(
    upstream: Upstream, api: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        big = FilePart("big.pdf", "application/pdf", b"%PDF" * 1_000_000)
        assert await answer(upstream, "ok", api, big) == text_of(20)
    assert len(str(upstream.state.body)) > 5_000_000
    assert "JVBERiVQREY" not in caplog.text


@pytest.mark.parametrize("status", ["400", "415", "422"])
async def test_refusal_of_a_prompt_with_files_says_that_they_may_be_why(
    upstream: Upstream, status: str
) -> None:
    with pytest.raises(UpstreamRefused, match="may not be able to read") as caught:
        await answer(upstream, status, "chat", CAT)
    assert caught.value.of_request
    assert f"HTTP {status}" in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "code", "files"),
    [("400", "odd", [NOTES]), ("400", "context_length_exceeded", [CAT]), ("401", "odd", [CAT])],
)
async def test_other_refusals_do_not_blame_the_files(
    upstream: Upstream, fault: str, code: str, files: list[FilePart]
) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        await answer(upstream, fault, "chat", *files, code=code)
    assert "files" not in str(caught.value)
