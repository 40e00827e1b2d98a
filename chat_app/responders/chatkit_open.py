"""Items of a ChatKit server that are under way, and what its updates make of them. No event is sent and no row written here."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    ThreadItemUpdate,
    WidgetStreamingTextValueDelta,
    WorkflowTaskUpdated,
)

from chat_app.domain.events import ItemData
from chat_app.domain.turn import ANSWER
from chat_app.responders.chatkit_items import answer, lean

DATA: Final = "data:"


@dataclass(slots=True)
class Change:
    """What an update did: `text` at the end of an item that is text alone, else `update` in ChatKit's terms. One that `grows`
    is of a kind that comes by the token."""

    text: str = ""
    update: dict[str, Any] | None = None
    grows: bool = False


@dataclass(slots=True)
class _Part:
    said: list[str] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)

    @property
    def text(self) -> str:
        text = "".join(self.said)
        self.said[:] = [text]
        return text


class OpenItem:
    """An item that was added, or one that was whole and is changed `again`, perhaps of an earlier turn; `announced` says that
    the reader knows of it."""

    def __init__(self, item: ItemData, *, earlier: bool = False, again: bool = False) -> None:
        self.id, self.kind, self.earlier, self.again = item.id, item.kind, earlier, again
        self.announced = again
        self._data: dict[str, Any] = deepcopy(dict(item.data))
        self._parts: list[_Part] = []
        if item.kind == ANSWER:
            whole = {"text": item.text, "annotations": self._data.pop("annotations", [])}
            content = self._data.pop("content", [whole] if item.text or whole["annotations"] else [])
            self._parts = [_Part([part["text"]], list(part.get("annotations", ()))) for part in content]

    def whole(self) -> ItemData:
        """The item as it stands, a copy."""
        if self.kind != ANSWER:
            return ItemData(self.id, self.kind, "", deepcopy(self._data))
        text, data = answer([_shape(part) for part in self._parts])
        return ItemData(self.id, self.kind, text, {**deepcopy(self._data), **deepcopy(data)})

    @property
    def empty(self) -> bool:
        """Whether it is an answer in which nothing is said yet."""
        return self.kind == ANSWER and not any(part.text.strip() for part in self._parts)

    @property
    def parts(self) -> int:
        """How many parts an answer has."""
        return len(self._parts)

    def take(self, update: ThreadItemUpdate) -> Change | None:
        """Apply an update. None where it changes nothing, or is none for an item of this kind."""
        if type(update) is AssistantMessageContentPartTextDelta and self._is_plain(update.content_index):
            return self._more(self._parts[0], 0, update.delta, {}, is_new=False)  # the hot case
        told = lean(update.model_dump(mode="json", by_alias=True))
        kind = str(told["type"])
        if kind.startswith("assistant_message."):
            return self._say(kind.rpartition(".")[2], told) if self.kind == ANSWER else None
        if kind.startswith("widget."):
            return self._widget(kind, told) if self.kind == "widget" else None
        if kind.startswith("workflow."):
            return self._task(told) if self.kind == "workflow" else None
        if kind == "generated_image.updated" and self.kind == "generated_image":
            image = told["image"]
            if not str(image["url"]).startswith(DATA):  # one that is not whole yet is shown and not kept
                self._data["image"] = image
            return Change(update=told)
        return None

    def _is_plain(self, index: int) -> bool:
        return index == 0 and len(self._parts) == 1

    def _say(self, what: str, told: dict[str, Any]) -> Change | None:
        index: int = told["content_index"]
        is_new = index >= len(self._parts)
        while index >= len(self._parts):
            self._parts.append(_Part())
        part = self._parts[index]
        match what:
            case "text_delta":
                return self._more(part, index, told["delta"], told, is_new=is_new)
            case "annotation_added":
                part.notes.insert(told["annotation_index"], told["annotation"])
                return Change(update=told)
            case _:
                content = told["content"]
                text, notes = content["text"], content.get("annotations", [])
                known = text == part.text and (notes == part.notes or (what == "done" and not notes))
                if known and not (is_new and index):
                    return None  # the SDK ends a part without the notes that it has
                first = not part.text and not part.notes and not notes and self.parts == 1
                part.said, part.notes = [text], notes
                return Change(text=text) if first else Change(update=told)

    def _more(
        self, part: _Part, index: int, text: str, told: dict[str, Any], *, is_new: bool
    ) -> Change | None:
        if not text:
            return None
        part.said.append(text)
        if self.parts == 1:
            return Change(text=text)
        if is_new:  # readers drop text for a part that is not there
            content = {"type": "output_text", "text": text, "annotations": []}
            kind = "assistant_message.content_part.added"
            return Change(update={"type": kind, "content_index": index, "content": content})
        return Change(update=told, grows=True)

    def _widget(self, kind: str, told: dict[str, Any]) -> Change | None:
        if kind == "widget.root.updated":
            self._data["widget"] = deepcopy(told["widget"])
            return Change(update=told)
        found = _component(self._data.get("widget"), told["component_id"])
        if found is None:
            return None
        if kind == "widget.component.updated":
            found.clear()
            found.update(deepcopy(told["component"]))
            return Change(update=told)
        found["value"] = f"{found.get('value') or ''}{told['delta']}"
        if told["done"] and "streaming" in found:
            found["streaming"] = False
        return Change(update=told, grows=True)

    def _task(self, told: dict[str, Any]) -> Change:
        tasks: list[Any] = self._data["workflow"].setdefault("tasks", [])
        index, task = told["task_index"], deepcopy(told["task"])
        if told["type"] == "workflow.task.updated" and index < len(tasks):
            tasks[index] = task
            return Change(update=told, grows=True)
        if (
            index >= len(tasks) or tasks[index] != task
        ):  # else the SDK has put it into the item that it had sent
            tasks.append(task)
        return Change(update=told)


def place_of(update: ThreadItemUpdate) -> tuple[Any, ...]:
    """The place within an item that an update is about; of all that may grow, each has its own."""
    if (
        type(update) is AssistantMessageContentPartTextDelta
    ):  # by type: the SDK's classes are slow to ask for more
        return ("text", update.content_index)
    if type(update) is WidgetStreamingTextValueDelta:
        return ("value", update.component_id)
    if type(update) is WorkflowTaskUpdated:
        return ("task", update.task_index)
    return ()


def merged(first: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """Two updates of one place as one: deltas one after the other, of anything else the later."""
    if "delta" in then:
        return {**then, "delta": first["delta"] + then["delta"]}
    return {**then, "type": first["type"]}


def _shape(part: _Part) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "output_text", "text": part.text}
    return {**shape, "annotations": part.notes} if part.notes else shape


def _component(node: Any, name: str) -> dict[str, Any] | None:
    """The part of a widget that has this id."""
    if isinstance(node, dict):
        if node.get("id") == name:
            return node
        node = list(node.values())
    if isinstance(node, list):
        return next((found for own in node if (found := _component(own, name)) is not None), None)
    return None


def picture(item: ItemData) -> Mapping[str, Any] | None:
    """The picture of an item whose bytes stand in its own address."""
    image = item.data.get("image") if item.kind == "generated_image" else None
    return image if isinstance(image, Mapping) and str(image.get("url", "")).startswith(DATA) else None
