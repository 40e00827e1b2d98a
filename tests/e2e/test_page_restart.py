"""The chat page when its server dies or restarts in the middle of an answer."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher

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
    said = chat.prose.inner_text()
    assert said == numbers(len(said.split()))
    expect(answer.locator(".note")).to_contain_text("Interrupted")
    expect(chat.banner).to_be_hidden()
    answer.get_by_role("button", name="Try again").click()
    chat.ended(timeout=60_000)
    assert chat.prose.inner_text() == numbers(400)


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
