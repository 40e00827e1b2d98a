"""Tools of the page that were called when nobody was there to run them: run once, by who comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.dropin.chat import Chat
from tests.e2e.dropin.conftest import OpenDropin
from tests.live.chatkit import shapes
from tests.live.chatkit.conftest import OFF, PLAYER
from tests.live.chatkit.player import script
from tests.live.routes import add_models
from tests.servers import Launcher, ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

CALL = ["done", "c", "client_tool_call", shapes.call(city="X")]
ASKS = script(["count", 150, 0.02], CALL)
RUNS = """{ onClientTool: ({ name, params }) => {
  const ran = Number(localStorage.getItem('ran') ?? 0) + 1;
  localStorage.setItem('ran', String(ran));
  return { sunny: true, ran };
} }"""
HANGS = "{ onClientTool: () => { window.called = true; return new Promise(() => {}); } }"
OUTPUTS = "threads.add_client_tool_output"


@pytest.fixture(scope="module")
def player(start_server: Launcher) -> ServerProcess:
    """A server whose model plays what it is told."""
    server = start_server(CHAT_RESPONDERS=f"player={PLAYER}")
    server.manage("shell", "-c", OFF)
    add_models(server, {"player": {"provider": "python", "model": "player", "api_key": "", "default": True}})
    return server


def ran(chat: Chat) -> int:
    """How often the tool was run in any tab of this person."""
    times: int = chat.page.evaluate("Number(localStorage.getItem('ran') ?? 0)")
    return times


def answered(chat: Chat) -> None:
    """Wait until an answer has come to what the tool returned."""
    chat.running("tool_output")
    chat.ended()


def test_tool_that_is_called_after_a_reload_is_run(open_dropin: OpenDropin, player: ServerProcess) -> None:
    chat = open_dropin(RUNS, url=player.url)
    chat.say(ASKS)
    chat.running("0010")
    chat.reload()
    answered(chat)
    assert ran(chat) == 1
    assert len(chat.operations(OUTPUTS)) == 1


def test_tool_is_run_in_one_of_two_tabs(
    open_dropin: OpenDropin, player: ServerProcess, visitor: Callable[..., BrowserContext]
) -> None:
    context = visitor(permissions=["local-network-access"])
    first = open_dropin(RUNS, url=player.url, context=context)
    first.say(ASKS)
    first.running("0010")
    thread = f"sessionStorage.setItem('thread', '{first.thread_id}')"
    second = open_dropin(
        RUNS, url=player.url, context=context, prepare=lambda page: page.add_init_script(thread)
    )
    for chat in (first, second):
        answered(chat)
    first.page.wait_for_timeout(2_000)
    assert ran(first) == 1
    assert len(first.operations(OUTPUTS)) == 1
    assert not second.operations(OUTPUTS)


def test_tool_that_a_closed_tab_has_not_answered_is_run_by_who_comes_back(
    open_dropin: OpenDropin, player: ServerProcess, visitor: Callable[..., BrowserContext]
) -> None:
    context = visitor(permissions=["local-network-access"])
    first = open_dropin(HANGS, url=player.url, context=context)
    first.say(ASKS)
    first.page.wait_for_function("() => window.called")
    thread = f"sessionStorage.setItem('thread', '{first.thread_id}')"
    reader = open_dropin(
        RUNS, url=player.url, context=context, prepare=lambda page: page.add_init_script(thread)
    )
    reader.page.wait_for_timeout(2_500)
    assert ran(reader) == 0  # the first tab is at it
    first.page.close()
    reader.reload()
    answered(reader)
    assert ran(reader) == 1


def test_tool_of_an_answer_that_was_stopped_is_not_run(
    open_dropin: OpenDropin, player: ServerProcess
) -> None:
    chat = open_dropin(RUNS, url=player.url)
    chat.say(script(CALL, ["count", 2000, 0.02]))
    chat.running("0040")
    chat.stop.click()
    chat.ended()
    chat.page.wait_for_timeout(2_000)
    assert ran(chat) == 0
    expect(chat.answers).to_have_count(1)


SLOW = """{ onClientTool: () => {
  window.times = (window.times ?? 0) + 1;
  return new Promise((done) => { window.finish = () => done({ sunny: true }); });
} }"""


def test_result_that_came_while_another_thread_was_shown_goes_back_with_its_own(
    open_dropin: OpenDropin, player: ServerProcess
) -> None:
    chat = open_dropin(SLOW, url=player.url)
    chat.say(script(CALL))
    chat.page.wait_for_function("() => window.times === 1")
    thread = chat.thread_id
    chat.call("element.setThreadId(null)")
    chat.page.evaluate("window.finish()")
    chat.page.wait_for_timeout(300)
    assert not chat.operations(OUTPUTS)
    chat.call(f"element.setThreadId('{thread}')")
    answered(chat)
    assert chat.page.evaluate("window.times") == 1
    (output,) = chat.operations(OUTPUTS)
    assert output["result"] == {"sunny": True}


def test_element_that_was_taken_away_runs_no_tool(open_dropin: OpenDropin, player: ServerProcess) -> None:
    chat = open_dropin(RUNS, url=player.url)
    chat.say(ASKS)
    chat.running("0010")
    chat.page.evaluate(
        "() => { window.kept = document.querySelector('openai-chatkit'); window.kept.remove(); }"
    )
    chat.page.wait_for_timeout(6_000)
    assert ran(chat) == 0
    chat.page.evaluate("document.querySelector('main').append(window.kept)")
    answered(chat)
    assert ran(chat) == 1
