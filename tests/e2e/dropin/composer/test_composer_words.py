"""What the drop-in's composer says in another language than it began with, and how long a message may be."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.dropin.composer.composer_page import ComposerPage
from tests.e2e.dropin.composer.samples import text

SPEAK = """async (locale) => {
  const { loadLocale } = await import('/static/chatkit/locale.js');
  Object.assign(kit, await loadLocale(locale));
  setOptions({ composer: { attachments: { enabled: true } } });
}"""
ATTACHED = {"type": "file", "id": "att_1", "name": "a.pdf", "mime_type": "application/pdf"}
LABELS = """() => Object.fromEntries([['quote', '.composer-quote'], ['unquote', '.composer-quote .file-act'], ['send', '.send'],
  ['dismiss', '.composer-note .file-act'], ['files', '.tray'], ['remove', '.file .file-act:not([hidden])']]
  .map(([name, selector]) => [name, kit.root.querySelector(selector).getAttribute('aria-label')]))"""


def test_all_of_it_speaks_another_language_and_keeps_what_is_written(composer: ComposerPage) -> None:
    composer.options("{composer: {attachments: {enabled: true}}}")
    composer.run("file => composer.setValue({attachments: [file], reply: 'A passage'})", ATTACHED)
    composer.type("half a thou")
    composer.run("composer.note.say(['A file was refused.'])")
    english = composer.run(LABELS)
    composer.run(SPEAK, "de")
    german = composer.run(LABELS)
    assert [name for name, words in english.items() if german[name] == words] == []
    assert german["send"] == "Senden"
    assert german["remove"].count("a.pdf") == 1
    expect(composer.field).to_be_focused()
    composer.type("ght")
    assert composer.content == [text("half a thought")]
    expect(composer.page.get_by_role("alert")).to_have_text("A file was refused.")
    expect(composer.find(".composer-quote")).to_contain_text("A passage")


def test_button_over_a_selection_speaks_it_too(composer: ComposerPage) -> None:
    composer.run(SPEAK, "de")
    composer.run("mark('.answer', 4, 20)")
    expect(composer.button("Antworten")).to_be_visible()


def test_empty_field_begins_where_the_language_does(composer: ComposerPage) -> None:
    composer.run(SPEAK, "ar")
    expect(composer.field).to_have_attribute("dir", "rtl")
    composer.run(SPEAK, "en")
    expect(composer.field).to_have_attribute("dir", "ltr")


def test_page_says_how_long_a_message_may_be(composer: ComposerPage) -> None:
    composer.options("{composer: {maxLength: 10}}")
    hint = composer.find(f"#{composer.field.get_attribute('aria-describedby')}")
    expect(hint).to_contain_text("Up to 10 characters.")
    composer.type("12345678")
    expect(composer.find(".count")).to_be_empty()
    composer.type("9")
    expect(composer.find(".count")).to_have_text("9 / 10")
    composer.field.fill("😀" * 10)
    expect(composer.find(".count")).to_have_text("10 / 10")
    expect(composer.button("Send")).to_be_enabled()
    composer.field.fill("😀" * 11)
    expect(composer.find(".count.over")).to_have_text("11 / 10")
    expect(composer.button("Send")).to_be_disabled()
    composer.field.press("Enter")
    expect(composer.page.get_by_role("alert")).to_have_text(
        "The message is too long. It may have 10 characters."
    )
    assert composer.sent == []
    composer.field.press("Backspace")
    expect(composer.page.get_by_role("alert")).to_be_empty()
    composer.field.press("Enter")
    assert composer.sent[0]["content"] == [text("😀" * 10)]


def test_limit_that_changes_holds_for_what_is_written(composer: ComposerPage) -> None:
    composer.type("twelve chars")
    composer.options("{composer: {maxLength: 11}}")
    expect(composer.find(".count.over")).to_have_text("12 / 11")
    composer.options("{composer: {maxLength: -1}}")
    expect(composer.button("Send")).to_be_enabled()
    expect(composer.find(".count")).to_be_empty()
