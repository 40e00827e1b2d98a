"""The history of the chat page: conversations are listed, found, named, exported and deleted; long ones are read in pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage

Open = Callable[..., ChatPage]


def begin_two(chat: ChatPage) -> None:
    chat.ask("/echo about apples")
    chat.button("New chat").first.click()
    chat.ask("/echo about pears")


def test_conversations_are_listed_newest_first(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    expect(chat.history).to_have_text(["/echo about pears", "/echo about apples"])
    expect(chat.find(".row.current")).to_have_count(1)


def test_open_thread_changes_with_a_click_and_the_back_button(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    chat.history.nth(1).click()
    expect(chat.prose).to_have_text("about apples")
    expect(chat.page).to_have_title("/echo about apples · Chat")
    chat.page.go_back()
    expect(chat.prose).to_have_text("about pears")


def test_search_finds_by_title(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    chat.find(".search").fill("apples")
    expect(chat.history).to_have_text(["/echo about apples"])
    chat.find(".search").fill("nothing like that")
    expect(chat.find(".side-note")).to_have_text("Nothing found.")
    chat.find(".search").fill("")
    expect(chat.history).to_have_count(2)


def test_new_name_is_kept(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    chat.history.first.hover()
    chat.find(".row").first.locator(".row-more").click()
    chat.menu_entry("Rename").click()
    chat.find(".row-name").fill("Fruit <b>")
    chat.find(".row-name").press("Enter")
    expect(chat.history.first).to_have_text("Fruit <b>")
    expect(chat.find(".title")).to_have_text("Fruit <b>")
    chat.reload()
    expect(chat.history.first).to_have_text("Fruit <b>")


def test_deleted_conversation_is_gone_after_a_yes(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    row = chat.find(".row").first
    row.hover()
    row.locator(".row-more").click()
    chat.menu_entry("Delete").click()
    chat.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(chat.history).to_have_count(2)
    row.hover()
    row.locator(".row-more").click()
    chat.menu_entry("Delete").click()
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(chat.history).to_have_text(["/echo about apples"])
    expect(chat.answers).to_have_count(0)
    chat.reload()
    expect(chat.history).to_have_count(1)


def test_conversation_is_exported_as_markdown(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo **kept** as written")
    chat.find(".top").get_by_role("button", name="More").click()
    with chat.page.expect_download() as download:
        chat.menu_entry("Export as Markdown").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "**kept** as written" in text


def test_long_conversation_is_read_in_pages(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo turn 0")
    thread = chat.page.evaluate("new URLSearchParams(location.hash.slice(1)).get('thread')")
    ask = """async ([thread, n]) => {
      const body = JSON.stringify({message: `/echo turn ${n}`, thread_id: thread});
      const headers = {'Content-Type': 'application/json'};
      return (await fetch('/api/chat', {method: 'POST', headers, body})).status;
    }"""
    for n in range(1, 23):
        assert chat.page.evaluate(ask, [thread, n]) == 200
    chat.reload()
    expect(chat.answers).to_have_count(20)
    expect(chat.prose).to_have_text("turn 22")
    chat.button("Earlier messages").click()
    expect(chat.answers).to_have_count(23)
    expect(chat.answers.first.locator(".prose")).to_have_text("turn 0")
    expect(chat.button("Earlier messages")).to_be_hidden()


def test_rating_is_kept_and_can_be_taken_back(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo rate me")
    good = chat.button("Good answer")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    chat.button("Bad answer").click()
    expect(good).to_have_attribute("aria-pressed", "false")
    chat.reload()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "true")
    chat.button("Bad answer").click()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "false")
    chat.reload()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "false")
