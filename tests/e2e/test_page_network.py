"""What the chat page makes of a bad network and of a session that ends: nothing lost, nothing said twice."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Route, expect

from tests.e2e.cable import Cable
from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher

Open = Callable[..., ChatPage]
LOST = r"Failed to load resource: net::ERR_|console error: .*net::ERR_|chatkit:|connect:|WebSocket connection"


def test_answer_goes_on_after_the_network_was_lost(open_chat: Open, cable: Cable, watch: Watch) -> None:
    watch.expect(LOST)
    chat = open_chat(url=cable.url)
    chat.say("/tokens 200 25")
    chat.running("0010")
    cable.cut()
    expect(chat.banner).to_contain_text("Connection lost")
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
    expect(chat.banner).to_contain_text("Reconnecting")
    cable.mend()
    expect(chat.prose).to_have_text("second", timeout=30_000)
    chat.ended()
    chat.reload()
    expect(chat.questions).to_have_count(2)


def test_message_that_was_never_taken_is_given_back(open_chat: Open, watch: Watch) -> None:
    watch.expect("503|Full just now")
    chat = open_chat()
    body = {"detail": "Full just now.", "code": "unavailable", "retryable": True, "request_id": "r"}

    def full(route: Route) -> None:
        if "threads.create" in (route.request.post_data or ""):
            route.fulfill(status=503, json=body, headers={"Retry-After": "30"})
        else:
            route.continue_()

    chat.page.route("**/chatkit", full)
    chat.say("/echo wait for me")
    expect(chat.find(".composer-slot")).to_contain_text("Full just now.")
    expect(chat.input).to_have_text("/echo wait for me")
    expect(chat.questions).to_have_count(0)
    chat.page.unroute("**/chatkit")
    chat.input.press("Enter")
    expect(chat.prose).to_have_text("wait for me")
    chat.ended()
    expect(chat.questions).to_have_count(1)


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
    expect(chat.page.get_by_role("heading", name="The chat could not be started.")).to_be_visible()
    expect(chat.find(".blank [role=alert]")).to_have_text("The server cannot be reached just now.")
    expect(chat.input).to_be_hidden()
    chat.page.unroute("**/api/custom/session")
    chat.button("Try again").click()
    chat.ready()
    assert chat.ask("/echo back") == "back"


def test_stranger_is_asked_to_sign_in_where_guests_are_not_let_in(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect("401|The credential is missing")
    server = start_server(ALLOW_GUESTS="0")
    chat = open_chat(url=server.url, ready=False)
    expect(chat.page.get_by_role("heading", name="Please sign in")).to_be_visible()
    chat.page.locator(".door a").click()
    chat.page.get_by_label("Username").fill(server.admin)
    chat.page.get_by_label("Password").fill(server.password)
    chat.page.get_by_role("button", name="Log in").click()
    chat.page.wait_for_url(server.url + "/")
    chat.ready()
    assert chat.ask("/echo welcome") == "welcome"
    expect(chat.page.locator(".who")).to_have_text(server.admin)


def test_thread_of_someone_else_is_not_shown(
    open_chat: Open, visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.expect("404|not here any more")
    owner = open_chat()
    owner.ask("/echo private words")
    address = owner.address
    stranger = open_chat(visitor(), path=address)
    expect(stranger.find(".notices")).to_contain_text("not here any more")
    expect(stranger.answers).to_have_count(0)
    assert stranger.address == "/"
