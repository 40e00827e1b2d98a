"""Tags and commands in the drop-in's composer: found, chosen, shown and deleted, and what they leave in the content."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.dropin.composer.composer_page import ComposerPage
from tests.e2e.dropin.composer.samples import ADA, BLANK, COMMANDS, ENTITIES, MODELS, TOOLS, text


def test_tag_is_found_chosen_and_deleted_by_keyboard(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.type("ask @")
    expect(composer.page.get_by_role("option")).to_have_count(3)
    expect(composer.page.get_by_role("group", name="People").get_by_role("option")).to_have_count(2)
    composer.field.press("ArrowDown")
    chosen = composer.field.get_attribute("aria-activedescendant")
    expect(composer.page.get_by_role("option", selected=True)).to_have_attribute("id", chosen or "")
    composer.type("ada")
    expect(composer.page.get_by_role("option")).to_have_count(1)
    composer.field.press("Enter")
    expect(composer.page.get_by_role("option")).to_have_count(0)
    composer.type("now")
    assert composer.content == [text("ask "), ADA, text(" now")]
    for _ in " now":
        composer.field.press("Backspace")
    assert composer.content == [text("ask "), ADA]
    composer.field.press("Backspace")
    assert composer.content == [text("ask ")]


def test_caret_goes_round_a_tag_and_text_on_either_side_stays_in_order(composer: ComposerPage) -> None:
    composer.run("content => composer.setValue({content})", [ADA])
    composer.field.focus()
    for key in ("End", "b", "Home", "a", "ArrowRight", "c"):
        composer.field.press(key)
    assert composer.content == [text("a"), ADA, text("cb")]
    composer.field.press("ArrowLeft")
    composer.field.press("ArrowLeft")
    composer.field.press("Delete")
    assert composer.content == [text("acb")]


def test_content_comes_back_as_it_was_given(composer: ComposerPage) -> None:
    bare = {"type": "input_tag", "id": "x", "text": "<img src=x onerror=alert(1)>"}
    given = [text("a\n\n  b "), ADA, bare, text("\n")]
    composer.run("content => composer.setValue({content})", given)
    assert composer.content == given
    composer.field.press("Control+a")
    composer.field.press("Control+x")
    assert composer.content == []
    composer.field.press("Control+v")
    assert composer.content == given


def test_search_that_fails_is_reported_and_said(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.type("@boom")
    expect(composer.find(".suggest-note")).to_have_text("The search did not work. Please try again.")
    assert composer.run("log.errors") == ["Search is down."]
    composer.field.press("Escape")
    expect(composer.find(".suggest-note")).to_be_hidden()
    composer.field.press("Enter")
    assert composer.sent[0]["content"] == [text("@boom")]


def test_only_the_latest_search_counts(composer: ComposerPage) -> None:
    composer.options(
        """{entities: {onTagSearch: (query) => new Promise((resolve) => {
          setTimeout(() => resolve([{id: query, title: `for ${query}`}]), query.length === 1 ? 600 : 10);
        })}}"""
    )
    composer.type("@a")
    composer.page.wait_for_timeout(250)
    composer.type("b")
    expect(composer.page.get_by_role("option")).to_have_text(["for ab"])
    composer.page.wait_for_timeout(600)
    expect(composer.page.get_by_role("option")).to_have_text(["for ab"])


def test_enter_before_the_search_has_ended_takes_what_it_finds(composer: ComposerPage) -> None:
    composer.options(
        """{entities: {onTagSearch: (query) => new Promise((resolve) => {
          setTimeout(() => resolve(query === 'ab' ? [{id: query, title: `for ${query}`}] : []), 150);
        })}}"""
    )
    composer.type("@ab")
    composer.field.press("Enter")
    expect(composer.find(".tag")).to_have_text("for ab")
    assert composer.sent == []
    composer.type("@nobody")
    composer.field.press("Enter")
    composer.wait("log.sent.length === 1")


def test_address_of_a_mailbox_asks_for_no_tag(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.type("ada@re")
    composer.page.wait_for_timeout(250)
    expect(composer.page.get_by_role("option")).to_have_count(0)


def test_button_begins_a_tag_and_a_pointer_chooses_it(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.type("ask")
    composer.button("Mention something").click()
    composer.page.get_by_role("option", name="Report").click()
    assert composer.content == [
        text("ask "),
        {"type": "input_tag", "id": "3", "text": "Report", "group": "Documents"},
        BLANK,
    ]
    expect(composer.field).to_be_focused()


def test_interactive_tag_shows_its_preview_and_can_be_pressed(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.run("content => composer.setValue({content})", [{**ADA, "id": "8"}])
    composer.find(".tag").hover()
    expect(composer.find(".tag-preview")).to_contain_text("About Ada Lovelace")
    composer.find(".tag").click()
    expect(composer.find(".tag-preview")).to_have_count(0)
    entity = {"id": "8", "title": "Ada Lovelace", "group": "People", "data": {"a": "b"}, "interactive": True}
    assert composer.run("log.calls") == [entity]


def test_tag_in_a_message_is_reached_and_pressed_by_keyboard(composer: ComposerPage) -> None:
    composer.options(f"{{ {ENTITIES} }}")
    composer.run(
        "tag => host.shadowRoot.querySelector('.talk').append(tagChip(kit, tag))", {**ADA, "id": "9"}
    )
    chip = composer.button("Ada Lovelace")
    chip.focus()
    expect(composer.page.get_by_role("tooltip")).to_contain_text("About Ada Lovelace")
    chip.press("Escape")
    expect(composer.page.get_by_role("tooltip")).to_have_count(0)
    chip.press("Enter")
    assert composer.run("log.calls[0].id") == "9"
    chip.evaluate("chip => chip.remove()")


def test_command_inserts_an_entity_or_only_has_its_effect(composer: ComposerPage) -> None:
    composer.options(f"{{ {COMMANDS} }}")
    composer.type("use /insert")
    expect(composer.page.get_by_role("option", selected=True)).to_have_text("Insert a report")
    composer.field.press("Enter")
    expect(composer.find(".tag")).to_have_text("Q2")
    composer.type("/clear")
    expect(composer.page.get_by_role("option", selected=True)).to_have_text("Clear the table")
    composer.field.press("Tab")
    expect(composer.page.get_by_role("option")).to_have_count(0)
    assert composer.content == [text("use "), {"type": "input_tag", "id": "q2", "text": "Q2"}, BLANK]
    assert composer.run("log.calls") == ["entity", "effect"]


def test_command_menu_leads_to_another_and_back(composer: ComposerPage) -> None:
    composer.options(f"{{ {COMMANDS} }}")
    options = composer.page.get_by_role("option")
    composer.type("/cit")
    expect(options).to_have_text(["Cities"])
    composer.field.press("Enter")
    expect(options).to_have_text(["Back", "New York", "Paris"])
    composer.field.press("Escape")
    expect(options).to_have_count(4)
    composer.type("cit")
    expect(options).to_have_text(["Cities"])
    composer.field.press("Enter")
    expect(options).to_have_count(3)
    composer.type("new y")
    expect(options).to_have_text(["Back", "New York"])
    composer.field.press("Enter")
    expect(options).to_have_count(0)
    assert composer.run("log.calls") == ["cities", "cities", "ny"]
    assert composer.content == []


def test_command_that_fails_is_reported_and_said(composer: ComposerPage) -> None:
    composer.options(f"{{ {COMMANDS} }}")
    composer.type("/break")
    expect(composer.page.get_by_role("option")).to_have_text(["Break"])
    composer.field.press("Enter")
    expect(composer.find(".suggest-note")).to_have_text("That did not work. Please try again.")
    assert composer.run("log.errors") == ["Broken."]


def test_command_menu_offers_what_the_composer_can_do(composer: ComposerPage) -> None:
    composer.options(f"{{ commands: {{enabled: true}}, composer: {{ {TOOLS}, {MODELS} }} }}")
    options = composer.page.get_by_role("option")
    composer.type("/")
    expect(options).to_have_text(["Choose a tool", "Choose a model"])
    composer.field.press("Enter")
    expect(options).to_have_text(["Back", "Search the web", "Deep research", "Make an image"])
    composer.field.press("Enter")
    expect(composer.field).to_have_attribute("data-placeholder", "Search for…")
    assert composer.content == []
