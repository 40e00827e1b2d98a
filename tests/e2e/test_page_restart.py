"""The chat page when its server dies or is away. A restart in mid-answer is the element's: `dropin/test_restart.py`."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher

Open = Callable[..., ChatPage]
LOST = r"net::ERR_|status of 50\d|chatkit:|connect:|WebSocket connection"


def test_answer_of_a_killed_server_is_marked_and_can_be_tried_again(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_chat(url=server.url)
    chat.say("/tokens 400 20")
    chat.running("0120")
    server.kill()
    expect(chat.banner).to_contain_text("Connection lost")
    server.start()
    trouble = chat.find(":is(.error-note, .remark):visible")
    expect(trouble).to_have_count(1, timeout=90_000)
    said = chat.text()
    assert said == numbers(len(said.split()))
    expect(chat.banner).to_be_hidden()
    trouble.get_by_role("button", name="Try again").click()
    chat.running("0400")
    chat.ended(timeout=60_000)
    assert chat.text() == numbers(400)


def test_idle_page_outlives_a_restart_without_a_word(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_chat(url=server.url)
    chat.ask("/echo before")
    observe(chat)
    server.stop()
    chat.page.evaluate("dispatchEvent(new Event('focus'))")  # it looks for news
    server.start()
    chat.page.evaluate("dispatchEvent(new Event('focus'))")
    assert chat.ask("/echo after") == "after"
    assert chat.page.evaluate("window.banners") == []


def observe(chat: ChatPage) -> None:
    """Note from now on in `window.banners` whatever the banner says."""
    chat.banner.evaluate(
        """(banner) => {
          window.banners = [];
          const look = () => banner.hidden || window.banners.push(banner.textContent);
          new MutationObserver(look).observe(banner, { attributes: true, childList: true, subtree: true });
        }"""
    )


def test_proxy_without_a_server_behind_it_is_waited_for(open_chat: Open, watch: Watch) -> None:
    watch.expect("502")
    chat = open_chat()
    keys: list[str | None] = []

    def away_once(route: Route) -> None:
        if "threads.create" not in (route.request.post_data or ""):
            return route.continue_()
        keys.append(route.request.header_value("idempotency-key"))
        if len(keys) > 1:
            return route.continue_()
        return route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")

    chat.page.route("**/chatkit", away_once)
    chat.say("/echo patience")
    expect(chat.banner).to_contain_text("Reconnecting")
    chat.ended()
    expect(chat.prose).to_have_text("patience")
    assert keys == [keys[0]] * 2


def test_message_during_a_restart_is_sent_when_the_server_is_back(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_chat(url=server.url)
    chat.ask("/echo before")
    server.stop()
    chat.say("/echo after")
    expect(chat.banner).to_contain_text("Reconnecting")
    server.start()
    expect(chat.prose).to_have_text("after", timeout=30_000)
    chat.ended()
