"""What the chat page makes of an allowance that is used up: it says until when, and keeps what was written."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage, Watch
from tests.servers import Launcher

SETUP = "from chat_app.models import Quota; Quota.objects.create(turns=1, period='month')"


def test_used_up_allowance_is_said_at_once_and_the_message_is_kept(
    open_chat: Callable[..., ChatPage], start_server: Launcher, watch: Watch
) -> None:
    watch.expect("Your allowance|status of 429")
    server = start_server()
    server.manage("shell", "-v0", "-c", SETUP)
    chat = open_chat(url=server.url)
    assert chat.ask("/echo first") == "first"
    chat.say("/echo second")
    said = re.compile(r"Your allowance for this month is used up until 1 \w+, 00:00 UTC\.")
    expect(chat.find(".composer-slot")).to_contain_text(said)
    expect(chat.input).to_have_text("/echo second")
    expect(chat.questions).to_have_count(1)
