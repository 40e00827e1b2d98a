"""Signed links: what they open, for how long, and what they do not open."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import override_settings

from chat_app.chat import links
from chat_app.domain.errors import NotFound

HOUR = 500_000 * 3600.0


def token(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> object:
    """`at(seconds)`: it is so many seconds after a full hour."""

    def turn(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: HOUR + seconds)

    turn(0)
    return turn


def test_links_name_the_attachment() -> None:
    assert urlsplit(links.preview("atc_1")).path == "/api/attachments/atc_1/preview"
    assert urlsplit(links.upload("atc_1")).path == "/api/attachments/atc_1/upload"


def test_preview_is_the_same_for_an_hour_and_good_for_one_to_two(at) -> None:
    link = links.preview("atc_1")
    at(3599)
    assert links.preview("atc_1") == link
    assert links.check_preview("atc_1", token(link)) == 3601
    at(3600)
    assert links.preview("atc_1") != link
    at(7199)
    assert links.check_preview("atc_1", token(link)) == 1
    at(7200)
    with pytest.raises(NotFound):
        links.check_preview("atc_1", token(link))


def test_upload_is_good_for_half_an_hour(at) -> None:
    link = links.upload("atc_1")
    at(1799)
    links.check_upload("atc_1", token(link))
    at(1800)
    with pytest.raises(NotFound):
        links.check_upload("atc_1", token(link))


def test_link_opens_no_other_attachment_and_no_other_door() -> None:
    for check, given in (
        (links.check_preview, links.preview("atc_2")),
        (links.check_preview, links.upload("atc_1")),
        (links.check_upload, links.upload("atc_2")),
        (links.check_upload, links.preview("atc_1")),
    ):
        with pytest.raises(NotFound):
            check("atc_1", token(given))


def test_link_that_was_changed_opens_nothing() -> None:
    good = token(links.preview("atc_1"))
    expires, signature = good.split(".", 1)
    for bad in (
        "", ".", good[:-1], good + "A", f"{int(expires) + 3600}.{signature}", f"{expires}.", expires, f".{signature}",
        f"1.{expires}.{signature}", "é.ü", good.swapcase(), good.replace(".", ":"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            links.check_preview("atc_1", bad)


def test_link_of_another_server_opens_nothing() -> None:
    with override_settings(SECRET_KEY="another"):
        link = links.preview("atc_1")
    with pytest.raises(NotFound):
        links.check_preview("atc_1", token(link))
