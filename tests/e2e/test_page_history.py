"""The history of the chat page: conversations are listed, found, named, exported and deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage, Watch

Open = Callable[..., ChatPage]


def open_menu(chat: ChatPage) -> None:
    """The menu of the newest conversation."""
    chat.history.first.hover()
    chat.find(".history-row").first.get_by_role("button", name="Options for").click()


def begin_two(chat: ChatPage) -> None:
    chat.ask("/echo about apples")
    chat.button("New chat").first.click()
    chat.ask("/echo about pears")


def test_conversations_are_listed_newest_first(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    expect(chat.history).to_have_text(["/echo about pears", "/echo about apples"])
    expect(chat.find(".history-row.current")).to_have_count(1)


def test_open_thread_changes_with_a_click_and_the_back_button(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    chat.history.nth(1).click()
    expect(chat.prose).to_have_text("about apples")
    expect(chat.page).to_have_title("/echo about apples · Chat")
    chat.page.go_back()
    expect(chat.prose).to_have_text("about pears")


def test_back_button_leaves_a_deleted_conversation_behind(open_chat: Open, watch: Watch) -> None:
    watch.expect("404")
    chat = open_chat()
    begin_two(chat)
    open_menu(chat)
    chat.menu_entry("Delete").click()
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(chat.history).to_have_text(["/echo about apples"])
    chat.page.go_back()
    expect(chat.find(".notices")).to_contain_text("not here any more")
    chat.page.go_back()
    chat.page.go_back()
    expect(chat.prose).to_have_text("about apples")


def test_search_finds_by_title(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    search = chat.page.get_by_role("searchbox")
    search.fill("apples")
    expect(chat.history).to_have_text(["/echo about apples"])
    search.fill("nothing like that")
    expect(chat.find(".history-empty")).to_contain_text("Nothing found")
    search.fill("")
    expect(chat.history).to_have_count(2)


def test_new_name_is_kept(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    open_menu(chat)
    chat.menu_entry("Rename").click()
    chat.find(".history-row input").fill("Fruit <b>")
    chat.find(".history-row input").press("Enter")
    expect(chat.history.first).to_have_text("Fruit <b>")
    expect(chat.find(".head-title")).to_have_text("Fruit <b>")
    expect(chat.page).to_have_title("Fruit <b> · Chat")
    chat.reload()
    expect(chat.history.first).to_have_text("Fruit <b>")


def test_deleted_conversation_is_gone_after_a_yes(open_chat: Open) -> None:
    chat = open_chat()
    begin_two(chat)
    open_menu(chat)
    chat.menu_entry("Delete").click()
    chat.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(chat.history).to_have_count(2)
    open_menu(chat)
    chat.menu_entry("Delete").click()
    chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(chat.history).to_have_text(["/echo about apples"])
    expect(chat.answers).to_have_count(0)
    chat.reload()
    expect(chat.history).to_have_count(1)


def test_conversation_is_exported_as_markdown(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo **kept** as written")
    open_menu(chat)
    with chat.page.expect_download() as download:
        chat.menu_entry("Export").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "**kept** as written" in text


def test_rating_is_kept_and_can_be_taken_back(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo rate me")
    good = chat.button("Good answer")
    with chat.page.expect_response("**/chatkit"):
        good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    with chat.page.expect_response("**/chatkit"):
        chat.button("Bad answer").click()
    expect(good).to_have_attribute("aria-pressed", "false")
    chat.reload()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "true")
    with chat.page.expect_response("**/feedback"):
        chat.button("Bad answer").click()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "false")
    chat.reload()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "false")
