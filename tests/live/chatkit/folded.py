"""A thread as a ChatKit client holds it: the fold of the events that it was sent. What is right is the tests' business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.live.chatkit.strict import plain

Json = dict[str, Any]


class Folded:
    """One thread. Items are overwritten by id wherever an event brings them whole; text for a part that is not there is
    dropped, and counted in `orphans`."""

    def __init__(self) -> None:
        self.thread: Json = {}
        self.items: dict[str, Json] = {}
        self.open: set[str] = set()
        self.orphans = 0
        self.progress = ""
        self.effects: list[tuple[str, Any]] = []
        self.notices: list[Json] = []
        self.errors: list[Json] = []
        self.can_stop = False
        self.kinds: Counter[str] = Counter()
        self.answered: dict[
            str, Json
        ] = {}  # what the connector is told beside ChatKit's own words, by the answer
        self._going_from: str | None = None

    def retry_after(self, item_id: str | None) -> None:
        """A retry was asked for: what is behind this item goes as soon as anything of the new answer comes. None: something
        else was."""
        self._going_from = item_id

    def tool_answered(self, result: Any) -> None:
        """The page has sent what the newest tool that waits has returned, of which no event tells."""
        call = next(i for i in reversed(self.of_kind("client_tool_call")) if i["status"] == "pending")
        call["status"] = "completed"
        if result is not None:
            call["output"] = result

    def take(self, event: Json) -> None:
        """One more event."""
        kind = event["type"]
        self.kinds[kind] += 1
        self.answered.update(event.pop("answered", {}))
        if "answered" in event.get("item", {}):
            self.answered[event["item"]["id"]] = event["item"].pop("answered")
        if self._going_from is not None and kind.startswith("thread.item."):
            self._drop_behind(self._going_from)
            self._going_from = None
        _TAKE[kind](self, event)

    def listed(self) -> list[Any]:
        """The items in order, comparable."""
        return [plain(item) for item in self.items.values()]

    def texts(self) -> list[str]:
        """What is said in the thread, by whomever."""
        return [
            "".join(part["text"] for part in item["content"])
            for item in self.items.values()
            if item["type"] in ("user_message", "assistant_message")
        ]

    def of_kind(self, kind: str) -> list[Json]:
        return [item for item in self.items.values() if item["type"] == kind]

    def _drop_behind(self, item_id: str) -> None:
        ids = list(self.items)
        for gone in ids[ids.index(item_id) + 1 :]:
            del self.items[gone]

    def _thread(self, event: Json) -> None:
        thread = {**event["thread"]}
        assert thread.pop("items") == {"data": [], "has_more": False}
        self.thread = thread

    def _added(self, event: Json) -> None:
        self.progress = ""
        self.items[event["item"]["id"]] = event["item"]
        self.open.add(event["item"]["id"])

    def _whole(self, event: Json) -> None:
        self.progress = ""
        self.items[event["item"]["id"]] = event["item"]
        self.open.discard(event["item"]["id"])

    def _replaced(self, event: Json) -> None:
        self.items[event["item"]["id"]] = event["item"]

    def _removed(self, event: Json) -> None:
        self.items.pop(event["item_id"], None)

    def _updated(self, event: Json) -> None:
        item, update = self.items.get(event["item_id"]), event["update"]
        self.kinds[update["type"]] += 1
        if item is None or not _UPDATES[update["type"]](item, update):
            self.orphans += 1

    def _stream_options(self, event: Json) -> None:
        self.can_stop = event["stream_options"]["allow_cancel"]

    def _progress(self, event: Json) -> None:
        self.progress = event["text"]

    def _effect(self, event: Json) -> None:
        self.effects.append((event["name"], event["data"]))

    def _notice(self, event: Json) -> None:
        self.notices.append(event)

    def _error(self, event: Json) -> None:
        self.errors.append(event)


_TAKE: dict[str, Callable[[Folded, Json], None]] = {
    "thread.created": Folded._thread,
    "thread.updated": Folded._thread,
    "thread.item.added": Folded._added,
    "thread.item.updated": Folded._updated,
    "thread.item.done": Folded._whole,
    "thread.item.replaced": Folded._replaced,
    "thread.item.removed": Folded._removed,
    "stream_options": Folded._stream_options,
    "progress_update": Folded._progress,
    "client_effect": Folded._effect,
    "notice": Folded._notice,
    "error": Folded._error,
}


def _put(rows: list[Any], index: int, value: Any, *, new: bool) -> bool:
    if new:
        rows.insert(index, value)
    elif index < len(rows):
        rows[index] = value
    return new or index < len(rows)


def _part_added(item: Json, update: Json) -> bool:
    return _put(item["content"], update["content_index"], update["content"], new=True)


def _part_done(item: Json, update: Json) -> bool:
    return _put(item["content"], update["content_index"], update["content"], new=False)


def _text(item: Json, update: Json) -> bool:
    if update["content_index"] >= len(item["content"]):
        return False
    item["content"][update["content_index"]]["text"] += update["delta"]
    return True


def _annotation(item: Json, update: Json) -> bool:
    if update["content_index"] >= len(item["content"]):
        return False
    found = item["content"][update["content_index"]]["annotations"]
    return _put(found, update["annotation_index"], update["annotation"], new=True)


def _root(item: Json, update: Json) -> bool:
    item["widget"] = update["widget"]
    return True


def _component(root: Any, name: str) -> Any:
    if root.get("id") == name:
        return root
    found = (_component(child, name) for child in root.get("children", ()))
    return next((component for component in found if component is not None), None)


def _component_updated(item: Json, update: Json) -> bool:
    component = _component(item["widget"], update["component_id"])
    if component is None:
        return False
    component.clear()
    component.update(update["component"])
    return True


def _streamed(item: Json, update: Json) -> bool:
    component = _component(item["widget"], update["component_id"])
    if component is None:
        return False
    component["value"] += update["delta"]
    return True


def _task_added(item: Json, update: Json) -> bool:
    return _put(item["workflow"]["tasks"], update["task_index"], update["task"], new=True)


def _task_updated(item: Json, update: Json) -> bool:
    return _put(item["workflow"]["tasks"], update["task_index"], update["task"], new=False)


def _image(item: Json, update: Json) -> bool:
    item["image"] = update["image"]
    return True


_UPDATES: dict[str, Callable[[Json, Json], bool]] = {
    "assistant_message.content_part.added": _part_added,
    "assistant_message.content_part.text_delta": _text,
    "assistant_message.content_part.annotation_added": _annotation,
    "assistant_message.content_part.done": _part_done,
    "widget.root.updated": _root,
    "widget.component.updated": _component_updated,
    "widget.streaming_text.value_delta": _streamed,
    "workflow.task.added": _task_added,
    "workflow.task.updated": _task_updated,
    "generated_image.updated": _image,
}
