"""What updates make of an item under way, and how they reach the reader."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from chatkit.types import ThreadItemUpdate
from pydantic import TypeAdapter

from chat_app.domain.events import ItemData, ItemUpdated, Progress
from chat_app.responders.chatkit_open import OpenItem, merged
from chat_app.responders.chatkit_outbox import ROOM, Growing, Outbox

_updates: TypeAdapter[Any] = TypeAdapter(ThreadItemUpdate)
NOTE = {"source": {"type": "file", "filename": "a", "title": "A"}}


def update(kind: str, **fields: Any) -> Any:
    return _updates.validate_python({"type": kind, **fields})


def part(what: str, index: int = 0, **fields: Any) -> Any:
    return update(f"assistant_message.content_part.{what}", content_index=index, **fields)


def content(text: str, *notes: Any) -> dict[str, Any]:
    return {"text": text, "annotations": list(notes)}


def answer(text: str = "", **data: Any) -> OpenItem:
    return OpenItem(ItemData("a", "assistant_message", text, data))


def test_text_of_a_single_part_is_told_as_text_alone() -> None:
    opened = answer()
    assert opened.empty
    changes = [opened.take(part("added", content=content("Hi"))), opened.take(part("text_delta", delta="!"))]
    assert [(c.text, c.update) for c in changes if c] == [("Hi", None), ("!", None)]
    assert opened.whole().text == "Hi!"
    assert not opened.empty


@pytest.mark.parametrize(
    "nothing",
    [
        part("added", content=content("")),
        part("text_delta", delta=""),
        part("done", content=content("")),
    ],
)
def test_update_that_says_nothing_is_none(nothing: Any) -> None:
    assert answer().take(nothing) is None


def test_end_of_a_part_without_its_notes_takes_none_away() -> None:
    opened = answer("see", annotations=[NOTE])
    assert opened.take(part("done", content=content("see"))) is None
    assert opened.whole().data["annotations"] == [NOTE]


def test_end_of_a_part_with_other_words_is_told() -> None:
    opened = answer("se")
    change = opened.take(part("done", content=content("see", NOTE)))
    assert change is not None
    assert change.update is not None
    assert opened.whole().text == "see"
    assert len(opened.whole().data["annotations"]) == 1


def test_text_for_a_part_that_was_not_added_adds_it() -> None:
    opened = answer("one")
    change = opened.take(part("text_delta", 1, delta="two"))
    assert change is not None
    assert change.update is not None
    assert change.update["type"].endswith("content_part.added")
    assert [p["text"] for p in opened.whole().data["content"]] == ["one", "two"]


def test_part_of_a_widget_is_found_wherever_it_lies() -> None:
    row = {"type": "Row", "children": [{"type": "Text", "id": "t", "value": "a", "streaming": True}]}
    opened = OpenItem(ItemData("w", "widget", data={"widget": {"type": "Card", "children": [row]}}))
    opened.take(update("widget.streaming_text.value_delta", component_id="t", delta="b", done=True))
    whole = opened.whole().data["widget"]["children"][0]["children"][0]
    assert (whole["value"], whole["streaming"]) == ("ab", False)
    opened.take(
        update("widget.component.updated", component_id="t", component={"type": "Title", "value": "c"})
    )
    assert opened.whole().data["widget"]["children"][0]["children"][0]["type"] == "Title"
    unknown = update("widget.streaming_text.value_delta", component_id="x", delta="b", done=True)
    assert opened.take(unknown) is None


def test_update_for_an_item_of_another_kind_is_none() -> None:
    opened = OpenItem(ItemData("t", "task", data={"task": {}}))
    for wrong in (
        part("text_delta", delta="x"),
        update("widget.root.updated", widget={"type": "Card"}),
        update("workflow.task.added", task_index=0, task={"type": "custom"}),
        update("generated_image.updated", image={"id": "i", "url": "u"}),
    ):
        assert opened.take(wrong) is None


def test_picture_that_lies_elsewhere_is_kept_from_its_first_sight_on() -> None:
    opened = OpenItem(ItemData("g", "generated_image"))
    opened.take(update("generated_image.updated", image={"id": "i", "url": "https://a.example/i"}))
    assert opened.whole().data["image"]["url"] == "https://a.example/i"


def test_changes_of_one_place_are_one_until_something_else_comes() -> None:
    async def scenario() -> list[Any]:
        box, said = Outbox(), [""]

        def more(text: str, place: str) -> None:
            box.part_from((place,))
            said[0] += text
            change = {"type": "x", "delta": text}
            box.grow(Growing((place,), change, lambda: ItemData("w", "widget", said[0])), merged)

        for text in "abc":
            more(text, "one")
        more("d", "two")
        box.put(Progress("so"))
        more("e", "two")
        box.end()
        return [event async for event in _all(box)]

    events = asyncio.run(scenario())
    told = [(e.update["delta"], e.item.text) for e in events if isinstance(e, ItemUpdated)]
    assert told == [("abc", "abc"), ("d", "abcd"), ("e", "abcde")]
    assert isinstance(events[2], Progress)


def test_server_waits_for_a_reader_that_falls_behind() -> None:
    async def scenario() -> None:
        box = Outbox()
        for _ in range(ROOM):
            box.put(Progress("x"))
        waiting = asyncio.ensure_future(box.room())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await box.next()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(scenario())


async def _all(box: Outbox) -> Any:
    while (event := await box.next()) is not None:
        yield event
