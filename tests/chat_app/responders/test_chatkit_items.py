"""Items between ChatKit's SDK and our rows: every kind there and back, and what is no item to the SDK."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chatkit.types import ThreadItem

from chat_app.domain.events import ItemData
from chat_app.responders.chatkit_items import from_item, to_item
from chat_app.responders.chatkit_moment import Moment, aware
from chat_app.wire.chatkit import Shapes
from tests.chat_app.responders.sdk import asked, card, item, note, said

SOURCE = {"type": "url", "url": "https://a.example/x", "title": "A"}
ANNOTATED = {"text": "a", "annotations": [{"type": "annotation", "source": SOURCE, "index": 1}]}
ONE_OF_EACH: dict[str, ThreadItem] = {
    "question": asked("msg_q", "hello"),
    "rich question": item(
        "user_message",
        "msg_r",
        content=[
            {"type": "input_text", "text": "about "},
            {"type": "input_tag", "id": "t1", "text": "Ann", "data": {"n": None}, "interactive": True},
        ],
        quoted_text="so be it",
        inference_options={"model": "m", "tool_choice": {"id": "search"}},
        attachments=[{"id": "atc_1", "type": "file", "name": "a.txt", "mime_type": "text/plain"}],
    ),
    "answer": said("msg_a", "hello"),
    "answer without words": said("msg_e"),
    "answer of parts": said("msg_p", "one", "two"),
    "annotated answer": item("assistant_message", "msg_n", content=[ANNOTATED]),
    "annotated parts": item("assistant_message", "msg_m", content=[ANNOTATED, {"text": "b"}]),
    "client tool": item(
        "client_tool_call",
        "tc_1",
        call_id="c",
        name="pick",
        arguments={"a": None},
        output={"b": None},
        status="completed",
    ),
    "widget": card("wdg_1", "hi"),
    "picture": item("generated_image", "msg_g", image={"id": "i", "url": "https://a.example/i.png"}),
    "no picture yet": item("generated_image", "msg_h", image=None),
    "questions": item(
        "structured_input",
        "msg_s",
        status="answered",
        inputs=[
            {
                "type": "multiple_choice",
                "id": "q",
                "question": "Which?",
                "options": [{"value": "a"}],
                "answer": {"values": ["a"]},
            }
        ],
    ),
    "workflow": item(
        "workflow",
        "wf_1",
        workflow={
            "type": "custom",
            "tasks": [{"type": "custom", "title": "t"}, {"type": "web_search", "sources": [SOURCE]}],
            "summary": {"duration": 3},
            "expanded": True,
        },
    ),
    "task": item("task", "tsk_1", task={"type": "thought", "content": "hm", "status_indicator": "loading"}),
    "end": item("end_of_turn", "end_1"),
    "note": note("hid_1", {"a": None, "b": [1, "x"]}),
    "note of the SDK": item("sdk_hidden_context", "shcx_1", content="stopped"),
}


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_item_comes_back_as_it_was(name: str) -> None:
    before = ONE_OF_EACH[name]
    data = from_item(before)
    assert to_item(data, before.thread_id) == before
    assert (data.id, data.kind, data.created_at) == (before.id, before.type, aware(before.created_at))


def told(value: Any) -> Any:
    """What is sent of an item, without its time and the nulls of its author's own data, which the SDK drops and we do not."""
    if isinstance(value, dict):
        return {key: told(own) for key, own in value.items() if key != "created_at" and own is not None}
    return [told(own) for own in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_clients_see_what_the_sdk_would_send(name: str) -> None:
    before = ONE_OF_EACH[name]
    shown = Shapes(str).item(from_item(before), before.thread_id)
    sent = before.model_dump(
        mode="json", by_alias=True, exclude_none=True, context={"exclude_metadata": True}
    )
    assert told(shown) == (None if "hidden" in before.type else told(sent))


def test_text_of_an_answer_is_that_of_all_its_parts() -> None:
    assert from_item(ONE_OF_EACH["answer of parts"]).text == "onetwo"
    assert from_item(ONE_OF_EACH["rich question"]).text == "about Ann"


@pytest.mark.parametrize(
    "data",
    [
        ItemData("1", "of_an_unknown_kind", data={"n": 1}),
        ItemData("1", "client_tool_call", data={"name": "pick"}),
        ItemData("1", "workflow", data={"workflow": "none"}),
    ],
)
def test_what_the_sdk_does_not_know_is_no_item(data: ItemData) -> None:
    assert to_item(data, "thr_1") is None


def test_file_of_ours_has_an_address_of_its_own() -> None:
    file = {"id": "atc_1", "name": "a.png", "mime_type": "image/png", "type": "image", "size": 3}
    question = to_item(ItemData("m", "user_message", "see", {"attachments": [file]}), "thr_1")
    assert str(question.attachments[0].preview_url) == "attachment:atc_1"  # type: ignore[union-attr]
    image = {"id": "i", "attachment_id": "atc_1"}
    made = to_item(ItemData("g", "generated_image", data={"image": image}), "thr_1", lambda name: f"x:{name}")
    assert (made.image.id, made.image.url) == ("i", "x:atc_1")  # type: ignore[union-attr]


def test_moment_gets_on_with_naive_times_and_with_aware_ones() -> None:
    naive = datetime(2026, 11, 22, 12, 0, 0, 123456)
    moment = Moment.of(naive)
    assert moment.tzinfo is UTC
    assert moment == naive
    assert naive == moment == moment.astimezone(UTC)
    later, sooner = naive + timedelta(seconds=5), aware(naive) - timedelta(seconds=5)
    assert (later - moment, moment - later, moment - sooner) == (
        timedelta(seconds=5),
        timedelta(seconds=-5),
        timedelta(seconds=5),
    )
    assert sorted([later, moment, naive]) == [moment, naive, later]
    assert sooner < moment < later
    assert later > moment >= naive >= moment
    assert moment != later
    assert deepcopy(moment) == moment
    assert moment + timedelta(seconds=5) == later
