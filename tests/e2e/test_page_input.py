"""Writing on the chat page: keys, input methods, drafts, limits, the model picker, copying and scrolling."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.e2e.chat_page import ChatPage
from tests.servers import wait_until

Open = Callable[..., ChatPage]
Visitor = Callable[..., BrowserContext]


def test_shift_enter_makes_a_line_and_enter_sends(open_chat: Open) -> None:
    chat = open_chat()
    chat.input.fill("/echo one")
    chat.input.press("Shift+Enter")
    chat.input.press_sequentially("two")
    expect(chat.input).to_have_text("/echo one\ntwo")
    chat.input.press("Enter")
    chat.ended()
    expect(chat.questions).to_have_text(["/echo one\ntwo"])


def test_enter_of_an_input_method_does_not_send(open_chat: Open) -> None:
    chat = open_chat()
    chat.input.fill("/echo 日本")
    chat.input.evaluate(
        """(field) => {
          const composing = {key: 'Enter', isComposing: true, bubbles: true, composed: true, cancelable: true};
          field.dispatchEvent(new KeyboardEvent('keydown', composing));
        }"""
    )
    expect(chat.questions).to_have_count(0)
    expect(chat.input).to_have_text("/echo 日本")
    assert chat.ask("/echo 日本語 👩‍👩‍👧 שלום") == "日本語 👩‍👩‍👧 שלום"


def test_empty_message_is_not_sent(open_chat: Open) -> None:
    chat = open_chat()
    chat.input.fill("  \n ")
    expect(chat.button("Send")).to_be_disabled()
    chat.input.press("Enter")
    expect(chat.questions).to_have_count(0)


def test_drafts_survive_a_reload_each_in_its_thread(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo first")
    chat.input.fill("an unfinished")
    chat.button("New chat").first.click()
    expect(chat.input).to_have_text("")
    chat.input.fill("another")
    chat.reload()
    expect(chat.input).to_have_text("another")
    chat.history.first.click()
    expect(chat.input).to_have_text("an unfinished")


def test_message_beyond_the_limit_is_refused_before_it_is_sent(open_chat: Open) -> None:
    chat = open_chat()
    chat.input.fill("😀" * 100_000)
    expect(chat.find(".count")).to_have_text("100,000 / 100,000")
    expect(chat.button("Send")).to_be_enabled()
    chat.input.fill("😀" * 100_001)
    expect(chat.find(".count")).to_have_text("100,001 / 100,000")
    expect(chat.button("Send")).to_be_disabled()


def test_field_grows_with_its_text_and_no_further_than_its_share(open_chat: Open) -> None:
    chat = open_chat()
    small = chat.input.bounding_box()
    chat.input.fill("\n".join("line" for _ in range(5)))
    larger = chat.input.bounding_box()
    chat.input.fill("\n".join("line" for _ in range(200)))
    largest = chat.input.bounding_box()
    assert small is not None
    assert larger is not None
    assert largest is not None
    assert small["height"] < larger["height"] < largest["height"] <= 0.4 * 800 + 1


def test_models_are_offered_and_a_fallback_is_named(open_chat: Open) -> None:
    chat = open_chat()
    chat.picker.click()
    entry = chat.page.get_by_role("menuitemradio", name="LLaMA (Quality)")
    expect(entry).to_contain_text("Unavailable")
    entry.click()
    expect(chat.picker).to_contain_text("LLaMA")
    chat.ask("/echo by another")
    expect(chat.find(".from-model .by").last).to_have_text("Demo answered in place of LLaMA (Quality)")
    chat.ask("/echo again")
    expect(chat.find(".from-model .by").first).to_have_text("Demo answered in place of LLaMA (Quality)")
    chat.reload()
    expect(chat.find(".from-model .by").last).to_have_text("Demo answered in place of LLaMA (Quality)")
    expect(chat.picker).to_contain_text("LLaMA")


def test_menu_is_driven_by_keys(open_chat: Open) -> None:
    chat = open_chat()
    chat.picker.focus()
    chat.picker.press("Enter")
    expect(chat.page.get_by_role("menuitemradio", name="Demo")).to_be_focused()
    chat.page.keyboard.press("Home")
    expect(chat.page.get_by_role("menuitemradio", name="GPT-2")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.picker).to_be_focused()


def test_code_and_answers_can_be_copied(open_chat: Open, visitor: Visitor) -> None:
    context = visitor(permissions=["clipboard-read", "clipboard-write"])
    chat = open_chat(context)
    chat.ask("/echo Look:\n\n```python\nprint('hi')\n```")
    chat.find(".code .button-copy").click()
    expect(chat.find(".code .button-copy")).to_contain_text("Copied")
    assert chat.page.evaluate("navigator.clipboard.readText()") == "print('hi')"
    chat.button("Copy").click()
    expect(chat.find(".hidden[role=status]")).to_contain_text("Copied")
    assert chat.page.evaluate("navigator.clipboard.readText()") == "Look:\n\n```python\nprint('hi')\n```"


def test_reading_place_is_kept_while_an_answer_grows(open_chat: Open) -> None:
    chat = open_chat()
    scroll = chat.find(".scroll")
    chat.say("/long 3000 2")
    expect(chat.find(".from-model h3").nth(3)).to_be_attached()
    place = (
        "(element) => [element.scrollTop, element.scrollHeight - element.clientHeight - element.scrollTop]"
    )
    wait_until(lambda: scroll.evaluate(place)[1] < 60, "the view at the end", 5)
    scroll.hover()
    chat.page.mouse.wheel(0, -400)
    expect(chat.button("Jump to the latest message")).to_be_visible()
    before = scroll.evaluate(place)
    chat.page.wait_for_timeout(600)
    after = scroll.evaluate(place)
    assert after[0] == before[0]
    assert after[1] > before[1]
    chat.button("Jump to the latest message").click()
    expect(chat.button("Jump to the latest message")).to_be_hidden()
    chat.page.wait_for_timeout(400)
    wait_until(lambda: scroll.evaluate(place)[1] < 60, "the view at the end again", 5)


def test_answer_is_read_out_in_sentences_and_not_by_tokens(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo One paragraph.\n\nAnother paragraph.")
    region = chat.find(".hidden[role=status][aria-live=polite]")
    expect(region).to_contain_text(
        re.compile(r"One paragraph\..*Another paragraph\..*The answer is complete\.", re.S)
    )
    assert region.locator("p").count() <= 4
    expect(chat.find(".thread")).to_have_attribute("aria-live", "off")
