"""ChatKit's wire format: threads, items and events as its clients read them.

Key names live here and nowhere else. Deltas are put together by hand, once for each record, and the bytes kept on it for all
followers. Times are aware and in UTC; absent values are left out. What is for the model alone never leaves, on any event; nor
does what the server keeps of a thread or a file for itself. Source: openai-chatkit 1.6.5, the types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from chat_app.domain.events import (
    Cancelled,
    ClientEffect,
    Completed,
    Failed,
    Interrupted,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    RouteChosen,
    Snapshot,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.shapes import AttachmentInfo, ItemInfo, Page, ThreadInfo
from chat_app.domain.turn import ANSWER, HIDDEN
from chat_app.wire.attachments import attachment
from chat_app.wire.native import Json, Numbered, lean

UrlFor = Callable[[str], str]
QUESTION: Final = "user_message"
TOOL: Final = "client_tool_call"
CUT_OFF: Final = "The answer was cut off; please try again."
# What of an item's data goes out, for kinds without text; a kind that is not here is not ChatKit's.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    TOOL: ("status", "call_id", "name", "arguments", "output"),
    "widget": ("widget", "copy_text"),
    "generated_image": ("image",),
    "structured_input": ("status", "inputs"),
    "workflow": ("workflow",),
    "task": ("task",),
    "end_of_turn": (),
}

FREE: Final = frozenset({"arguments", "output", "data"})


def moment(value: datetime) -> str:
    """ISO 8601 in UTC with Z, as exact as it is kept."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def thread(value: ThreadInfo, items: Page[Json] | None = None) -> Json:
    """A thread with a page of its items, empty where only the thread is meant."""
    status = lean(type=value.status, reason=value.status_reason or None)
    return lean(
        id=value.id,
        title=value.title or None,
        created_at=moment(value.created_at),
        status=status if value.status != "active" else {"type": "active"},
        allowed_image_domains=value.allowed_image_domains,
        items=page(items) if items is not None else {"data": [], "has_more": False},
    )


def page(value: Page[Json]) -> Json:
    """One page of anything that is JSON already."""
    return lean(data=list(value.data), has_more=value.has_more, after=value.next)


def error_body(body: Mapping[str, Any]) -> Json:
    """An error of REST's shape in ChatKit's, whose client reads `message`."""
    return {"message": body["detail"], **{key: body[key] for key in body if key != "detail"}}


class Shapes:
    """Items as this client sees them: `url_for(attachment_id)` is where it finds a file that an item shows."""

    def __init__(self, url_for: UrlFor) -> None:
        self._url_for = url_for

    def info(self, value: ItemInfo) -> Json | None:
        """A stored item, None for one that ChatKit's clients are not shown."""
        data = ItemData(value.id, value.kind, value.text, value.data, value.model, value.created_at)
        return self.item(data, value.thread_id or "")

    def item(self, value: ItemData, thread_id: str) -> Json | None:
        """An item as it stands, None for one that ChatKit's clients are not shown."""
        if value.kind in HIDDEN:
            return None
        created = moment(value.created_at or datetime.now(UTC))
        base = {"id": value.id, "thread_id": thread_id, "created_at": created, "type": value.kind}
        if value.kind == ANSWER:
            return {**base, "content": self.content(value)}
        if value.kind == QUESTION:
            return {**base, **self._question(value)}
        names = FIELDS.get(value.kind)
        if names is None:
            return None
        data = {name: value.data[name] for name in names if value.data.get(name) is not None}
        if value.kind == "generated_image":
            data = self.with_image(data)
        return {**base, **plain(data)}

    def content(self, value: ItemData) -> list[Json]:
        """The parts of an answer: one, unless it was made of several."""
        parts = value.data.get("content")
        if parts is not None:
            return [_part(part.get("text", ""), part.get("annotations", ())) for part in parts]
        return [_part(value.text, value.data.get("annotations", ()))] if value.text else []

    def with_image(self, data: Json) -> Json:
        """A generated image with the address of its file, where it is one of ours."""
        image = data.get("image")
        if not isinstance(image, Mapping) or "attachment_id" not in image:
            return data
        own = {key: image[key] for key in image if key != "attachment_id"}
        return {**data, "image": {**own, "url": self._url_for(str(image["attachment_id"]))}}

    def _question(self, value: ItemData) -> Json:
        data = value.data
        content = data.get("content") or [{"type": "input_text", "text": value.text}]
        return lean(
            content=[plain(part) for part in content],
            attachments=[self._attachment(file) for file in data.get("attachments", ())],
            quoted_text=data.get("quoted_text"),
            inference_options=plain(data.get("inference_options") or {}),
        )

    def _attachment(self, file: Mapping[str, Any]) -> Json:
        own = (file["id"], file["name"], file["mime_type"], file["type"], int(file.get("size", 0)), "ready")
        preview = self._url_for(file["id"]) if file["type"] == "image" else None
        return attachment(AttachmentInfo(*own), preview)


