"""Writing, sending and stopping in the drop-in's composer: keys, input methods, limits, drafts, states of the thread."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.dropin.composer.composer_page import ComposerPage
from tests.e2e.dropin.composer.samples import ADA, ENTITIES, TOOLS, text

Open = Callable[..., ComposerPage]


def test_enter_sends_what_was_written_and_shift_enter_makes_a_line(composer: ComposerPage) -> None:
    composer.type("one")
    composer.field.press("Shift+Enter")
    composer.type("two ")
    composer.field.press("Enter")
    assert composer.sent == [{"content": [text("one\ntwo")], "attachments": []}]
    assert composer.content == []
    expect(composer.field).to_be_focused()


def test_nothing_but_blanks_is_not_sent(composer: ComposerPage) -> None:
    composer.type("  ")
    composer.field.press("Enter")
    expect(composer.button("Send")).to_be_disabled()
    assert composer.sent == []


def test_enter_of_an_input_method_does_not_send(composer: ComposerPage) -> None:
    cdp = composer.page.context.new_cdp_session(composer.page)
    composer.field.focus()
    cdp.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    composer.field.evaluate(
        """field => field.dispatchEvent(
          new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))"""
    )
    assert composer.sent == []
    cdp.send("Input.insertText", {"text": "日本"})
    assert composer.content == [text("日本")]
    composer.field.press("Enter")
    assert composer.sent[0]["content"] == [text("日本")]


def test_enter_makes_a_line_where_there_is_no_keyboard(open_composer: Open) -> None:
    composer = open_composer(is_mobile=True, has_touch=True)
    composer.type("one")
    composer.field.press("Enter")
    composer.type("two")
    assert composer.content == [text("one\ntwo")]
    composer.button("Send").tap()
    assert composer.sent[0]["content"] == [text("one\ntwo")]


def test_undo_brings_back_what_was_deleted_and_redo_takes_it_again(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.run("content => composer.setValue({content})", [text("ask "), ADA, text(" now")])
    composer.field.focus()
    composer.field.press("Control+a")
    composer.field.press("Delete")
    assert composer.content == []
    composer.field.press("Control+z")
    assert composer.content == [text("ask "), ADA, text(" now")]
    composer.field.press("Control+Shift+z")
    assert composer.content == []


def test_paste_is_plain_text_whatever_the_clipboard_holds(composer: ComposerPage) -> None:
    composer.type("a")
    composer.run("give('paste', [], 'b\\r\\n<b>c</b>')")
    assert composer.content == [text("ab\n<b>c</b>")]
    assert composer.field.evaluate("field => field.children.length") == 0


def test_large_paste_is_quick_and_the_limit_is_shown(composer: ComposerPage) -> None:
    composer.field.focus()
    took = composer.run(
        "text => { const from = performance.now(); give('paste', [], text); return performance.now() - from; }",
        "word " * 19_999,
    )
    assert took < 2_000
    expect(composer.find(".count")).to_have_text("99,995 / 100,000")
    composer.type("abcdef")
    expect(composer.find(".count.over")).to_have_text("100,001 / 100,000")
    expect(composer.button("Send")).to_be_disabled()
    expect(composer.field).to_have_attribute("aria-invalid", "true")


def test_field_grows_with_its_text_and_then_scrolls(composer: ComposerPage) -> None:
    heights = []
    for lines in (1, 4, 200):
        composer.run("text => composer.setValue({text})", "\n".join(["line"] * lines))
        box = composer.field.bounding_box()
        assert box is not None
        heights.append(box["height"])
    assert heights[0] < heights[1] < heights[2] < 300


def test_stop_takes_the_place_of_send_while_an_answer_runs(composer: ComposerPage) -> None:
    composer.run("update({responding: true, canStop: true})")
    composer.type("while it runs")
    composer.field.press("Enter")
    expect(composer.page.get_by_role("alert")).to_have_text(
        "An answer is being written. Stop it, or wait for its end."
    )
    assert composer.sent == []
    composer.field.press("Escape")
    composer.page.wait_for_timeout(550)
    composer.button("Stop the answer").click()
    assert composer.run("log.stops") == 2
    composer.run("update({responding: false, canStop: false})")
    expect(composer.page.get_by_role("alert")).to_be_empty()
    expect(composer.button("Send")).to_be_focused()
    assert composer.content == [text("while it runs")]


def test_message_that_was_refused_comes_back(composer: ComposerPage) -> None:
    composer.options(f"{{ composer: {{ {TOOLS} }} }}")
    composer.run("window.failing = true; composer.setValue({reply: 'This', selectedToolId: 'image'})")
    composer.type("dear")
    composer.field.press("Enter")
    expect(composer.page.get_by_role("alert")).to_contain_text("Your message could not be sent.")
    assert composer.content == [text("dear")]
    composer.run("window.failing = false")
    composer.field.press("Enter")
    assert (
        composer.sent[1]
        == composer.sent[0]
        == {"content": [text("dear")], "attachments": [], "reply": "This", "tool": "image"}
    )


def test_message_waits_for_the_network_and_goes_by_itself(composer: ComposerPage) -> None:
    note = composer.page.get_by_role("alert")
    composer.run("update({offline: true})")
    composer.type("later")
    composer.field.press("Enter")
    expect(note).to_contain_text("The message goes out as soon as the network is back.")
    composer.type(" on")
    assert (composer.sent, composer.content) == ([], [text("later on")])
    composer.button("Sent as soon as the network is back. Press to wait no longer.").click()
    expect(note).to_contain_text("Your message stays here.")
    composer.run("update({offline: false})")
    expect(note).to_be_empty()
    assert composer.sent == []
    composer.run("update({offline: true})")
    composer.field.press("Enter")
    composer.run("update({offline: false})")
    expect(note).to_be_empty()
    assert [message["content"] for message in composer.sent] == [[text("later on")]]
    composer.run("update({offline: true}), update({offline: false})")
    assert len(composer.sent) == 1


def test_what_waits_for_the_network_waits_no_more_once_it_is_empty(composer: ComposerPage) -> None:
    composer.run("update({offline: true})")
    composer.type("a")
    composer.field.press("Enter")
    composer.field.press("Backspace")
    expect(composer.page.get_by_role("alert")).to_be_empty()
    composer.type("b")
    composer.run("update({offline: false})")
    assert composer.sent == []


def test_locked_thread_says_why_and_a_closed_one_has_no_composer(composer: ComposerPage) -> None:
    composer.options("{composer: {attachments: {enabled: true}}}")
    composer.run(
        "update({threadId: 't', thread: {id: 't', status: {type: 'locked', reason: 'Under review.'}}})"
    )
    expect(composer.field).to_be_disabled()
    expect(composer.field).to_have_attribute("data-placeholder", "Under review.")
    expect(composer.button("Attach files")).to_be_disabled()
    composer.run("update({thread: {id: 't', status: {type: 'closed'}}})")
    expect(composer.field).to_be_hidden()
    composer.run("update({thread: {id: 't', status: {type: 'active'}}})")
    composer.type("again")
    assert composer.content == [text("again")]


def test_drafts_are_swapped_with_the_thread(composer: ComposerPage) -> None:
    composer.options("{composer: {attachments: {enabled: true}}}")
    composer.run("update({threadId: 'one'})")
    composer.type("for one")
    composer.run("give('paste', [file('a.txt', 'text/plain')])")
    composer.run("update({threadId: 'two'})")
    assert composer.content == []
    expect(composer.find(".file")).to_have_count(0)
    composer.run("log.uploads[0].resolve()")
    composer.wait("drafts.get('one').attachments.length === 1")
    composer.run("update({threadId: 'one'})")
    assert composer.content == [text("for one")]
    expect(composer.find(".file")).to_contain_text("a.txt")
    composer.field.press("Enter")
    composer.wait("!drafts.has('one')")


def test_thread_that_a_message_made_keeps_what_is_being_typed(composer: ComposerPage) -> None:
    composer.type("first")
    composer.field.press("Enter")
    composer.type("second")
    composer.run("update({threadId: 'born', responding: true, canStop: true})")
    assert composer.content == [text("second")]
    composer.wait("drafts.get('born')?.content[0].text === 'second' && !drafts.has(null)")
