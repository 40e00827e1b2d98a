"""The drop-in on a server of ChatKit's own SDK behind FastAPI: a client of the protocol like any other, tied to no server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.chat import Chat
from tests.peers.sdk import SdkServer, sdk_server
from tests.servers import ServerProcess, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

OPTIONS = """{
  api: { url: '%s', domainKey: 'none', uploadStrategy: { type: 'two_phase' } },
  thread: { autoScroll: true },
  threadItemActions: { feedback: true, retry: true },
  composer: { attachments: { enabled: true }, dictation: { enabled: true } },
  onClientTool: async ({ name, params }) => ({ saw: `${name} ${params.where}` }),
  widgets: { onAction: async (action, item) => window.told.push(['page action', { type: action.type, item: item.id }]) },
}"""


@pytest.fixture(scope="module")
def peer() -> Iterator[SdkServer]:
    with sdk_server(pause=0.01) as running:
        yield running


@pytest.fixture
def chat(visitor: Callable[..., BrowserContext], live_server_process: ServerProcess, peer: SdkServer) -> Chat:
    """A page of this server whose element speaks to the peer."""
    page = visitor(permissions=["local-network-access"]).new_page()
    chat = Chat(page, live_server_process.url, OPTIONS % peer.chatkit)
    chat.open()
    return chat


def seen(peer: SdkServer) -> Any:
    return requests.get(f"{peer.url}/seen", timeout=5).json()


def test_answer_streams_and_a_reload_keeps_it(chat: Chat) -> None:
    assert chat.ask("hello there") == "You said hello there."
    assert chat.find(".head-title").inner_text() == "hello there"
    chat.reload()
    chat.running("You said hello there.")
    assert chat.ask("again") == "You said again."
    assert chat.questions.all_inner_texts() == ["hello there", "again"]
    assert chat.find(".answer-text strong").first.inner_text() == "hello there"


def test_stop_ends_the_stream(chat: Chat, peer: SdkServer) -> None:
    before = len(seen(peer)["stopped"])
    chat.say("slow")
    chat.running("0080")
    chat.stop.click()
    chat.ended()
    assert chat.find(".stamp").inner_text() == "You stopped this answer."
    wait_until(lambda: len(seen(peer)["stopped"]) > before, "the peer to hear of the end", 10)


def test_widget_streams_and_its_buttons_act(chat: Chat, peer: SdkServer) -> None:
    chat.say("card")
    card = chat.find(".widget")
    card.get_by_text("One word after another").wait_for()
    chat.ended()
    card.get_by_role("button", name="On the page").click()
    chat.page.wait_for_function("() => window.told.some(([name]) => name === 'page action')")
    card.get_by_placeholder("City").fill("Utrecht")
    card.get_by_role("button", name="Save").click()
    card.get_by_text("Done: save").wait_for()
    assert ["save", {"city": "Utrecht"}] in [action[:2] for action in seen(peer)["actions"]]
    card.get_by_role("button", name="At once").click()
    card.get_by_text("Done at once").wait_for()


def test_client_tool_is_run_once_and_its_result_goes_back(chat: Chat) -> None:
    chat.say("tool")
    chat.running("The page returned")
    chat.ended()
    assert "saw" in chat.text()
    assert "look out" in chat.text()
    assert chat.find(".tool-note").inner_text() == "Ran look"
    chat.reload()
    chat.running("look out")
    assert len(chat.operations("threads.add_client_tool_output")) == 1


def test_questions_are_answered(chat: Chat) -> None:
    chat.say("ask")
    chat.find("legend, h3").filter(has_text="Which size?").or_(
        chat.page.get_by_text("Which size?")
    ).first.wait_for()
    chat.page.get_by_text("Large", exact=True).click()
    chat.button("Submit").click()
    chat.running("size: Large")
    chat.ended()


def test_what_is_told_in_passing_is_shown(chat: Chat) -> None:
    chat.say("work")
    chat.running("Done.")
    chat.ended()
    assert ["effect", {"name": "lights", "data": {"on": True}}] in chat.told
    notice = chat.find(".notice.info:visible")
    assert "Good to know" in notice.inner_text()
    assert notice.locator("em").inner_text() == "today"
    assert chat.find(".item-workflow").count() == 1


def test_failure_is_told_and_tried_again(chat: Chat, watch: Watch) -> None:
    chat.say("fail")
    note = chat.find(".error-note:visible")
    note.wait_for()
    assert "The oven is cold." in note.inner_text()
    note.get_by_role("button").click()
    chat.page.wait_for_function("() => window.told.filter(([name]) => name === 'error').length === 2")
    assert chat.answers.count() == 1
    assert chat.questions.count() == 1


def test_file_goes_up_in_two_phases(chat: Chat) -> None:
    chat.call("element.setComposerValue({ files: [new File(['four'], 'a.txt', { type: 'text/plain' })] })")
    chat.find(".composer").get_by_text("a.txt").wait_for()
    chat.say("read it")
    chat.running("a.txt has 4 bytes.")
    assert chat.find(".from-user .attachment-name").inner_text() == "a.txt"


def test_history_is_the_peers(chat: Chat) -> None:
    chat.ask("name of this")
    chat.button("New chat").click()
    chat.button("Conversations").click()
    chat.find(".history-row").filter(has_text="name of this").locator(".history-open").click()
    chat.running("You said name of this.")


def test_actions_of_the_page_reach_the_peer(chat: Chat, peer: SdkServer) -> None:
    chat.ask("hello")
    chat.call("element.sendCustomAction({ type: 'nudge', payload: { by: 2 } })")
    chat.running("Action nudge.")
    assert ["nudge", {"by": 2}, None] in seen(peer)["actions"]
