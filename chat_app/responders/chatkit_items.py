"""Items of a thread as ChatKit's SDK has them, and as rows and events have them. No store and no turn here.

Needs `pip install -r requirements-agents.txt`. What other responders keep in a thread may not be what the SDK would accept:
that is no item to a server written with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.types import Attachment, ThreadItem, UserMessageItem
from pydantic import TypeAdapter, ValidationError

from chat_app.domain.events import ItemData
from chat_app.domain.turn import ANSWER, HIDDEN
from chat_app.responders.chatkit_moment import Moment, aware

log = logging.getLogger(__name__)

QUESTION: Final = "user_message"
BASE: Final = frozenset({"id", "thread_id", "created_at", "type"})
FREE: Final = frozenset(
    {"arguments", "output", "data", "payload", "metadata"}
)  # the author's own, nulls and all
FILE: Final = "attachment:"  # begins the address of a file of ours whose bytes are not at hand
UrlOf = Callable[[str], str]

_items: TypeAdapter[Any] = TypeAdapter(ThreadItem)
_attachments: TypeAdapter[Any] = TypeAdapter(Attachment)


def to_item(data: ItemData, thread_id: str, url_of: UrlOf | None = None) -> ThreadItem | None:
    """A stored item for the SDK, None for one that it does not know. `url_of(attachment id)` is where a file is, else it has
    an address that only we can read."""
    moment = data.created_at or datetime.now(UTC)
    base = {"id": data.id, "thread_id": thread_id, "created_at": moment, "type": data.kind}
    try:
        item: ThreadItem = _items.validate_python({**base, **_fields(data, url_of or _own_url)})
    except ValidationError as error:
        log.debug(
            "item %s of kind %s is none of ChatKit's (%d errors)", data.id, data.kind, error.error_count()
        )
        return None
    item.created_at = Moment.of(moment)
    return item


def _own_url(attachment_id: str) -> str:
    return FILE + attachment_id


def _fields(data: ItemData, url_of: UrlOf) -> Mapping[str, Any]:
    own = data.data
    if data.kind == QUESTION:
        content = own.get("content") or [{"type": "input_text", "text": data.text}]
        files = [_attachment(file, url_of) for file in own.get("attachments", ())]
        options = own.get("inference_options") or {}
        quoted = own.get("quoted_text")
        return {"content": content, "attachments": files, "quoted_text": quoted, "inference_options": options}
    if data.kind == ANSWER:
        parts = own.get("content")
        if parts is None:
            notes = own.get("annotations", ())
            parts = [{"text": data.text, "annotations": notes}] if data.text or notes else []
        return {"content": parts}
    if data.kind in HIDDEN:
        return {"content": own.get("content", data.text)}
    if data.kind == "generated_image":
        return {"image": _image(own.get("image"), url_of)}
    return own


def _attachment(file: Mapping[str, Any], url_of: UrlOf) -> dict[str, Any]:
    shape = {name: file[name] for name in ("id", "name", "mime_type", "type")}
    return {**shape, "preview_url": url_of(file["id"])} if file["type"] == "image" else shape


def _image(image: Any, url_of: UrlOf) -> Any:
    if not isinstance(image, Mapping) or "attachment_id" not in image:
        return image
    return {"id": image["id"], "url": url_of(str(image["attachment_id"]))}


def to_attachment(file: Mapping[str, Any], thread_id: str | None, url_of: UrlOf | None = None) -> Attachment:
    """A file `{id, name, mime_type, type}` for the SDK."""
    attachment: Attachment = _attachments.validate_python(_attachment(file, url_of or _own_url))
    attachment.thread_id = thread_id
    return attachment


def from_item(item: ThreadItem) -> ItemData:
    """An item of the SDK's for rows and events. What is its author's own stays as it is; all else loses its nulls."""
    whole = item.model_dump(mode="json", by_alias=True)
    moment = aware(item.created_at)
    if item.type == QUESTION:
        text, data = _question(item)
        return ItemData(item.id, item.type, text, data, created_at=moment)
    if item.type == ANSWER:
        text, data = answer(lean(whole["content"]))
        return ItemData(item.id, item.type, text, data, created_at=moment)
    if item.type in HIDDEN:
        return ItemData(item.id, item.type, "", {"content": whole["content"]}, created_at=moment)
    own = lean({name: value for name, value in whole.items() if name not in BASE})
    return ItemData(item.id, item.type, "", own, created_at=moment)


def answer(parts: list[Any]) -> tuple[str, dict[str, Any]]:
    """Text and data of an answer made of these parts: of one part the text is the item's own."""
    if len(parts) == 1:
        notes = parts[0].get("annotations")
        return parts[0]["text"], {"annotations": notes} if notes else {}
    return "".join(part["text"] for part in parts), {"content": parts} if parts else {}


def _question(item: UserMessageItem) -> tuple[str, dict[str, Any]]:
    content = lean([part.model_dump(mode="json") for part in item.content])
    data: dict[str, Any] = {}
    if [part["type"] for part in content] != ["input_text"]:
        data["content"] = content
    if item.quoted_text:
        data["quoted_text"] = item.quoted_text
    if options := lean(item.inference_options.model_dump(mode="json")):
        data["inference_options"] = options
    if item.attachments:
        data["attachments"] = [
            {"id": f.id, "name": f.name, "mime_type": f.mime_type, "type": f.type} for f in item.attachments
        ]
    return "".join(part["text"] for part in content), data


def lean(value: Any) -> Any:
    """A copy without nulls, at any depth but in what is the author's own data."""
    if isinstance(value, Mapping):
        return {key: own if key in FREE else lean(own) for key, own in value.items() if own is not None}
    if isinstance(value, list | tuple):
        return [lean(own) for own in value]
    return value
