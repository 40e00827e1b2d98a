"""The drop-in when its server restarts, or is away while something is sent; and a page that nobody sees."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.chat import Chat
from tests.e2e.dropin.conftest import OpenDropin
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Request

LOST = r"net::ERR_|status of 50\d|WebSocket connection|chatkit:|connect:"
OPTIONS = "{ thread: { autoScroll: true }, threadItemActions: { retry: true } }"
LONG = 90_000
TURNS = "from chat_app.models import Turn; print(*Turn.objects.order_by('created_at').values_list('state', flat=True))"
WAITS = "asked for again as soon as it is back"


def turns(server: ServerProcess) -> list[str]:
    """How the turns of a server have ended, oldest first."""
    return server.manage("shell", "-v0", "-c", TURNS).split()


def retry_keys(chat: Chat) -> list[str | None]:
    """The idempotency keys with which this tab asks for answers anew, from now on."""
    keys: list[str | None] = []

    def note(request: Request) -> None:
        if "retry_after_item" in (request.post_data or ""):
            keys.append(request.header_value("idempotency-key"))

    chat.page.on("request", note)
    return keys


def whole(chat: Chat, words: int) -> None:
    """Wait until the newest answer has all its words."""
    expect(chat.answers.last).to_have_text(text_of(words).strip(), timeout=LONG)
    chat.ended()


def test_answer_that_outlives_the_drain_is_asked_for_again_once_for_all_tabs(
    start_server: Launcher, open_dropin: OpenDropin, visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server(DRAIN_SECONDS="1")
    context = visitor(permissions=["local-network-access"])
    first = open_dropin(OPTIONS, context=context, url=server.url)
    first.say("/tokens 800 20")
    first.running("0010")
    set_thread = f"sessionStorage.setItem('thread', '{first.thread_id}')"
    second = open_dropin(
        OPTIONS, context=context, url=server.url, prepare=lambda page: page.add_init_script(set_thread)
    )
    second.running("0020")
    keys = [retry_keys(chat) for chat in (first, second)]
    assert server.stop() == 0
    for chat in (first, second):
        chat.find(".progress").get_by_text(WAITS).wait_for(timeout=30_000)
        assert chat.find(".error-note:visible").count() == chat.find(".remark:visible").count() == 0
    server.start()
    for chat in (first, second):
        whole(chat, 800)
        expect(chat.answers).to_have_count(1)
        expect(chat.questions).to_have_count(1)
    (key,) = {*keys[0], *keys[1]}
    assert key is not None
    assert key.startswith("restart-trn_")
    assert keys[0]
    assert keys[1]
    assert turns(server) == ["interrupted", "completed"]


def test_waiting_for_a_restart_can_be_stopped(
    start_server: Launcher, open_dropin: OpenDropin, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server(DRAIN_SECONDS="0.5")
    chat = open_dropin(OPTIONS, url=server.url)
    chat.say("/tokens 800 20")
    chat.running("0010")
    assert server.stop() == 0
    chat.find(".progress").get_by_text(WAITS).wait_for(timeout=30_000)
    chat.stop.click()
    expect(chat.find(".remark")).to_contain_text("The server went away before the answer was complete.")
    expect(chat.find(".progress:visible")).to_have_count(0)
    server.start()
    chat.page.wait_for_timeout(1_500)
    assert turns(server) == ["interrupted"]
    chat.find(".remark").get_by_role("button", name="Try again").click()
    whole(chat, 800)


def test_interrupted_answer_of_the_past_is_not_asked_for_again_by_itself(
    start_server: Launcher, open_dropin: OpenDropin, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server(DRAIN_SECONDS="0.5")
    chat = open_dropin(OPTIONS, url=server.url)
    chat.say("/tokens 800 20")
    chat.running("0010")
    set_thread = f"sessionStorage.setItem('thread', '{chat.thread_id}')"
    context = chat.page.context
    chat.page.close()
    assert server.stop() == 0
    server.start()
    later = open_dropin(
        OPTIONS, context=context, url=server.url, prepare=lambda page: page.add_init_script(set_thread)
    )
    expect(later.find(".remark").get_by_role("button", name="Try again")).to_be_visible()
    later.page.wait_for_timeout(1_500)
    assert turns(server) == ["interrupted"]


def test_message_during_a_restart_is_sent_when_the_server_is_back(
    start_server: Launcher, open_dropin: OpenDropin, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_dropin(OPTIONS, url=server.url)
    chat.ask("/echo before")
    server.stop()
    chat.say("/echo after")
    chat.find(".banner").get_by_text("Reconnecting").wait_for()
    time.sleep(5)
    server.start()
    expect(chat.answers.last).to_have_text("after", timeout=LONG)
    expect(chat.questions).to_have_count(2)
    expect(chat.find(".banner")).to_be_hidden()


def test_message_that_waits_for_the_server_can_be_taken_back(
    start_server: Launcher, open_dropin: OpenDropin, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_dropin(OPTIONS, url=server.url)
    chat.ask("/echo before")
    server.stop()
    chat.say("/echo not now")
    chat.find(".banner").get_by_text("Reconnecting").wait_for()
    chat.stop.click()
    expect(chat.input).to_have_text("/echo not now")
    expect(chat.find(".banner")).to_be_hidden()
    expect(chat.questions).to_have_count(1)
    assert chat.page.get_by_text("You stopped this answer.").locator("visible=true").count() == 0
    server.start()
    chat.page.wait_for_timeout(2_000)
    assert turns(server) == ["completed"]


HIDES = (
    "() => { window.hides = false; Object.defineProperty(document, 'hidden', { get: () => window.hides }); }"
)
SEE = "(hidden) => { window.hides = hidden; document.dispatchEvent(new Event('visibilitychange')); }"


def test_hidden_page_gives_its_connection_back_and_goes_on_when_seen(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    followed: list[Request] = []
    chat.page.on("request", lambda request: followed.append(request) if "/events" in request.url else None)
    chat.page.evaluate(HIDES)
    chat.say("/tokens 900 20")
    chat.running("0010")
    chat.page.evaluate(SEE, True)
    chat.page.wait_for_timeout(11_500)
    before = chat.text()
    assert 10 < len(before.split()) < 800
    chat.page.wait_for_timeout(800)
    assert chat.text() == before
    assert not followed
    chat.page.evaluate(SEE, False)
    whole(chat, 900)
    (request,) = followed
    assert re.fullmatch(r"trn_\w+:\d+", request.header_value("last-event-id") or "")
    expect(chat.answers).to_have_count(1)


def test_answer_that_is_stopped_after_the_page_was_hidden_ends(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.page.evaluate(HIDES)
    chat.say("/tokens 3000 20")
    chat.running("0010")
    chat.page.evaluate(SEE, True)
    chat.page.wait_for_timeout(11_000)
    chat.page.evaluate(SEE, False)
    chat.running("0500")
    chat.stop.click()
    chat.ended()
    assert "3000" not in chat.text()
    chat.reload()
    expect(chat.find(".remark")).to_contain_text("You stopped this answer.")
