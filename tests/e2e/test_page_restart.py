"""The chat page when its server dies or restarts in the middle of an answer."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage, Watch
from tests.e2e.test_page_chat import numbers
from tests.parts import BASE_DIR
from tests.servers import Launcher, ServerProcess, answers, wait_until

Open = Callable[..., ChatPage]
LOST = r"net::ERR_|status of 50\d"


def start_again(server: ServerProcess) -> None:
    """The same server anew: its port, its database, its keys."""
    with server.log.open("ab") as out:
        server.process = subprocess.Popen(
            [sys.executable, "-m", "chatbackend.serve"],
            cwd=BASE_DIR, env=server.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    wait_until(lambda: answers(server.url + "/healthz"), "the server")


def test_answer_of_a_killed_server_is_marked_and_can_be_tried_again(
    start_server: Launcher, open_chat: Open, watch: Watch
) -> None:
    watch.expect(LOST)
    server = start_server()
    chat = open_chat(url=server.url)
    chat.say("/tokens 400 20")
    chat.running("0120")
    server.signal(signal.SIGKILL)
    server.process.wait(10)
    expect(chat.banner).to_contain_text("connection was lost")
    start_again(server)
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
    start_again(server)
    chat.ended(timeout=30_000)
    expect(chat.prose).to_have_text("after")
