"""ChatKit's wire format: threads and items as its clients read them, and the frames of a stream.

Key names live here and in `chatkit_events.py`, which encodes a turn's events, and nowhere else. Times are aware and in UTC;
absent values are left out. What is for the model alone never leaves; nor does what the server keeps of a thread or a file for
itself. Source: openai-chatkit 1.6.5, the types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from chat_app.domain.events import ItemData, UsageData
from chat_app.domain.shapes import AttachmentInfo, ItemInfo, Page, ThreadInfo
from chat_app.domain.turn import ANSWER, HIDDEN
from chat_app.wire.attachments import attachment
from chat_app.wire.native import Json, lean
from chat_app.wire.native import usage as used

UrlFor = Callable[[str], str]
QUESTION: Final = "user_message"
TOOL: Final = "client_tool_call"
CUT_OFF: Final = "The answer was cut off; please try again."
GOES_ON: Final = (
    "This server is restarting. The answer goes on without it; reload the page to read all of it."
)
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
    """Items as this client sees them: `url_for(attachment_id)` is where it finds a file that an item shows. With `more` it is
    told beside ChatKit's own words by which model an answer came and how it ended (`answered`)."""

    def __init__(self, url_for: UrlFor, *, more: bool = False) -> None:
        self._url_for = url_for
        self.more = more

    def info(self, value: ItemInfo, usage: UsageData | None = None) -> Json | None:
        """A stored item, None for one that ChatKit's clients are not shown. `usage` is its turn's."""
        data = ItemData(value.id, value.kind, value.text, value.data, value.model, value.created_at)
        shown = self.item(data, value.thread_id or "")
        if shown is not None and "answered" in shown:
            shown["answered"].update(lean(feedback=value.feedback, usage=used(usage)))
        return shown

    def item(self, value: ItemData, thread_id: str) -> Json | None:
        """An item as it stands, None for one that ChatKit's clients are not shown."""
        if value.kind in HIDDEN:
            return None
        created = moment(value.created_at or datetime.now(UTC))
        base = {"id": value.id, "thread_id": thread_id, "created_at": created, "type": value.kind}
        if value.kind == ANSWER:
            more = {"answered": answered(value)} if self.more else {}
            return {**base, "content": self.content(value), **more}
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
            return [part(own.get("text", ""), own.get("annotations", ())) for own in parts]
        return [part(value.text, value.data.get("annotations", ()))] if value.text else []

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


def answered(value: ItemData) -> Json:
    """By which model an answer was given, in place of which other one, and how it ended where it is not whole."""
    data = value.data
    return lean(
        model=value.model,
        requested_model=data.get("requested_model"),
        state=data.get("state"),
        error=data.get("error"),
    )


def part(text: str, annotations: Iterable[Mapping[str, Any]] = ()) -> Json:
    """A part of an answer."""
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
    info: ThreadInfo, name: str, *, is_new: bool, item: Json | None, answered: bool, expired: Iterable[str]
) -> bytes:
    """What leads a stream: the thread where it is new, what its beginning changed, and that it can be stopped. `name` is the
    id of the last frame, behind which the turn's own events come."""
    frames = []
    if is_new:
        frames.append(frame({"type": "thread.created", "thread": thread(info)}))
    frames += [frame({"type": "thread.item.removed", "item_id": name}) for name in expired]
    options = stream_options(True)
    if item is None:
        return b"".join([*frames, frame(options, name)])
    if answered:
        return b"".join(
            [*frames, frame(options), frame({"type": "thread.item.replaced", "item": item}, name)]
        )
    return b"".join([*frames, frame({"type": "thread.item.done", "item": item}), frame(options, name)])


def stream_options(allow_cancel: bool) -> Json:
    """Whether the client offers to stop the answer."""
    return {"type": "stream_options", "stream_options": {"allow_cancel": allow_cancel}}


def notice(level: str, message: str) -> bytes:
    """A remark for the person, as a frame."""
    return frame({"type": "notice", "level": level, "message": message})


def error(message: str, *, allow_retry: bool) -> bytes:
    """A failure in words, as a frame."""
    return frame({"type": "error", "code": "custom", "message": message, "allow_retry": allow_retry})