def _part(text: str, annotations: Iterable[Mapping[str, Any]]) -> Json:
    return {"annotations": [plain(a) for a in annotations], "text": text, "type": "output_text"}


def plain(value: Any) -> Any:
    """A copy without absent values, at any depth but in what is the author's own data."""
    if isinstance(value, Mapping):
        return {key: own if key in FREE else plain(own) for key, own in value.items() if own is not None}
    if isinstance(value, list | tuple):
        return [plain(own) for own in value]
    return value


def frame(event: Mapping[str, Any], name: str | None = None) -> bytes:
    """One event as a frame of the stream; with `name` it can be gone on from."""
    head = b"id: %s\n" % name.encode() if name else b""
    return b"%sdata: %s\n\n" % (head, orjson.dumps(event))


def opening(
    info: ThreadInfo, *, is_new: bool, item: Json | None, answered: bool, expired: Iterable[str]
) -> bytes:
    """What leads a stream: the thread where it is new, what its beginning changed, and that it can be stopped."""
    frames = []
    if is_new:
        frames.append(frame({"type": "thread.created", "thread": thread(info)}))
    frames += [frame({"type": "thread.item.removed", "item_id": name}) for name in expired]
    options = frame({"type": "stream_options", "stream_options": {"allow_cancel": True}})
    if item is None:
        return b"".join([*frames, options])
    if answered:
        return b"".join([*frames, options, frame({"type": "thread.item.replaced", "item": item})])
    return b"".join([*frames, frame({"type": "thread.item.done", "item": item}), options])


def notice(level: str, message: str) -> bytes:
    """A remark for the person, as a frame."""
    return frame({"type": "notice", "level": level, "message": message})


def error(message: str, *, allow_retry: bool) -> bytes:
    """A failure in words, as a frame."""
    return frame({"type": "error", "code": "custom", "message": message, "allow_retry": allow_retry})


