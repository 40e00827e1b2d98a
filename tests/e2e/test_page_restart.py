"""The chat page when its server dies or restarts in the middle of an answer."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Request, Route, expect

from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher, ServerProcess

Open = Callable[..., ChatPage]
LOST = r"net::ERR_|status of 50\d"


def test_answer_of_a_killed_server_is_marked_and_can_be_tried_again(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_chat(url=server.url)
    chat.say("/tokens 400 20")
    chat.running("0120")
    server.kill()
    expect(chat.banner).to_contain_text("connection was lost")
    server.start()
    answer = chat.ended("interrupted", timeout=90_000)
    said = chat.text()
    assert said == numbers(len(said.split()))
    expect(answer.locator(".note")).to_contain_text("Interrupted")
    expect(chat.banner).to_be_hidden()
    answer.get_by_role("button", name="Try again").click()
    chat.ended(timeout=60_000)
    assert chat.text() == numbers(400)


def turns(server: ServerProcess) -> list[str]:
    """How the turns of a server have ended, oldest first."""
    ask = "from chat_app.models import Turn; print(*Turn.objects.order_by('created_at').values_list('state', flat=True))"
    return server.manage("shell", "-v0", "-c", ask).split()


def test_answer_that_outlives_the_drain_is_tried_again_by_itself(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server(DRAIN_SECONDS="1")
    chat = open_chat(url=server.url)
    chat.say("/tokens 250 20")
    chat.running("0030")
    assert server.stop() == 0
    expect(chat.banner).to_contain_text("Trying again in", timeout=30_000)
    said = chat.text()
    assert said.startswith(numbers(30))
    assert said == numbers(len(said.split()))
    server.start()
    chat.ended(timeout=60_000)
    assert chat.text() == numbers(250)
    expect(chat.banner).to_be_hidden()
    expect(chat.questions).to_have_count(1)
    expect(chat.answers).to_have_count(1)
    chat.reload()
    assert chat.text() == numbers(250)
    assert turns(server) == ["interrupted", "completed"]


def test_two_tabs_try_an_answer_again_once(
    start_server: Launcher, open_chat: Open, visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server(DRAIN_SECONDS="1")
    person = visitor()
    first = open_chat(person, url=server.url)
    first.say("/tokens 250 20")
    first.running("0010")
    second = open_chat(person, url=server.url, path=first.address)
    second.running("0020")
    keys = [retry_keys(chat) for chat in (first, second)]
    assert server.stop() == 0
    for chat in (first, second):
        expect(chat.banner).to_contain_text("Trying again in", timeout=30_000)
    server.start()
    for chat in (first, second):
        chat.ended(timeout=60_000)
        assert chat.text() == numbers(250)
        expect(chat.answers).to_have_count(1)
        expect(chat.banner).to_be_hidden()
    assert keys[0]
    assert keys[1]
    (key,) = {*keys[0], *keys[1]}
    assert key is not None
    assert key.startswith("restart-trn_")
    assert turns(server) == ["interrupted", "completed"]


def retry_keys(chat: ChatPage) -> list[str | None]:
    """The idempotency keys with which this tab asks for answers anew, from now on."""
    keys: list[str | None] = []

    def note(request: Request) -> None:
        if request.url.endswith("/retry"):
            keys.append(request.header_value("idempotency-key"))

    chat.page.on("request", note)
    return keys


def test_interrupted_answer_of_the_past_is_not_tried_again_by_itself(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server(DRAIN_SECONDS="0.5")
    chat = open_chat(url=server.url)
    chat.say("/tokens 250 20")
    chat.running("0010")
    address = chat.address
    context = chat.page.context
    chat.page.close()
    assert server.stop() == 0
    server.start()
    later = open_chat(context, url=server.url, path=address)
    expect(later.ended("interrupted").get_by_role("button", name="Try again")).to_be_visible()
    later.page.wait_for_timeout(1500)
    assert turns(server) == ["interrupted"]


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


def test_answer_that_goes_on_at_another_worker_is_read_there_without_a_word(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 150 20")
    chat.running("0010")
    moved: list[str] = []

    def restarting(route: Route) -> None:
        moved.append(route.request.url)
        if len(moved) > 1:
            return route.continue_()
        body = 'data: {"type": "progress", "text": "Reading"}\n\n'
        return route.fulfill(status=200, content_type="text/event-stream", body=body)

    chat.page.route("**/api/turns/*/events*", restarting)
    chat.reload()
    observe(chat)
    chat.ended()
    assert chat.text() == numbers(150)
    assert len(moved) == 2
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
        keys.append(route.request.header_value("idempotency-key"))
        if len(keys) > 1:
            return route.continue_()
        return route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")

    chat.page.route("**/api/chat/stream*", away_once)
    chat.say("/echo patience")
    expect(chat.banner).to_contain_text(re.compile(r"cannot be reached.*Trying again in [12] s", re.S))
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
    expect(chat.banner).to_contain_text("Trying again in")
    server.start()
    chat.ended(timeout=30_000)
    expect(chat.prose).to_have_text("after")
