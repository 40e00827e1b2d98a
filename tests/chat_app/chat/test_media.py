"""What a file is by its bytes, what it may be called, and what a data URL holds."""

from __future__ import annotations

import pytest

from chat_app.chat import media
from chat_app.domain.errors import InvalidInput
from tests.pictures import GIF, HTML, JPEG, PDF, PNG, SVG, WEBP


@pytest.mark.parametrize(
    ("data", "told"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp"), (PDF, "application/pdf")],
)  # fmt: skip
@pytest.mark.parametrize("declared", ["", "text/html", "image/png", "application/octet-stream"])
def test_type_is_told_by_the_bytes_whatever_was_said(data: bytes, told: str, declared: str) -> None:
    assert media.sniff(data, declared) == told


@pytest.mark.parametrize(
    ("data", "declared", "told"),
    [
        (HTML, "image/png", "text/html"),
        (SVG, "image/png", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- a -->" + SVG, "image/webp", "image/svg+xml"),
        (b"words", "image/jpeg", "text/plain"),
        (b"words", "application/pdf", "text/plain"),
        (b"\x00\x01\x02\xff", "image/png", "application/octet-stream"),
        (b"MZ\x90\x00\x03\x00", "text/plain", "application/octet-stream"),
        (b"RIFF\x00\x00\x00\x00WAVE", "image/webp", "application/octet-stream"),
        (b"\x89PNG", "image/png", "application/octet-stream"),
    ],
)
def test_type_that_lies_is_corrected(data: bytes, declared: str, told: str) -> None:
    assert media.sniff(data, declared) == told
    assert media.kind_of(told) == "file"


@pytest.mark.parametrize(
    ("data", "declared", "kept"),
    [
        (HTML, "text/html", "text/html"),
        (SVG, "image/svg+xml", "image/svg+xml"),
        (b"a,b\n1,2", "text/csv; charset=utf-8", "text/csv"),
        (b"select 1", "application/sql", "application/sql"),
        ("größe".encode("latin-1"), "text/plain", "text/plain"),
        ("größe".encode("utf-16"), "text/plain", "text/plain"),
        (b"PK\x03\x04\x14\x00", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (b"\x00\x01", "", "application/octet-stream"),
        (b"words", "", "text/plain"),
        (b"\x00\x01", "nonsense", "application/octet-stream"),
        (b"\x00\x01", "a/b\r\nX-Evil: 1", "application/octet-stream"),
    ],
)  # fmt: skip
def test_type_that_the_bytes_do_not_belie_is_kept(data: bytes, declared: str, kept: str) -> None:
    assert media.sniff(data, declared) == kept


def test_letter_that_is_cut_at_the_end_of_the_head_is_still_text() -> None:
    assert media.sniff("é".encode()[:1].rjust(media.HEAD, b"a"), "") == "text/plain"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.txt", "a.txt"), ("../../etc/passwd", "passwd"), ("C:\\Users\\me\\a.pdf", "a.pdf"), (" ä 漢.png ", "ä 漢.png"),
        ("a\r\nb.txt", "ab.txt"), ("exe.\u202egnp", "exe.gnp"), ("x" * 255, "x" * 255),
    ],
)  # fmt: skip
def test_name_loses_its_folders_and_what_cannot_be_seen(given: str, kept: str) -> None:
    assert media.clean_name(given) == kept


@pytest.mark.parametrize("name", ["", " ", "..", "a/", "\r\n", "x" * 256, "a\0b", "a\ud800b"])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        media.clean_name(name)
    assert refused.value.fields
    assert "name" in refused.value.fields


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("data:image/png;base64,aGk=", ("image/png", b"hi")),
        ("DATA:Image/PNG;name=a;BASE64,aGk=", ("image/png", b"hi")),
        ("data:,a%20b", ("text/plain", b"a b")),
        ("data:text/plain;charset=utf-8,hi", ("text/plain", b"hi")),
        ("data:;base64,", ("text/plain", b"")),
    ],
)
def test_data_url_is_read(url: str, held: tuple[str, bytes]) -> None:
    assert media.data_url(url) == held


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png", "data:image/png;base64", "data:image/png;base64,a", "data:image/png;base64,a b=",
        "data:image/png;base64,aGk=\n", "data:image/png;base64,ä", "", "data", "xdata:,a", "data:image/png;base64,aGVsbG8=",
        "data:,hello",
    ],
)  # fmt: skip
def test_data_url_that_is_malformed_or_too_large_is_none(url: str) -> None:
    assert media.data_url(url, 4) is None


def test_long_nonsense_is_no_data_url_within_a_second() -> None:
    assert media.data_url("data:" + ";a" * 1_000_000) is None
    assert media.data_url("data:" + "a" * 5_000_000) is None
