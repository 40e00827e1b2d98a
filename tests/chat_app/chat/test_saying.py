"""What was said in words for a model: messages with quotes and tags, items that are no text, and what began a turn."""

from __future__ import annotations

from typing import Any

import pytest

from chat_app.chat import saying
from chat_app.domain.events import ItemData
from chat_app.domain.prompt import Given
from tests.live.chatkit import shapes

TAG = {"type": "input_tag", "id": "u1", "text": "@Ada", "data": {"email": "ada@example.com"}}


def test_plain_message_is_its_text() -> None:
    assert saying.question("hello", {}) == "hello"


def test_quote_comes_first_line_by_line_and_tags_last() -> None:
    data = {"quoted_text": "One\n\nTwo", "content": [{"type": "input_text", "text": "Ask "}, TAG, TAG]}
    told = '[“@Ada” refers to {"id": "u1", "email": "ada@example.com"}]'
    assert saying.question("Ask @Ada", data) == f"> One\n> \n> Two\n\nAsk @Ada\n\n{told}\n\n{told}"


def test_tag_without_data_and_with_far_too_much() -> None:
    bare = saying.question("x", {"content": [{"type": "input_tag", "id": "1", "text": "a", "data": None}]})
    assert bare.endswith('refers to {"id": "1"}]')
    much = {"content": [{**TAG, "data": {"a": "x" * 100_000}}]}
    assert len(saying.question("x", much)) < saying.MOST + 100


def test_quote_alone_is_a_message() -> None:
    assert saying.question("", {"quoted_text": "so"}) == "> so"


@pytest.mark.parametrize(
    ("state", "mark"),
    [("cancelled", "stopped"), ("interrupted", "cut off"), ("failed", "failed"), ("", None), ("odd", None)],
)
def test_half_an_answer_says_how_it_ended(state: str, mark: str | None) -> None:
    words = saying.answer("assistant_message", "half", {"state": state} if state else {})
    assert words == ("half" if mark is None else f"half\n\n{saying.MARKS[state]}")
    assert mark is None or mark in words


ITEMS: list[tuple[str, Any, str | None]] = [
    ("widget", {"widget": shapes.card(), "copy_text": "A card"}, "[Showed: A card]"),
    ("widget", {"widget": {"type": "Basic", "children": []}}, '[Showed: {"type": "Basic", "children": []}]'),
    ("client_tool_call", shapes.call(city="X"), '[Used “weather” in the browser with {"city": "X"}.]'),
    ("client_tool_call", {**shapes.call(), "output": {"sunny": True}},
     '[Used “weather” in the browser with {}; it returned {"sunny": true}]'),
    ("generated_image", {"image": shapes.IMAGE}, "[Made an image.]"),
    ("task", {"task": shapes.task("Look")}, "[Look: *it* up]"),
    ("task", {"task": {"type": "thought", "content": "Hm."}}, None),
    ("workflow", shapes.workflow(shapes.task("One"), shapes.task("Two")), "[One: *it* up]\n[Two: *it* up]"),
    ("workflow", shapes.workflow(), None),
    ("hidden_context_item", {"content": "they like tea"}, "[Context: they like tea]"),
    ("hidden_context_item", {"content": {"likes": "tea"}}, '[Context: {"likes": "tea"}]'),
    ("sdk_hidden_context", {}, None),
    ("end_of_turn", {}, None),
    ("of_an_unknown_kind", {"n": 1}, None),
    ("structured_input", shapes.QUESTIONS,
     "Which size? (no answer yet)\nWhich toppings? (no answer yet)\nA note? (no answer yet)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "words"), ITEMS)
def test_item_is_put_into_words(kind: str, data: Any, words: str | None) -> None:
    assert saying.answer(kind, "", data) == words


def test_item_that_lacks_what_it_should_have_does_no_harm() -> None:
    for kind in saying.KINDS:
        saying.answer(kind, "", {})


def test_answers_and_what_was_skipped_are_told() -> None:
    asked: list[dict[str, Any]] = [dict(own) for own in shapes.QUESTIONS["inputs"]]  # type: ignore[call-overload]
    for own, values in zip(asked, (["small"], ["figs", "nuts"], []), strict=True):
        own["answer"] = {"values": values, "skipped": not values}
    assert saying.answers({"inputs": asked}) == (
        "Which size? small\nWhich toppings? figs, nuts\nA note? (skipped)"
    )


BEGINNINGS: list[tuple[Given, str]] = [
    (Given("message", ItemData("1", "user_message", "hi")), "hi"),
    (Given("action", None, {"type": "go", "payload": {"n": 1}}), 'The person chose “go” with {"n": 1}'),
    (Given("tool_output", ItemData("1", "client_tool_call", data={**shapes.call(), "output": [1]})),
     "“weather” returned [1]"),
    (Given("structured_input", ItemData("1", "structured_input", data=shapes.QUESTIONS)), "Which size?"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "words"), BEGINNINGS)
def test_what_began_a_turn_is_told(given: Given, words: str) -> None:
    assert words in saying.beginning(given)


def test_files_are_named() -> None:
    data = {
        "attachments": [
            {"id": "a", "name": "a.pdf", "mime_type": "application/pdf", "type": "file", "size": 9}
        ]
    }
    (file,) = saying.attached(data)
    assert (file.kind, file.size) == ("file", 9)
    assert saying.files_note([file]) == "[Attached: a.pdf (application/pdf)]"
