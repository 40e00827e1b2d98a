"""The admin's 'Try it' page in a browser: under the strict policy, light and dark, and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chat_page import Watch, open_as_staff
from tests.servers import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

TRY = "/admin/chat_app/modelconfig/demo/try/"


@pytest.fixture
def open_try(
    visitor: Callable[..., BrowserContext], watch: Watch, live_server_process: ServerProcess
) -> Callable[..., Page]:
    """`open_try(**options)`: the page of the demo model, with staff signed in."""

    def open_it(**options: Any) -> Page:
        return open_as_staff(visitor(**options), watch, live_server_process, TRY)

    return open_it


def send(page: Page, message: str) -> None:
    page.fill("#try-message", message)
    page.get_by_role("button", name="Send").click()


def fact(page: Page, name: str) -> str:
    return page.locator(f"[data-fact={name}]").inner_text()


def test_answer_is_shown_with_its_facts(open_try: Callable[..., Page]) -> None:
    page = open_try()
    send(page, "/echo <b>hello</b> there")
    page.get_by_text("Done.").wait_for()
    assert page.locator("#try-answer").inner_text() == "<b>hello</b> there"
    assert fact(page, "model") == "demo"
    assert "out" in fact(page, "usage")
    assert all("s" in fact(page, name) for name in ("first", "duration"))


def test_stop_keeps_what_was_said(open_try: Callable[..., Page]) -> None:
    page = open_try()
    send(page, "/tokens 2000 50")
    page.get_by_text("Writing…").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for()
    assert page.locator("#try-answer").inner_text()
    assert page.get_by_role("button", name="Send").is_enabled()


def test_failure_is_shown_in_words_with_its_code(open_try: Callable[..., Page]) -> None:
    page = open_try()
    send(page, "/fail upstream_timeout")
    page.get_by_text("Failed.").wait_for()
    assert "(upstream_timeout, may work later)" in fact(page, "error")


@pytest.mark.parametrize(
    "options", [{"viewport": {"width": 360, "height": 740}}, {"color_scheme": "dark"}], ids=["phone", "dark"]
)
def test_page_fits_and_follows_the_colours(open_try: Callable[..., Page], options: dict[str, Any]) -> None:
    page = open_try(**options)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    channels = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert (max(channels) < 60) == ("color_scheme" in options)
