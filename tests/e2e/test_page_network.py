"""What the chat page makes of a bad network and of a session that ends: nothing lost, nothing said twice."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Route, expect

from tests.e2e.cable import Cable
from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher

Open = Callable[..., ChatPage]
LOST = r"Failed to load resource: net::ERR_|console error: .*net::ERR_"


def test_answer_goes_on_after_the_network_was_lost(open_chat: Open, cable: Cable, watch: Watch) -> None:
    watch.expect(LOST)
    chat = open_chat(url=cable.url)
    chat.say("/tokens 200 25")
    chat.running("0010")
    cable.cut()
    expect(chat.banner).to_contain_text("connection was lost")
    chat.page.wait_for_timeout(1200)
    cable.mend()
    chat.ended()
    assert chat.text() == numbers(200)
    expect(chat.banner).to_be_hidden()


def test_answer_that_ended_while_the_network_was_lost_is_shown_whole(
    open_chat: Open, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    chat = open_chat(url=cable.url)
    chat.say("/tokens 40 25")
    chat.running("0010")
    cable.cut()
    chat.page.wait_for_timeout(2000)
    cable.mend()
    chat.ended()
    assert chat.text() == numbers(40)
    expect(chat.answers).to_have_count(1)


def test_message_written_without_a_network_is_sent_once_it_is_back(
    open_chat: Open, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    chat = open_chat(url=cable.url)
    chat.ask("/echo first")
    cable.cut()
    chat.say("/echo second")
    expect(chat.banner).to_contain_text(re.compile(r"cannot be reached.*Trying again in \d s", re.S))
    cable.mend()
    chat.banner.get_by_role("button", name="Try now").click()
    chat.ended()
    expect(chat.prose).to_have_text("second")
    chat.reload()
    expect(chat.questions).to_have_count(2)


def test_refusal_with_retry_after_is_counted_down_and_tried_again(open_chat: Open, watch: Watch) -> None:
    watch.expect("503")
    chat = open_chat()
    keys: list[str | None] = []

    def busy_once(route: Route) -> None:
        keys.append(route.request.header_value("idempotency-key"))
        if len(keys) == 1:
            body = {"detail": "Full just now.", "code": "unavailable", "retryable": True, "request_id": "r"}
            route.fulfill(status=503, json=body, headers={"Retry-After": "2"})
        else:
            route.continue_()

    chat.page.route("**/api/chat/stream*", busy_once)
    chat.say("/echo patience")
    expect(chat.banner).to_contain_text(re.compile(r"Full just now\. Trying again in [12] s"))
    chat.ended()
    expect(chat.prose).to_have_text("patience")
    assert keys[0] is not None
    assert keys == [keys[0]] * 2


def test_message_that_was_never_taken_can_be_edited_or_sent_again(open_chat: Open, watch: Watch) -> None:
    watch.expect("503")
    chat = open_chat()
    body = {"detail": "Full.", "code": "unavailable", "retryable": True, "request_id": "r"}
    full = {"status": 503, "json": body, "headers": {"Retry-After": "30"}}
    chat.page.route("**/api/chat/stream*", lambda route: route.fulfill(**full))
    chat.say("/echo wait for me")
    chat.banner.get_by_role("button", name="Cancel").click()
    note = chat.find(".from-user .note")
    expect(note).to_contain_text("Not sent")
    note.get_by_role("button", name="Edit").click()
    expect(chat.input).to_have_value("/echo wait for me")
    chat.input.press("Enter")
    chat.banner.get_by_role("button", name="Cancel").click()
    chat.page.unroute("**/api/chat/stream*")
    note.get_by_role("button", name="Send again").click()
    chat.ended()
    expect(chat.prose).to_have_text("wait for me")
    expect(chat.questions).to_have_count(1)


def test_hidden_page_gives_its_connection_back_and_goes_on_when_seen(open_chat: Open) -> None:
    chat = open_chat()
    followed: list[str] = []
    chat.page.on(
        "request", lambda request: followed.append(request.url) if "/events" in request.url else None
    )
    see = "(hidden) => { hides = hidden; document.dispatchEvent(new Event('visibilitychange')); }"
    chat.page.evaluate(
        "() => { window.hides = false; Object.defineProperty(document, 'hidden', {get: () => window.hides}); }"
    )
    chat.say("/tokens 700 20")
    chat.running("0010")
    chat.page.evaluate(see, True)
    chat.page.wait_for_timeout(11_500)
    before = chat.text()
    chat.page.wait_for_timeout(600)
    assert chat.text() == before
    chat.page.evaluate(see, False)
    chat.ended()
    assert chat.text() == numbers(700)
    assert len(followed) == 1
    assert "after=" in followed[0]


def test_ended_session_is_renewed_without_a_word(open_chat: Open, watch: Watch) -> None:
    watch.expect("401")
    chat = open_chat()
    chat.ask("/echo before")
    status = chat.page.evaluate(
        "fetch('/api/sessions/current', {method: 'DELETE'}).then((response) => response.status)"
    )
    assert status in (200, 204)
    assert chat.ask("/echo after") == "after"
    expect(chat.questions).to_have_count(2)


def test_page_says_when_the_server_is_away_and_comes_back(
    open_chat: Open, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    chat = open_chat(url=cable.url)
    chat.page.route("**/api/custom/session", lambda route: route.abort())
    chat.page.reload()
    expect(chat.page.get_by_role("heading", name="The chat is not there right now")).to_be_visible()
    expect(chat.button("Send")).to_be_disabled()
    chat.page.unroute("**/api/custom/session")
    chat.button("Try again").click()
    chat.ready()
    assert chat.ask("/echo back") == "back"


def test_stranger_is_asked_to_sign_in_where_guests_are_not_let_in(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect("401")
    server = start_server(ALLOW_GUESTS="0")
    chat = open_chat(url=server.url, ready=False)
    expect(chat.page.get_by_role("heading", name="Please sign in")).to_be_visible()
    chat.find(".empty a").click()
    chat.page.get_by_label("Username").fill(server.admin)
    chat.page.get_by_label("Password").fill(server.password)
    chat.page.get_by_role("button", name="Log in").click()
    chat.page.wait_for_url(server.url + "/")
    chat.ready()
    assert chat.ask("/echo welcome") == "welcome"
    expect(chat.find(".who")).to_contain_text(server.admin)


def test_thread_of_someone_else_is_not_shown(
    open_chat: Open, visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.expect("404")
    owner = open_chat()
    owner.ask("/echo private words")
    address = owner.address
    stranger = open_chat(visitor(), path=address)
    expect(stranger.banner).to_contain_text("not here any more")
    expect(stranger.answers).to_have_count(0)
    assert stranger.address == "/"
