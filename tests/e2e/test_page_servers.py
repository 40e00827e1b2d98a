"""The chat page on every way of serving it: with production settings and hashed files, and on daphne as `runserver` has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher

PRODUCTION = {"DEBUG": "0", "ALLOW_GUESTS": "1", "ALLOWED_HOSTS": "127.0.0.1"}


@pytest.mark.parametrize(
    ("command", "env"), [("serve", PRODUCTION), ("daphne", {})], ids=["production", "daphne"]
)
def test_page_chats_and_resumes(
    start_server: Launcher, open_chat: Callable[..., ChatPage], command: str, env: dict[str, str]
) -> None:
    chat = open_chat(url=start_server(command, port=None, **env).url)
    assert "let x;" in chat.ask("/echo ```js\nlet x;\n```")
    expect(chat.prose.locator(".hljs-keyword")).to_have_text("let")
    chat.say("/tokens 80 25")
    chat.running("0010")
    chat.reload()
    chat.running("0080")
    chat.ended()
    assert chat.prose.inner_text() == numbers(80)
    chat.say("/tokens 2000 20")
    chat.running("0005")
    chat.button("Stop the answer").click()
    chat.ended()
    expect(chat.find(".stamp")).to_be_visible()
