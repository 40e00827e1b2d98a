"""The list of conversations in the drop-in, on this server: found by their words, saved as files, many, and gone ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.chat import Chat
from tests.e2e.dropin.conftest import OpenDropin

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Route

OPTIONS = "{ history: { showSearch: true, showExport: true } }"
NOBODYS = "01890000-0000-7000-8000-000000000000"
GONE = "That conversation is not here any more."
MAKE = """async (titles) => {
  const { client_secret: secret } = await (await fetch('/api/custom/session', { method: 'POST' })).json();
  const headers = { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' };
  const ids = [];
  for (const title of titles) {
    const answer = await fetch('/api/threads', { method: 'POST', headers, body: JSON.stringify({ title }) });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    ids.push((await answer.json()).id);
  }
  return ids;
}"""
SAY = """async (id) => {
  const { client_secret: secret } = await (await fetch('/api/custom/session', { method: 'POST' })).json();
  const headers = { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ message: '/echo said elsewhere', thread_id: id });
  return (await fetch('/api/chat', { method: 'POST', headers, body })).status;
}"""
DELETE = """async (id) => {
  const { client_secret: secret } = await (await fetch('/api/custom/session', { method: 'POST' })).json();
  return (await fetch(`/api/threads/${id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${secret}` } })).status;
}"""


def make(chat: Chat, titles: Iterable[str]) -> list[str]:
    """Threads of this visitor's, without a word in them. -> their ids"""
    ids: list[str] = chat.page.evaluate(MAKE, list(titles))
    return ids


def delete_elsewhere(chat: Chat, thread_id: str) -> None:
    assert chat.page.evaluate(DELETE, thread_id) == 204


def rows(chat: Chat) -> Locator:
    return chat.find(".history-row")


def titles(chat: Chat) -> list[str]:
    return chat.find(".history-open").all_inner_texts()


def shown(chat: Chat, wanted: list[str]) -> None:
    """Wait until these rows are there, and no others."""
    chat.page.wait_for_function(
        "wanted => JSON.stringify([...document.querySelector('openai-chatkit').shadowRoot"
        ".querySelectorAll('.history-open')].map((row) => row.textContent)) === JSON.stringify(wanted)",
        arg=wanted,
    )


def search(chat: Chat) -> Locator:
    return chat.page.get_by_role("searchbox", name="Search conversations")


def choose(chat: Chat, title: str, entry: str) -> None:
    """An entry of a row's menu."""
    rows(chat).filter(has_text=title).locator("button").last.click()
    chat.page.get_by_role("menuitem", name=entry).click()


@pytest.fixture
def chat(open_dropin: OpenDropin) -> Chat:
    """Three conversations, and their list open."""
    chat = open_dropin(OPTIONS)
    make(chat, ["Apples and pears", "About plums", "Only apples"])
    chat.button("Conversations").click()
    rows(chat).nth(2).wait_for()
    return chat


def test_search_finds_by_title(chat: Chat) -> None:
    search(chat).fill("apples")
    shown(chat, ["Only apples", "Apples and pears"])
    search(chat).fill("nothing like that")
    chat.find(".history-empty").get_by_text("Nothing found").wait_for()
    assert rows(chat).count() == 0
    search(chat).press("Escape")
    rows(chat).nth(2).wait_for()
    assert search(chat).input_value() == ""
    assert chat.find(".panel[data-open]").count() == 1
    search(chat).press("Escape")
    chat.find(".panel:not([data-open])").wait_for(state="attached")


