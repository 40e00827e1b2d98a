"""What the drop-in's tests stand on: pages with `<openai-chatkit>` on a server's own origin, as visitors see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts
from tests.e2e.chat_page import Watch
from tests.e2e.dropin.chat import Chat
from tests.e2e.dropin.widgets_page import WidgetsPage
from tests.e2e.examples import bundles
from tests.servers import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

parts.PARTS["examples_packages"] = lambda: (
    None if bundles.installed() else "tests/e2e/examples/install.sh has not been run"
)
OpenDropin = Callable[..., Chat]


@pytest.fixture
def open_dropin(
    visitor: Callable[..., BrowserContext], watch: Watch, live_server_process: ServerProcess
) -> OpenDropin:
    """`open_dropin(options="{...}", context=None, url=None, prepare=None)`: a tab with the element, ready.

    `options` is JavaScript, merged over `{api: {getClientSecret}}` of the server's own session endpoint; `prepare` gets the
    page before it goes anywhere."""

    def open_it(
        options: str = "{}",
        context: BrowserContext | None = None,
        url: str | None = None,
        prepare: Callable[[Page], object] | None = None,
        ready: bool = True,
        **visits: Any,
    ) -> Chat:
        context = context or visitor(permissions=["local-network-access"], **visits)
        chat = Chat(context.new_page(), url or live_server_process.url, options)
        watch.over(chat.page, chat.url)
        if prepare:
            prepare(chat.page)
        chat.open(ready=ready)
        return chat

    return open_it


@pytest.fixture(scope="module")
def opened(chat_browser: Browser) -> Iterator[WidgetsPage]:
    """One tab for all tests of a file: its modules are loaded once."""
    page = chat_browser.new_page()
    page.set_default_timeout(5_000)
    yield WidgetsPage(page)
    page.close()


@pytest.fixture
def widgets(opened: WidgetsPage) -> Iterator[WidgetsPage]:
    """A page for widgets, whose console must have stayed silent."""
    opened.reset()
    yield opened
    assert opened.trouble == []
