"""Items that are drawn from data: questions, workflows, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.dropin.widgets_page import WidgetsPage

if TYPE_CHECKING:
    pass


QUESTIONS = {
    "id": "q",
    "type": "structured_input",
    "status": "pending",
    "inputs": [
        {
            "id": "one",
            "type": "multiple_choice",
            "question": "Which?",
            "options": [{"value": "A"}, {"value": "B"}],
        },
        {
            "id": "many",
            "type": "multiple_choice",
            "question": "Which ones?",
            "options": [{"value": "C"}, {"value": "D"}],
            "multiple": True,
        },
        {"id": "free", "type": "freeform", "question": "And?"},
    ],
}


def test_questions_are_answered_skipped_and_shown(widgets: WidgetsPage) -> None:
    page = widgets.page
    widgets.show_item("structured", QUESTIONS)
    widgets.button("Submit").click()
    assert page.get_by_role("alert").text_content() == "Answer at least one question, or skip them."
    page.get_by_role("radiogroup", name="Which?").get_by_label("B").check()
    page.get_by_label("C", exact=True).check()
    page.get_by_role("group", name="Which ones?").get_by_placeholder("Type your own answer").fill("E")
    widgets.button("Submit").click()
    answers = {
        "one": {"values": ["B"], "skipped": False},
        "many": {"values": ["C", "E"], "skipped": False},
        "free": {"values": [], "skipped": True},
    }
    assert widgets.asked == [{"id": "q", "answers": {"status": "answered", "answers": answers}}]
    widgets.button("Skip").click()
    assert widgets.asked[1]["answers"]["status"] == "skipped"
    done = {
        **QUESTIONS,
        "status": "answered",
        "inputs": [{**QUESTIONS["inputs"][0], "answer": {"values": ["B"], "skipped": False}}],
    }  # type: ignore[index]
    page.evaluate("item => view.update(item)", done)
    assert page.locator(".questions").inner_text().split() == ["Which?", "B"]


def test_workflow_tells_what_is_done_and_opens(widgets: WidgetsPage) -> None:
    task = {"type": "custom", "title": "Look", "status_indicator": "loading"}
    item = {"id": "w", "workflow": {"type": "custom", "tasks": [task], "expanded": False}}
    widgets.show_item("workflow", item)
    button = widgets.page.get_by_role("button", name="Look")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    ended = {
        "type": "custom",
        "tasks": [{**task, "status_indicator": "complete"}],
        "summary": {"duration": 12},
        "expanded": False,
    }
    widgets.page.evaluate("item => view.update(item)", {"id": "w", "workflow": ended})
    assert (
        widgets.page.get_by_role("button", name="Worked for 12 seconds").get_attribute("aria-expanded")
        == "true"
    )
    widgets.page.locator(".task").get_by_text("Look").wait_for()
    assert widgets.page.locator(".task").inner_text().split() == ["Look", ":", "Done"]


def test_sources_are_numbered_marked_and_linked_safely(widgets: WidgetsPage) -> None:
    url = {"type": "url", "url": "https://example.com/a", "title": "A"}
    bad = {"type": "url", "url": "javascript:alert(1)", "title": "Bad"}
    text = "Heat is **moved**. Twice, it is moved."
    notes = [
        {"index": text.index("**."), "source": url},
        {"index": len(text), "source": url},
        {"source": bad},
    ]
    script = """async ([text, notes]) => {
      const { Sources } = await import('/static/chat_app/chatkit/items/annotations.js');
      const { StreamedMarkdown } = await import('/static/chat_app/render/stream.js');
      const prose = document.createElement('div');
      new StreamedMarkdown(prose).update(text, true);
      const sources = new Sources(kit);
      sources.update(notes);
      sources.mark(prose, text);
      kit.root.append(prose, sources.element);
      sources.button.click();
      return prose.textContent;
    }"""
    assert widgets.page.evaluate(script, [text, notes]).strip() == "Heat is moved1. Twice, it is moved.1"
    links = widgets.page.locator(".sources-list > li > *").evaluate_all(
        "all => all.map((one) => [one.tagName, one.href ?? null])"
    )
    assert links == [["A", "https://example.com/a"], ["SPAN", None]]