def test_search_finds_what_was_said_and_opens_it(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo quinces are rare")
    chat.button("New chat").click()
    chat.ask("/echo plums are not")
    chat.button("Conversations").click()
    search(chat).fill("quinces")
    shown(chat, ["/echo quinces are rare"])
    rows(chat).first.locator(".history-open").click()
    chat.running("quinces are rare")
    chat.button("Conversations").click()
    rows(chat).nth(1).wait_for()
    assert search(chat).input_value() == ""


def test_search_asks_once_for_what_is_typed_at_once(chat: Chat) -> None:
    asked: list[str] = []
    chat.page.on(
        "request", lambda request: asked.append(request.url) if "api/threads?" in request.url else None
    )
    search(chat).press_sequentially("apples", delay=20)
    shown(chat, ["Only apples", "Apples and pears"])
    assert len(asked) == 1
    assert "q=apples" in asked[0]


def test_late_answer_of_an_earlier_search_is_not_shown(chat: Chat) -> None:
    def slow(route: Route) -> None:
        chat.page.wait_for_timeout(800)
        route.continue_()

    chat.page.route("**/api/threads?q=plums*", slow)
    with chat.page.expect_request("**/api/threads?q=plums*"):
        search(chat).fill("plums")
    search(chat).fill("apples")
    shown(chat, ["Only apples", "Apples and pears"])
    chat.page.wait_for_timeout(1_000)
    assert titles(chat) == ["Only apples", "Apples and pears"]


def test_search_goes_on_to_further_pages(chat: Chat) -> None:
    make(chat, [f"Cherry {n}" for n in range(70)])
    search(chat).fill("cherry")
    rows(chat).filter(has_text="Cherry 69").wait_for()
    for _ in range(20):
        chat.find(".history-list").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
        chat.page.wait_for_timeout(100)
    assert titles(chat) == [f"Cherry {n}" for n in reversed(range(70))]
    assert chat.button("Show more").is_hidden()


def test_search_that_fails_says_so_and_tries_again(chat: Chat, watch: Watch) -> None:
    watch.expect(r"chatkit:|500")
    chat.page.route("**/api/threads?*", lambda route: route.fulfill(status=500, json={"detail": "No."}))
    search(chat).fill("plums")
    chat.find(".history-empty").get_by_text("The search did not work.").wait_for()
    chat.page.unroute("**/api/threads?*")
    chat.button("Try again").click()
    shown(chat, ["About plums"])


def test_what_was_found_can_be_renamed_and_deleted(chat: Chat) -> None:
    search(chat).fill("plums")
    shown(chat, ["About plums"])
    choose(chat, "About plums", "Rename")
    chat.page.get_by_label("Name of the conversation").fill("About damsons")
    chat.page.keyboard.press("Enter")
    shown(chat, ["About damsons"])
    choose(chat, "About damsons", "Delete")
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    shown(chat, [])
    chat.button("Clear the search").click()
    shown(chat, ["Only apples", "Apples and pears"])


def test_conversation_is_saved_as_markdown_under_its_title(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo **kept** as written")
    chat.button("Conversations").click()
    choose(chat, "/echo", "Rename")
    chat.page.get_by_label("Name of the conversation").fill("../What: was “said”? 🎈.")
    chat.page.keyboard.press("Enter")
    rows(chat).filter(has_text="What:").wait_for()
    with chat.page.expect_download() as download:
        choose(chat, "What:", "Export")
    assert download.value.suggested_filename == "What was “said” 🎈.md"
    assert "**kept** as written" in Path(download.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 503, "json": {"detail": "Closed for repair."}}, "Closed for repair."),
        (None, "The conversation could not be exported."),
    ],
    ids=["refused", "no-network"],
)
def test_export_that_fails_says_why(chat: Chat, watch: Watch, answer: Any, words: str) -> None:
    watch.expect(r"chatkit:|503|ERR_FAILED")
    chat.page.route("**/export", lambda route: route.fulfill(**answer) if answer else route.abort())
    choose(chat, "About plums", "Export")
    trouble = chat.find(".history-trouble")
    trouble.get_by_text(words).wait_for()
    assert trouble.get_attribute("role") == "alert"


def test_additions_are_off_unless_the_page_wants_them(open_dropin: OpenDropin) -> None:
    chat = open_dropin("{}")
    make(chat, ["One"])
    chat.button("Conversations").click()
    rows(chat).first.locator("button").last.click()
    assert chat.page.get_by_role("menuitem").all_inner_texts() == ["Rename", "Delete"]
    assert search(chat).count() == 0


