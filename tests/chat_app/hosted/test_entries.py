"""Hosted items as ours: each in the shape that ChatKit's own types take, and nothing in it that a database cannot keep."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from chatkit.types import ThreadItem
from pydantic import TypeAdapter

from chat_app.chat.hosted.entries import Entry, entry
from chat_app.providers.openai.hosted import HostedItem
from tests.upstream.hosted_threads import answered, asked, item

CARD = {"type": "Card", "children": [{"type": "Text", "value": "Hi"}]}
URL = {"type": "url", "source": {"type": "url", "url": "https://example.com/a"}}
FILE = {"type": "file", "source": {"type": "file", "filename": "a.pdf"}}
ITEMS: dict[str, dict[str, Any]] = {
    "user_message": asked("1", "hello"),
    "assistant_message": answered("1", "hello"),
    "widget": item("widget", "1", widget=json.dumps(CARD)),
    "client_tool_call": item(
        "client_tool_call", "1", status="completed", call_id="call_1", name="weather",
        arguments='{"city": "Bern"}', output='{"sun": true}',
    ),
    "task": item("task", "1", task_type="thought", heading="Looking", summary=None),
    "workflow": item(
        "task_group", "1",
        tasks=[{"type": "custom", "heading": "A", "summary": "B"}, {"type": "thought", "heading": None, "summary": "C"}],
    ),
}  # fmt: skip


def ours(given: dict[str, Any]) -> Entry:
    found = entry(msgspec.convert(given, HostedItem))
    assert found is not None
    return found


def chatkit(found: Entry) -> Any:
    """The item by ChatKit's own types, made of a row as the server makes it."""
    shape: dict[str, Any] = {
        "id": found.id,
        "thread_id": "thr_1",
        "created_at": found.created_at,
        "type": found.kind,
    }
    if found.kind == "user_message":
        shape["inference_options"] = {}
    if found.kind == "assistant_message":
        part = {"type": "output_text", "text": found.text, "annotations": found.data.get("annotations", [])}
        shape["content"] = [part]
    return TypeAdapter(ThreadItem).validate_python({**shape, **found.data})


@pytest.mark.parametrize("kind", ITEMS)
def test_item_of_each_type_is_one_of_chatkits_own(kind: str) -> None:
    found = ours(ITEMS[kind])
    assert found.kind == kind == chatkit(found).type
    assert found.created_at.isoformat() == "2025-10-09T08:53:20+00:00"


@pytest.mark.parametrize("kind", ITEMS)
def test_id_is_the_same_each_time_and_another_for_another_item(kind: str) -> None:
    again, other = ours(dict(ITEMS[kind])), ours({**ITEMS[kind], "id": "cthi_2"})
    assert ours(ITEMS[kind]).id == again.id != other.id
    assert len(again.id) == 30


def test_quote_and_options_of_a_question_are_kept() -> None:
    content = [
        {"type": "quoted_text", "text": "as you said"},
        {"type": "input_text", "text": "why"},
        {"type": "input_text", "text": "?"},
    ]
    found = ours(
        asked(
            "1",
            "",
            content=content,
            inference_options={"model": "m", "tool_choice": {"id": "search"}, "new": 1},
        )
    )
    assert found.text == "why?"
    assert found.data["quoted_text"] == "as you said"
    assert found.data["inference_options"] == {"model": "m", "tool_choice": {"id": "search"}}
    assert [part["text"] for part in found.data["content"]] == ["why", "?"]


def test_files_of_a_question_are_told_by_name() -> None:
    files = [
        {"id": "f", "type": "file", "name": "plan.pdf", "mime_type": "application/pdf", "preview_url": None}
    ]
    assert (
        ours(asked("1", "look", attachments=files)).text == "look\n\n[Attached: plan.pdf (application/pdf)]"
    )
    assert (
        ours(asked("1", "", content=[], attachments=files)).text == "[Attached: plan.pdf (application/pdf)]"
    )


def test_annotations_of_one_part_are_beside_its_text() -> None:
    content = [{"type": "output_text", "text": "see", "annotations": [URL, FILE, {"type": "odd"}]}]
    found = ours(answered("1", "", content=content))
    assert [one["source"]["title"] for one in found.data["annotations"]] == ["https://example.com/a", "a.pdf"]
    assert chatkit(found).content[0].annotations[1].source.filename == "a.pdf"


def test_parts_of_an_answer_stay_apart() -> None:
    content = [{"type": "output_text", "text": text, "annotations": [URL]} for text in ("one", "two")]
    found = ours(answered("1", "", content=content))
    assert found.text == "one\n\ntwo"
    assert [(part["text"], len(part["annotations"])) for part in found.data["content"]] == [
        ("one", 1),
        ("two", 1),
    ]


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"status": "in_progress", "arguments": "{}"}, {"status": "pending", "arguments": {}}),
        ({"status": "completed", "arguments": "[1"}, {"status": "completed", "arguments": {}}),
        (
            {"status": "completed", "output": "no JSON"},
            {"status": "completed", "arguments": {}, "output": "no JSON"},
        ),
        ({"status": "completed", "output": "null"}, {"status": "completed", "arguments": {}}),
    ],
)
def test_tool_call_is_read_as_far_as_it_can_be(fields: dict[str, Any], data: dict[str, Any]) -> None:
    found = ours(item("client_tool_call", "1", call_id="c", name="n", **fields))
    assert found.data == {"call_id": "c", "name": "n", **data}


@pytest.mark.parametrize(
    "widget",
    ["", "no JSON", "[]", "{}", "[" * 100_000, '{"type": "Card", "a": ' + "[" * 101 + "]" * 101 + "}"],
)
def test_widget_that_cannot_be_read_is_none(widget: str) -> None:
    assert entry(msgspec.convert(item("widget", "1", widget=widget), HostedItem)) is None


def test_type_that_nobody_knows_is_none() -> None:
    assert entry(msgspec.convert(item("hologram", "1"), HostedItem)) is None


def test_nothing_stays_that_a_database_cannot_keep() -> None:
    card = {"type": "Card", "children": [{"type": "Text", "value": "a\0b"}]}
    assert (
        ours(item("widget", "1", widget=json.dumps(card))).data["widget"]["children"][0]["value"]
        == "a\ufffdb"
    )
    assert ours(asked("1", "a\0b")).text == "a\ufffdb"


def test_numbers_stay_within_what_json_can_carry() -> None:
    arguments = '{"a": 1e999, "b": NaN, "c": 18446744073709551616, "d": 9007199254740991}'
    found = ours(
        item("client_tool_call", "1", status="completed", call_id="c", name="n", arguments=arguments)
    )
    assert found.data["arguments"] == {"a": None, "b": None, "c": "18446744073709551616", "d": 2**53 - 1}
