"""What the chat page's tests stand on: a browser for each module, visitors whom the server has never seen, and watch over
what a page must never do. How the page is driven is `chat_page.py`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts
from tests.e2e.cable import Cable
from tests.e2e.chat_page import ChatPage, Watch
from tests.servers import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chat_browser() -> Iterator[Browser]:
    """Chromium, for one module: Playwright's loop must not run on while tests elsewhere use theirs."""
    parts.require("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=parts.chromium_path(), args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(chat_browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`visitor(**options)`: a browser profile of its own, as Playwright's `new_context` takes options."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chat_browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test when a page had an error in its console, broke its policy or spoke to another host."""
    watch = Watch()
    yield watch
    watch.check()


@pytest.fixture
def open_chat(
    visitor: Callable[..., BrowserContext], watch: Watch, live_server_process: ServerProcess
) -> Callable[..., ChatPage]:
    """`open_chat(context=None, url=None, path="/")`: a tab with the chat, ready; of a new visitor unless one is given."""

    def open_it(
        context: BrowserContext | None = None, url: str | None = None, path: str = "/", ready: bool = True
    ) -> ChatPage:
        page = (context or visitor()).new_page()
        chat = ChatPage(page, url or live_server_process.url)
        watch.over(page, chat.url)
        chat.open(path, ready=ready)
        return chat

    return open_it


@pytest.fixture
def cable(live_server_process: ServerProcess) -> Iterator[Cable]:
    """A network between browser and server that can be cut."""
    with Cable(live_server_process.port) as cable:
        yield cable