class Encoder:
    """Encodes one turn's records for the stream of a client. Each record is one frame or several, of which the last has its
    number as an id, so that a connector can go on behind it."""

    def __init__(self, turn_id: str, info: ThreadInfo, shapes: Shapes) -> None:
        self.turn_id = turn_id
        self.info = info
        self.shapes = shapes
        self._item = ""
        self._delta = b""
        self._streamed: set[str] = set()  # answers whose first part is there
        self._done: set[str] = set()
        self._unseen: set[str] = set()  # items that no client is shown

    def frame(self, record: Numbered) -> bytes:
        """The frames of a record, empty for what ChatKit's clients are not told."""
        event = record.event
        if type(event) is TextDelta:
            return self._text(record, event)
        events = self._events(event)
        if not events:
            return b""
        *first, last = events
        name = f"{self.turn_id}:{record.seq}"
        return b"".join([*(frame(own) for own in first), frame(last, name)])

    def _text(self, record: Numbered, event: TextDelta) -> bytes:
        if event.item_id in self._unseen:
            return b""
        data: bytes | None = record.frames.get("chatkit")
        if data is None:
            if event.item_id != self._item:
                self._item = event.item_id
                self._delta = (
                    b'\ndata: {"type":"thread.item.updated","item_id":"%s","update":{"type":'
                    b'"assistant_message.content_part.text_delta","content_index":0,"delta":'
                ) % event.item_id.encode()
            head = b"id: %s:%d" % (self.turn_id.encode(), record.seq)
            data = record.frames["chatkit"] = b"%s%s%s}}\n\n" % (head, self._delta, orjson.dumps(event.text))
        return data

    def _events(self, event: Any) -> list[Json]:
        match event:
            case ItemAdded(item):
                return self._added(item)
            case ItemUpdated(item, update):
                shown = self.shapes.item(item, self.info.id)
                told = self._update(update)
                return [{"type": "thread.item.updated", "item_id": item.id, "update": told}] if shown else []
            case ItemDone(item, earlier):
                return self._finished(item, earlier)
            case ItemRemoved(item_id):
                return (
                    [] if item_id in self._unseen else [{"type": "thread.item.removed", "item_id": item_id}]
                )
            case ThreadUpdated():
                return [self._thread(event)]
            case Progress(text, icon):
                return [lean(type="progress_update", icon=icon, text=text)]
            case Notice(level, detail, title):
                return [lean(type="notice", level=level, message=detail, title=title)]
            case ClientEffect(name, data):
                return [{"type": "client_effect", "name": name, "data": dict(data)}]
            case Snapshot():
                return self._snapshot(event)
            case Failed():
                return [self._error(event.detail, event.retryable)]
            case Interrupted():
                return [self._error(CUT_OFF, event.retryable)]
            case RouteChosen() | Completed() | Cancelled():
                return []
        raise TypeError(f"{type(event).__name__} has no frame")

    def _added(self, item: ItemData) -> list[Json]:
        if item.kind == TOOL:
            return []  # a client runs a tool on `added` and on `done`: it is told once, when the call is whole
        shown = self.shapes.item(item, self.info.id)
        if shown is None:
            self._unseen.add(item.id)
            return []
        added: list[Json] = [{"type": "thread.item.added", "item": shown}]
        if item.kind == ANSWER and not shown["content"]:
            added.append(self._part_added(item.id))
        return added

    def _part_added(self, item_id: str) -> Json:
        """The first part of an answer: a client drops text for a part that is not there."""
        part = {"type": "assistant_message.content_part.added", "content_index": 0, "content": _part("", ())}
        return {"type": "thread.item.updated", "item_id": item_id, "update": part}

    def _update(self, update: Mapping[str, Any]) -> Json:
        told: Json = plain(update)
        return self.shapes.with_image(told) if told.get("type") == "generated_image.updated" else told

    def _finished(self, item: ItemData, earlier: bool) -> list[Json]:
        shown = self.shapes.item(item, self.info.id)
        if shown is None:
            self._unseen.add(item.id)
            return []
        again = earlier or item.id in self._done
        self._done.add(item.id)
        return [{"type": "thread.item.replaced" if again else "thread.item.done", "item": shown}]

    def _thread(self, event: ThreadUpdated) -> Json:
        info = self.info
        self.info = replace(
            info,
            title=info.title if event.title is None else event.title,
            status=event.status or info.status,
            status_reason=info.status_reason if event.status is None else event.reason or "",
            allowed_image_domains=info.allowed_image_domains
            if event.image_domains is None
            else event.image_domains,
        )
        return {"type": "thread.updated", "thread": thread(self.info)}

    def _snapshot(self, event: Snapshot) -> list[Json]:
        """How the turn stands, for a stream that has fallen behind or joins late: a whole item replaces what was shown under
        its id, and text may follow."""
        told: list[Json] = []
        for item in event.items:
            shown = self.shapes.item(item, self.info.id)
            if shown is None or item.kind == TOOL:
                self._unseen.add(item.id)
            else:
                told.append({"type": "thread.item.added", "item": shown})
                if item.kind == ANSWER and not shown["content"]:
                    told.append(self._part_added(item.id))
        return told

    def _error(self, message: str, allow_retry: bool) -> Json:
        return {"type": "error", "code": "custom", "message": message, "allow_retry": allow_retry}
