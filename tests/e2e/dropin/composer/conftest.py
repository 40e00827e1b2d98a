"""What the composer's tests stand on: a browser with a microphone, and one tab for each module, made new before each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.e2e.chat_page import Watch
from tests.e2e.conftest import ARGS
from tests.e2e.dropin.composer.composer_page import ComposerPage, composer_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="module")
def chat_browser() -> Iterator[Browser]:
    """Chromium with a microphone that beeps, and that nobody has to allow."""
    parts.require("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=parts.chromium_path(), args=[*ARGS, *MICROPHONE]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with composer_server() as server:
        yield server


@pytest.fixture(scope="module")
def tab(chat_browser: Browser, server: str) -> Iterator[tuple[ComposerPage, Watch]]:
    watch = Watch()
    context = chat_browser.new_context(viewport={"width": 768, "height": 600}, permissions=["microphone"])
    context.set_default_timeout(15_000)
    yield ComposerPage(context, watch, server), watch
    watch.check()


@pytest.fixture
def composer(tab: tuple[ComposerPage, Watch]) -> Iterator[ComposerPage]:
    """A composer of a visitor who has never been here, without any options."""
    page, watch = tab
    page.run("fresh()")
    yield page
    watch.check()


@pytest.fixture
def open_composer(
    visitor: Callable[..., BrowserContext], watch: Watch, server: str
) -> Callable[..., ComposerPage]:
    """`open_composer(query="", **options)`: a tab of its own, as Playwright's `new_context` takes options."""

    def open_it(query: str = "", **options: object) -> ComposerPage:
        return ComposerPage(visitor(**options), watch, server, query)

    return open_it
