"""The drop-in as a person uses it, with `getClientSecret` and this server: what is said, kept, stopped, named and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.conftest import OpenDropin
from tests.upstream.faulty import text_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

SLOW = "/tokens 800 10"
OPTIONS = """{
  thread: { autoScroll: true },
  threadItemActions: { feedback: true, retry: true },
  startScreen: { greeting: 'Good morning', prompts: [{ label: 'Say hello', prompt: '/echo Hello', icon: 'sparkle' }] },
  composer: { placeholder: 'Message the demo' },
}"""


def test_answer_streams_and_is_there_after_a_reload(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    assert chat.find(".greeting").inner_text() == "Good morning"
    assert chat.ask("/echo Good morning, 🎈 & שלום") == "Good morning, 🎈 & שלום"
    names = chat.names()
    assert names.index("ready") < names.index("thread.change") < names.index("response.start")
    assert names[-1] == "response.end"
    chat.reload()
    chat.answers.wait_for()
    assert chat.questions.all_inner_texts() == ["/echo Good morning, 🎈 & שלום"]
    assert chat.text() == "Good morning, 🎈 & שלום"
    assert [name for name in chat.names() if name.startswith("thread.load")] == [
        "thread.load.start",
        "thread.load.end",
    ]


def test_prompt_of_the_start_screen_is_sent(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.button("Say hello").click()
    chat.running("Hello")
    assert chat.operations("threads.create")[0]["input"]["content"] == [
        {"type": "input_text", "text": "/echo Hello"}
    ]


def test_reload_in_mid_answer_goes_on_with_it(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.say(SLOW)
    chat.running("0020")
    chat.reload()
    chat.running("0200")
    assert chat.stop.is_visible()
    assert chat.answers.count() == chat.questions.count() == 1
    chat.running("0800")
    chat.ended()
    assert chat.text() == text_of(800).strip()


def test_second_tab_follows_live_and_stops_it(
    open_dropin: OpenDropin, visitor: Callable[..., BrowserContext]
) -> None:
    context = visitor(permissions=["local-network-access"])
    first = open_dropin(OPTIONS, context=context)
    first.say("/echo before")
    first.running("before")
    first.ended()
    second = open_dropin(
        OPTIONS,
        context=context,
        prepare=lambda page: page.add_init_script(f"sessionStorage.setItem('thread', '{first.thread_id}')"),
    )
    second.running("before")
    first.say("/tokens 3000 10")
    second.running("0040")
    second.stop.click()
    first.ended()
    second.ended()
    first.page.wait_for_function("() => window.told.at(-1)[0] === 'response.end'")
    assert second.find(".stamp").inner_text() == "You stopped this answer."
    first.answers.last.filter(has_text=second.text()[-24:]).wait_for()
    assert "3000" not in first.text()
    assert second.ask("/echo after") == "after"
    first.running("after")


def test_message_that_has_not_come_to_the_server_is_a_draft_after_a_reload(open_dropin: OpenDropin) -> None:
    chat = open_dropin()
    chat.page.route("**/chatkit", lambda route: None)
    chat.say("/echo on its way")
    chat.input.filter(has_text=re.compile("^$")).wait_for()
    chat.input.press_sequentially("typed since")
    chat.page.unroute("**/chatkit")
    chat.reload()
    expect(chat.input).to_have_text("/echo on its way\ntyped since")
    chat.input.press("Enter")
    chat.running("typed since")
    chat.ended()
    chat.reload()
    expect(chat.input).to_have_text("")


def test_draft_survives_a_reload(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.input.fill("half a thou")
    chat.page.wait_for_timeout(600)
    chat.reload()
    assert chat.input.inner_text() == "half a thou"


def test_conversations_are_listed_named_and_deleted(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo first")
    chat.button("New chat").click()
    assert chat.thread_id is None
    chat.ask("/echo second")
    chat.button("Conversations").click()
    rows = chat.find(".history-row")
    rows.nth(1).wait_for()
    assert rows.all_inner_texts() == ["/echo second", "/echo first"]
    rows.nth(1).locator("button").last.click()
    chat.page.get_by_role("menuitem", name="Rename").click()
    chat.page.get_by_label("Name of the conversation").fill("The first one")
    chat.page.keyboard.press("Enter")
    rows.filter(has_text="The first one").locator(".history-open").click()
    chat.running("first")
    assert chat.find(".head-title").inner_text() == "The first one"
    chat.button("Conversations").click()
    rows.filter(has_text="The first one").locator("button").last.click()
    chat.page.get_by_role("menuitem", name="Delete").click()
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    chat.find(".greeting").wait_for()
    assert chat.thread_id is None
    assert [name for name in chat.names() if name.startswith("history")] == [
        "history.open",
        "history.close",
    ] * 2


def test_retry_and_feedback_reach_the_server(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo once more")
    chat.button("Good answer").click()
    chat.button("Answer again").click()
    chat.page.wait_for_function("() => window.told.filter(([name]) => name === 'response.end').length === 2")
    chat.ended()
    assert chat.answers.count() == chat.questions.count() == 1
    assert chat.text() == "once more"
    assert chat.operations("items.feedback")[0]["kind"] == "positive"


def test_failed_answer_says_why_and_can_be_tried_again(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("chatkit: Error: The demo model was asked to fail")
    chat = open_dropin(OPTIONS)
    chat.say("/fail overloaded")
    note = chat.find(".error-note")
    note.wait_for()
    assert note.get_attribute("role") == "alert"
    assert len(note.inner_text()) > 10
    assert chat.questions.all_inner_texts() == ["/fail overloaded"]
    note.get_by_role("button").click()
    chat.page.wait_for_function("() => window.told.filter(([name]) => name === 'error').length === 2")
    assert chat.operations("threads.retry_after_item")


def test_session_that_is_refused_is_told_in_words(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("No client|chatkit:|401")
    chat = open_dropin(
        "{ api: { getClientSecret: async () => { throw new Error('Session failed: sign in first'); } } }",
        ready=False,
    )
    chat.find(".frame[data-phase=failed]").wait_for()
    assert "Session failed: sign in first" in chat.find(".blank").inner_text()
    assert ["error", "Session failed: sign in first"] in chat.told


def test_forged_secret_is_refused_in_words(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("401|chatkit:")
    chat = open_dropin("{ api: { getClientSecret: async () => 'a-forged-secret-0123456789' } }")
    chat.say("let me in")
    note = chat.find(".notice.danger")
    note.wait_for()
    assert re.search(r"\w+ \w+", note.inner_text())
    chat.find(".field").filter(has_text="let me in").wait_for()  # nothing that was typed is lost


def test_methods_do_what_their_types_say(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.call("element.sendUserMessage({ text: '/echo by method' })")
    chat.running("by method")
    chat.ended()
    first = chat.thread_id
    chat.call("element.setThreadId(null)")
    assert chat.thread_id is None
    chat.call("element.setComposerValue({ text: 'put in' })")
    assert chat.input.inner_text() == "put in"
    chat.call("element.focusComposer()")
    assert chat.call("element.shadowRoot.activeElement.getAttribute('role')") == "textbox"
    chat.call(f"element.setThreadId('{first}')")
    chat.running("by method")
    chat.call("element.showHistory()")
    chat.find(".panel[data-open]").wait_for()
    chat.call("element.hideHistory()")
    chat.find(".panel[data-open]").wait_for(state="detached")
    chat.call("element.sendUserMessage({ text: '/echo newer', newThread: true })")
    chat.running("newer")
    assert chat.thread_id != first
    assert chat.call("element.sendUserMessage({})").startswith("TypeError")
    assert chat.call("element.setOptions({})").startswith("TypeError")
    sent = [detail for name, detail in chat.told if name == "message.sent"]
    assert [message["message"]["text"] for message in sent] == ["/echo by method", "/echo newer"]


def test_element_that_was_taken_away_comes_back_as_it_was(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo still here")
    chat.input.fill("half a thou")
    chat.call("(window.parent_ = element.parentNode, window.away = element, element.remove())")
    chat.page.wait_for_timeout(300)
    assert chat.page.evaluate("window.away.shadowRoot.childElementCount") == 0
    chat.page.evaluate("window.parent_.append(window.away)")
    chat.ready()
    chat.running("still here")
    assert chat.input.inner_text() == "half a thou"
    chat.call("(element.parentNode.prepend(element), null)")  # moved, in one go: nothing is drawn anew
    chat.running("still here")
    assert chat.ask("/echo and on") == "and on"


def test_options_given_later_are_in_force(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo first")
    chat.call(
        "(element.setOptions({ api: { getClientSecret: async () => 'forged-in-between-0123456789' }, theme: 'dark',"
        " locale: 'de', composer: { placeholder: 'Schreib etwas' } }), null)"
    )
    chat.find(".new-chat[aria-label='Neuer Chat']").wait_for()
    assert (
        chat.page.evaluate("getComputedStyle(document.querySelector('openai-chatkit')).colorScheme") == "dark"
    )
    chat.find("[role=textbox][aria-label='Schreib etwas']").wait_for()
    assert chat.text() == "first"
