"""The chat page's main job in a real browser against a real server: say, read, stop, try again, come back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, expect

from tests.e2e.chat_page import ChatPage, Watch

Open = Callable[..., ChatPage]
Visitor = Callable[..., BrowserContext]


def numbers(count: int) -> str:
    """What `/tokens count` says, as shown."""
    return " ".join(f"{n:04d}" for n in range(1, count + 1))


def stopped(chat: ChatPage) -> Locator:
    """Where it says that an answer was stopped."""
    return chat.page.get_by_text("You stopped this answer.").locator("visible=true")


def test_message_is_answered_and_both_survive_a_reload(open_chat: Open) -> None:
    chat = open_chat()
    assert chat.ask("/echo Hello, **world**") == "Hello, world"
    expect(chat.input).to_have_text("")
    chat.reload()
    expect(chat.questions).to_have_text(["/echo Hello, **world**"])
    expect(chat.prose.locator("strong")).to_have_text("world")


def test_answer_is_shown_while_it_is_written(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 400 20")
    chat.running("0005")
    expect(chat.find(".from-model").last).to_have_attribute("aria-busy", "true")
    expect(chat.button("Stop the answer")).to_be_visible()


def test_stop_keeps_what_was_said_and_marks_it(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 2000 20")
    chat.running("0010")
    chat.button("Stop the answer").click()
    chat.ended()
    expect(stopped(chat)).to_have_count(1)
    said = chat.text()
    chat.reload()
    expect(stopped(chat)).to_have_count(1)
    kept = chat.text()
    assert kept.startswith(said)
    assert kept == numbers(len(kept.split()))


def test_escape_stops_the_answer(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 2000 20")
    chat.running("0002")
    chat.input.press("Escape")
    chat.ended()
    expect(stopped(chat)).to_have_count(1)


def test_stopped_answer_can_be_tried_again(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 60 50")
    chat.running("0003")
    chat.button("Stop the answer").click()
    chat.ended()
    chat.button("Answer again").click()
    expect(stopped(chat)).to_have_count(0)
    chat.running("0060")
    chat.ended()
    assert chat.text() == numbers(60)
    expect(chat.answers).to_have_count(1)
    chat.reload()
    expect(chat.answers).to_have_count(1)
    assert chat.text() == numbers(60)


def test_whole_answer_can_be_given_again(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo once more")
    first = chat.answers.last.element_handle()
    chat.button("Answer again").click()
    assert first is not None
    chat.page.wait_for_function("(element) => !element.isConnected", arg=first)
    chat.ended()
    expect(chat.answers).to_have_count(1)
    expect(chat.questions).to_have_count(1)
    expect(chat.prose).to_have_text("once more")


def test_earlier_answers_keep_their_marks_without_a_way_on(open_chat: Open, watch: Watch) -> None:
    chat = open_chat()
    watch.expect("asked to fail")
    chat.say("/fail after 3")
    expect(chat.find(".error-note")).to_contain_text("The demo model was asked to fail (upstream_down).")
    chat.ask("/echo later")
    chat.reload()
    marks = chat.find(".remark:visible")
    expect(marks).to_have_count(1)
    expect(marks.get_by_role("button")).to_have_count(0)


def test_failure_is_told_in_words_with_a_way_on(open_chat: Open, watch: Watch) -> None:
    chat = open_chat()
    watch.expect("asked to fail")
    chat.say("/fail upstream_down after 5")
    note = chat.find(".error-note")
    expect(note).to_contain_text("asked to fail")
    expect(note.get_by_role("button", name="Try again")).to_be_visible()
    assert chat.text() == numbers(5)
    chat.reload()
    expect(chat.find(".remark").get_by_role("button", name="Try again")).to_be_visible()


def test_failure_before_the_first_word_keeps_the_message(open_chat: Open, watch: Watch) -> None:
    watch.expect("502|asked to fail")
    chat = open_chat()
    chat.say("/fail upstream_refused")
    expect(chat.find(".error-note")).to_contain_text("asked to fail")
    chat.reload()
    expect(chat.questions).to_have_text(["/fail upstream_refused"])


def test_reload_in_mid_answer_goes_on_without_loss(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 150 25")
    chat.running("0015")
    chat.reload()
    chat.running("0015")
    chat.running("0150")
    chat.ended()
    assert chat.text() == numbers(150)
    expect(chat.answers).to_have_count(1)


def test_second_tab_shows_the_running_answer(open_chat: Open, visitor: Visitor) -> None:
    context = visitor()
    first = open_chat(context)
    first.ask("/echo before")
    second = open_chat(context, path=first.address)
    expect(second.prose).to_have_text("before")
    first.say("/tokens 100 25")
    second.running("0010")
    second.ended()
    assert second.text() == numbers(100)
    expect(second.questions.last).to_have_text("/tokens 100 25")


def test_other_device_notices_and_can_stop_the_answer(open_chat: Open, visitor: Visitor) -> None:
    mine = visitor()
    first = open_chat(mine)
    first.ask("/echo before")
    elsewhere = visitor(storage_state={**mine.storage_state(), "origins": []})
    second = open_chat(elsewhere, path=first.address)
    first.say("/tokens 3000 20")
    first.running("0005")
    second.page.evaluate("dispatchEvent(new Event('focus'))")
    second.running("0010")
    second.button("Stop the answer").click()
    for chat in (first, second):
        chat.ended()
    assert first.text() == second.text()
    expect(stopped(second)).to_have_count(1)


def test_answer_given_elsewhere_meanwhile_is_shown(open_chat: Open, visitor: Visitor) -> None:
    mine = visitor()
    first = open_chat(mine)
    first.ask("/echo mine")
    elsewhere = visitor(storage_state={**mine.storage_state(), "origins": []})
    second = open_chat(elsewhere, path=first.address)
    second.ask("/echo from elsewhere")
    first.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(first.prose).to_have_text("from elsewhere")
    expect(first.questions).to_have_count(2)


def test_leaving_before_a_message_is_taken_stays_left(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo first")
    chat.button("New chat").first.click()
    chat.say("/tokens 100 20")
    chat.history.last.click()
    expect(chat.prose).to_have_text("first")
    chat.page.wait_for_timeout(700)
    expect(chat.prose).to_have_text("first")
    expect(chat.questions).to_have_count(1)


def test_second_message_waits_for_the_first_answer(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/tokens 100 30")
    chat.running("0003")
    chat.say("/echo too early")
    expect(chat.find(".composer-slot")).to_contain_text("Stop it, or wait")
    expect(chat.input).to_have_text("/echo too early")
    expect(chat.questions).to_have_count(1)


def test_several_turns_are_one_conversation(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo alpha")
    chat.ask("/echo beta")
    assert "alpha" in chat.ask("/history")
    expect(chat.questions).to_have_count(3)
    expect(chat.answers).to_have_count(3)
    expect(chat.history).to_have_count(1)