def test_long_list_is_read_as_one_scrolls_and_stays_when_it_is_read_anew(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    make(chat, [f"Thread {n} {'long ' * 30}" for n in range(100)])
    chat.button("Conversations").click()
    rows(chat).first.wait_for()
    while rows(chat).count() < 90:
        before = rows(chat).count()
        chat.find(".history-list").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
        rows(chat).nth(before).wait_for()
    assert chat.find(".history-list").evaluate("(list) => list.scrollWidth <= list.clientWidth")
    many = rows(chat).count()
    make(chat, ["The newest"])
    chat.call("element.fetchUpdates()")
    rows(chat).filter(has_text="The newest").wait_for()
    assert rows(chat).count() == many + 1
    assert titles(chat)[1].startswith("Thread 99")


def test_name_that_is_being_typed_outlives_a_list_that_changes(chat: Chat) -> None:
    older = make(chat, ["Older", "Newer"])[0]
    chat.call("element.fetchUpdates()")
    choose(chat, "Older", "Rename")
    field = chat.page.get_by_label("Name of the conversation")
    field.fill("Fruit")
    assert chat.page.evaluate(SAY, older) == 200  # its row goes to the top
    with chat.page.expect_response(lambda response: "threads.list" in (response.request.post_data or "")):
        chat.call("element.fetchUpdates()")
    chat.page.wait_for_timeout(200)
    assert field.input_value() == "Fruit"
    field.press("Enter")
    shown(chat, ["Fruit", "Newer", "Only apples", "About plums", "Apples and pears"])


def test_focus_goes_to_the_next_row_when_one_is_deleted(chat: Chat) -> None:
    choose(chat, "Only apples", "Delete")
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    shown(chat, ["About plums", "Apples and pears"])
    assert chat.call("element.shadowRoot.activeElement.textContent") == "About plums"


def test_focus_stays_in_the_panel_when_the_last_row_is_deleted(chat: Chat) -> None:
    for title in ("Only apples", "About plums", "Apples and pears"):
        choose(chat, title, "Delete")
        chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        rows(chat).filter(has_text=title).wait_for(state="detached")
    assert chat.call("element.shadowRoot.activeElement.className").endswith("history-close")
    chat.page.keyboard.press("Escape")
    chat.find(".panel.history:not([data-open])").wait_for(state="attached")


def gone_is_said(chat: Chat) -> None:
    chat.find(".notice").get_by_text(GONE).wait_for()
    assert chat.find(".error-note:visible").count() == 0
    assert chat.thread_id is None
    assert ["thread.change", {"threadId": None}] in chat.told


def test_first_thread_that_is_not_there_is_said(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("404")
    chat = open_dropin(f"{{ initialThread: '{NOBODYS}' }}")
    gone_is_said(chat)
    assert chat.ask("/echo a new one") == "a new one"


def test_thread_of_somebody_else_is_not_there(
    open_dropin: OpenDropin, visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.expect("404")
    other = open_dropin(OPTIONS)
    other.ask("/echo mine alone")
    chat = open_dropin(OPTIONS)
    chat.call(f"element.setThreadId('{other.thread_id}')")
    gone_is_said(chat)
    assert chat.answers.count() == 0


def test_thread_that_was_deleted_elsewhere_is_left(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("404")
    chat = open_dropin(OPTIONS)
    chat.ask("/echo soon gone")
    chat.input.fill("half a thou")
    assert chat.thread_id
    delete_elsewhere(chat, chat.thread_id)
    chat.call("element.fetchUpdates()")
    gone_is_said(chat)
    assert chat.answers.count() == 0
    assert chat.input.inner_text() == "half a thou"


def test_page_that_is_looked_at_again_sees_what_was_deleted(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("404")
    chat = open_dropin(OPTIONS)
    chat.ask("/echo soon gone")
    assert chat.thread_id
    delete_elsewhere(chat, chat.thread_id)
    chat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    gone_is_said(chat)


def test_row_of_a_thread_that_is_gone_is_taken_away(chat: Chat, watch: Watch) -> None:
    watch.expect("404")
    plums = make(chat, ["Plum tart"])[0]
    chat.call("element.fetchUpdates()")
    rows(chat).filter(has_text="Plum tart").wait_for()
    delete_elsewhere(chat, plums)
    rows(chat).filter(has_text="Plum tart").locator(".history-open").click()
    gone_is_said(chat)
    chat.button("Conversations").click()
    shown(chat, ["Only apples", "About plums", "Apples and pears"])
