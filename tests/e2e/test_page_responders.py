"""The chat page and answers in Python: what passes is shown and goes, items that it does not know do no harm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage
from tests.live.routes import add_models
from tests.servers import Launcher, ServerProcess

Open = Callable[..., ChatPage]


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    """The default answers slowly, with all that a responder may say; another has no words at all."""
    names = ("shown_slowly", "no_words")
    server = start_server(CHAT_RESPONDERS=",".join(f"{name}=tests.live.responders.{name}" for name in names))
    rows = {name: {"provider": "python", "api_key": "", "model": name} for name in names}
    rows["shown_slowly"]["default"] = True  # type: ignore[assignment]
    add_models(server, rows)
    return server


def test_progress_and_notice_are_shown_and_unknown_items_are_passed_over(
    open_chat: Open, server: ServerProcess
) -> None:
    chat = open_chat(url=server.url)
    chat.say("hello")
    progress = chat.find(".progress")
    expect(progress).to_have_text("Looking it up")
    expect(chat.find(".notice.warning .notice-text")).to_have_text("This is old.")
    expect(progress).to_have_text("Nearly there")
    chat.ended()
    expect(progress).to_be_hidden()
    expect(chat.prose.locator("strong")).to_have_text("answer")
    expect(chat.page.locator("body")).not_to_contain_text("hidden words")
    chat.reload()
    expect(chat.answers).to_have_count(1)
    expect(chat.prose).to_have_text("The answer itself.")
    expect(chat.find(".notices .notice")).to_have_count(0)


def test_answer_without_words_leaves_a_page_that_works(open_chat: Open, server: ServerProcess) -> None:
    chat = open_chat(url=server.url)
    choose(chat, "no_words")
    chat.say("hello")
    chat.find(".from-user:not([aria-busy])").wait_for()
    expect(chat.button("Send")).to_be_visible()
    chat.reload()
    expect(chat.questions).to_have_text(["hello"])
    choose(chat, "Demo")
    assert chat.ask("/echo still here") == "still here"


def choose(chat: ChatPage, label: str) -> None:
    chat.picker.click()
    chat.page.get_by_role("menuitemradio", name=label).click()
