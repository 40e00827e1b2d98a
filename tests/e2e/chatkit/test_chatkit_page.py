"""The chat page with OpenAI's element, and our own where that one does not come up. Its script is the stand-in's: no test
reaches OpenAI's host.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from chat_app.views import pages
from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.chatkit.kit import Kit
from tests.servers import Launcher, ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Page

Handler = Callable[[Route], object]
OpenPage = Callable[..., "Page"]
BROKEN = """customElements.define('openai-chatkit', class extends HTMLElement {
  setOptions() {
    this.dispatchEvent(new CustomEvent('chatkit.ready'));
    this.dispatchEvent(new CustomEvent('chatkit.error', { detail: { error: new Error('Domain not verified') } }));
  }
});"""


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    return start_server(CHATKIT_DOMAIN_KEY="domain_pk_tests")


@pytest.fixture
def sessions() -> list[str]:
    """What the page asked of the session endpoint."""
    return []


@pytest.fixture
def open_page(
    visitor: Callable[..., BrowserContext], watch: Watch, server: ServerProcess, sessions: list[str]
) -> OpenPage:
    """`open_page(handler)`: the chat page, where `handler` answers for OpenAI's host."""

    def open_it(handler: Handler, url: str | None = None, path: str = "/", models_fail: bool = False) -> Page:
        page = visitor().new_page()
        if models_fail:
            page.route("**/api/models", lambda route: route.fulfill(status=500, json={"detail": "Broken."}))
        watch.over(page, url or server.url)
        watch.expect("request to another host: https://cdn.platform.openai.com/")
        page.route("https://cdn.platform.openai.com/**", handler)
        page.on("request", lambda r: sessions.append(r.url) if r.url.endswith("/custom/session") else None)
        page.goto((url or server.url) + path, wait_until="domcontentloaded")
        return page

    return open_it


@pytest.fixture
def stand_in(kit_bundles: Path) -> Handler:
    return lambda route: route.fulfill(path=kit_bundles / "chatkit.js", content_type="text/javascript")


def script(text: str) -> Handler:
    return lambda route: route.fulfill(body=text, content_type="text/javascript")


def own(page: Page, url: str) -> ChatPage:
    """Our own page, once it is ready to talk."""
    chat = ChatPage(page, url)
    chat.ready()
    return chat


def test_element_comes_up_with_models_and_answers(
    open_page: OpenPage, stand_in: Handler, server: ServerProcess, sessions: list[str], kit_bundles: Path
) -> None:
    page = open_page(stand_in)
    kit = Kit(page, server.url, kit_bundles)
    kit.ready()
    expect(page.get_by_label("Model").locator("option")).not_to_have_count(0)
    page.get_by_label("Model").select_option("demo")
    assert kit.ask("/echo hello") == "hello"
    (create,) = kit.operations("threads.create")
    assert (create.post_data_json or {})["params"]["input"]["inference_options"] == {"model": "demo"}
    assert len(sessions) == 1
    expect(page.locator("own-chatkit")).to_have_count(0)


def test_open_thread_is_kept_in_the_address(
    open_page: OpenPage, stand_in: Handler, server: ServerProcess, kit_bundles: Path
) -> None:
    page = open_page(stand_in)
    kit = Kit(page, server.url, kit_bundles)
    kit.ready()
    kit.ask("/echo remember")
    assert "#thread=thr_" in page.url
    kit.reload()
    expect(kit.answers).to_have_text(["remember"])


@pytest.mark.parametrize("name", ["aborted", "not found", "not the element"])
def test_own_page_comes_where_the_script_does_not(
    open_page: OpenPage, watch: Watch, server: ServerProcess, sessions: list[str], name: str
) -> None:
    handlers: dict[str, Handler] = {
        "aborted": lambda route: route.abort(),
        "not found": lambda route: route.fulfill(status=404),
        "not the element": script("window.other = true;"),
    }
    watch.expect("ChatKit is not shown|Failed to load resource")
    chat = own(open_page(handlers[name]), server.url)
    assert chat.ask("/echo our own") == "our own"
    assert len(sessions) == 1
    expect(chat.page.locator("openai-chatkit")).to_have_count(0)


def test_script_that_comes_too_late_changes_nothing(
    open_page: OpenPage, watch: Watch, server: ServerProcess, sessions: list[str], stand_in: Handler
) -> None:
    watch.expect("ChatKit is not shown")
    held: list[Route] = []
    page = open_page(lambda route: held.append(route))
    chat = own(page, server.url)
    stand_in(held[0])
    page.wait_for_function("() => customElements.get('openai-chatkit')")
    assert chat.ask("/echo our own") == "our own"
    expect(page.locator("openai-chatkit")).to_have_count(0)
    assert len(sessions) == 1


def test_element_that_reports_an_error_at_once_gives_way(
    open_page: OpenPage, watch: Watch, server: ServerProcess
) -> None:
    watch.expect("ChatKit is not shown: Domain not verified")
    chat = own(open_page(script(BROKEN)), server.url)
    assert chat.ask("/echo our own") == "our own"


def test_element_stays_where_the_models_cannot_be_had(
    open_page: OpenPage, stand_in: Handler, server: ServerProcess, kit_bundles: Path, watch: Watch
) -> None:
    watch.expect("status of 500|The models could not be had")

    page = open_page(stand_in, models_fail=True)
    kit = Kit(page, server.url, kit_bundles)
    kit.ready()
    assert kit.ask("/echo without a menu") == "without a menu"
    expect(page.locator("own-chatkit")).to_have_count(0)


def test_file_goes_up_and_into_the_message(
    open_page: OpenPage, stand_in: Handler, server: ServerProcess, kit_bundles: Path
) -> None:
    page = open_page(stand_in)
    kit = Kit(page, server.url, kit_bundles)
    kit.ready()
    assert kit.send_file("notes.txt", "text/plain", "hello") == ["notes.txt"]


def test_own_page_opens_the_thread_of_the_address(
    open_page: OpenPage, watch: Watch, server: ServerProcess, stand_in: Handler, kit_bundles: Path
) -> None:
    watch.expect("ChatKit is not shown|Failed to load resource")
    page = open_page(stand_in)
    kit = Kit(page, server.url, kit_bundles)
    kit.ready()
    kit.ask("/echo in both")
    page.unroute_all()
    page.route("https://cdn.platform.openai.com/**", lambda route: route.abort())
    page.reload()
    chat = own(page, server.url)
    expect(chat.prose).to_have_text("in both")


def test_stranger_who_may_be_no_guest_is_shown_the_way_in(
    start_server: Launcher, open_page: OpenPage, watch: Watch
) -> None:
    watch.expect("401|The credential is missing")
    server = start_server(CHATKIT_DOMAIN_KEY="domain_pk_tests", ALLOW_GUESTS="0")
    asked: list[Route] = []
    page = open_page(lambda route: asked.append(route), url=server.url)
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    assert asked == []


def test_preloaded_modules_are_those_that_the_page_needs(open_page: OpenPage, stand_in: Handler) -> None:
    page = open_page(stand_in)
    page.get_by_label("Model").wait_for()
    names = page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => entry.name)"
        ".filter((name) => name.includes('/static/') && name.endsWith('.js'))"
        ".map((name) => name.replace(/.*\\/static\\/chat_app\\//, ''))"
    )
    assert set(names) - {"chatkit-page.js"} == set(pages.CHATKIT_MODULES)
