"""The project's own wire format: typed events, the same objects over SSE and WebSocket, and the shapes of REST.

Key names live here and nowhere else; golden files pin each. Hot events are put together by hand, once for each record, and
the bytes kept on it for all followers. Times are ISO 8601 with Z; an absent value is left out, never null.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, assert_never

import orjson

from chat_app.domain.events import (
    Cancelled,
    ClientEffect,
    Completed,
    Event,
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
    StreamOptions,
    TextDelta,
    ThreadUpdated,
    UsageData,
)
from chat_app.domain.shapes import ItemInfo, ModelInfo, Page, ThreadInfo, TurnInfo
from chat_app.domain.turn import HIDDEN
from chat_app.wire import sse

Json = dict[str, Any]


class Numbered(Protocol):
    """What an encoder needs of a log's record."""

    @property
    def seq(self) -> int: ...

    @property
    def event(self) -> Event | Snapshot: ...

    @property
    def frames(self) -> dict[str, bytes]: ...


class Encoder:
    """Encodes one turn's records, empty for what nobody is shown. `frame` gives the JSON, `sse_frame` the same framed for
    SSE."""

    __slots__ = ("_delta", "_item", "thread_id", "turn_id")

    def __init__(self, turn_id: str, thread_id: str | None) -> None:
        self.turn_id = turn_id
        self.thread_id = thread_id
        self._item = ""
        self._delta = b""

    def frame(self, record: Numbered) -> bytes:
        data: bytes | None = record.frames.get("json")
        if data is None:
            data = record.frames["json"] = self._encode(record)
        return data

    def sse_frame(self, record: Numbered) -> bytes:
        data: bytes | None = record.frames.get("sse")
        if data is None:
            shape = self.frame(record)
            kind = "delta" if type(record.event) is TextDelta else _KINDS.get(type(record.event), "")
            data = record.frames["sse"] = sse.typed(record.seq, kind, shape) if shape else b""
        return data

    def _encode(self, record: Numbered) -> bytes:
        event = record.event
        if type(event) is TextDelta:
            if event.item_id != self._item:
                self._item = event.item_id
                self._delta = b'{"type":"delta","turn_id":"%s","item_id":"%s","seq":' % (
                    self.turn_id.encode(),
                    event.item_id.encode(),
                )
            return b'%s%d,"text":%s}' % (self._delta, record.seq, orjson.dumps(event.text))
        hidden = isinstance(event, ItemAdded | ItemUpdated | ItemDone) and event.item.kind in HIDDEN
        if hidden or type(event) is StreamOptions:  # for the model alone, or for ChatKit's front ends
            return b""
        shape = {"type": kind_of(event), "turn_id": self.turn_id, "seq": record.seq}
        return orjson.dumps({**shape, **self._fields(event)})

    def _fields(self, event: Event | Snapshot) -> Json:
        match event:
            case RouteChosen():
                return lean(
                    thread_id=self.thread_id,
                    state="running",
                    model=event.model,
                    attempt=event.attempt,
                    reason=event.reason,
                )
            case ItemAdded() | ItemDone() | ItemUpdated():
                return {"item": self._item_shape(event.item)}
            case Snapshot():
                items = [self._item_shape(item) for item in event.items if item.kind not in HIDDEN]
                return lean(
                    thread_id=self.thread_id,
                    state=event.state,
                    model=event.model,
                    text=event.text,
                    items=items,
                )
            case ThreadUpdated():
                return lean(thread_id=self.thread_id, title=event.title, status=event.status)
            case _:
                return event_fields(event)

    def _item_shape(self, item: ItemData) -> Json:
        return lean(
            id=item.id,
            thread_id=self.thread_id,
            turn_id=self.turn_id,
            type=item.kind,
            text=item.text,
            model=item.model,
            data=dict(item.data) or None,
        )

    def response(self, event: Completed | Cancelled | Interrupted, model: str | None) -> Json:
        """What a WebSocket says at a turn's end: the one message that example 4's client reads."""
        return lean(
            type="response",
            turn_id=self.turn_id,
            thread_id=self.thread_id,
            state=kind_of(event),
            text=event.text,
            model=event.model if isinstance(event, Completed) else model,
            usage=usage(event.usage) if not isinstance(event, Interrupted) else None,
        )

    def ending(self, event: Any, model: str | None, message_id: str | None) -> Json:
        """What a WebSocket says at a turn's end: `error` where it failed, else `response`."""
        if not isinstance(event, Failed):
            return {**self.response(event, model), **lean(id=message_id)}
        return lean(
            type="error",
            id=message_id,
            code=event.code,
            detail=event.detail,
            retryable=event.retryable,
            turn_id=self.turn_id,
            retry_after=event.retry_after,
        )


_KINDS: dict[type, str] = {
    RouteChosen: "turn",
    ItemAdded: "item",
    ItemDone: "item",
    ItemUpdated: "item",
    ItemRemoved: "item_removed",
    TextDelta: "delta",
    ThreadUpdated: "thread",
    Progress: "progress",
    Notice: "notice",
    ClientEffect: "effect",
    Snapshot: "snapshot",
    Completed: "completed",
    Failed: "failed",
    Cancelled: "cancelled",
    Interrupted: "interrupted",
}


def kind_of(event: Event | Snapshot) -> str:
    """The name of an event on this wire."""
    return _KINDS[type(event)]


def event_fields(event: Event) -> Json:
    """The fields of an event that needs to know nothing of its turn."""
    match event:
        case TextDelta():
            return {"item_id": event.item_id, "text": event.text}
        case ItemRemoved():
            return {"item_id": event.item_id}
        case Progress():
            return lean(text=event.text, icon=event.icon)
        case Notice():
            return lean(level=event.level, detail=event.detail, title=event.title)
        case ClientEffect():
            return {"name": event.name, "data": dict(event.data)}
        case Completed():
            return {"text": event.text, "model": event.model, "usage": usage(event.usage)}
        case Failed():
            return {
                "code": event.code,
                "detail": event.detail,
                "retryable": event.retryable,
                "text": event.text,
            }
        case Cancelled():
            return lean(text=event.text, usage=usage(event.usage))
        case Interrupted():
            return {"text": event.text, "code": event.code, "retryable": event.retryable}
        case RouteChosen() | ItemAdded() | ItemDone() | ItemUpdated() | ThreadUpdated() | StreamOptions():
            raise TypeError(f"{type(event).__name__} needs its turn")
        case _:
            assert_never(event)


def lean(**fields: Any) -> Json:
    """A mapping without its absent values."""
    return {key: value for key, value in fields.items() if value is not None}


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z, to the millisecond."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def usage(value: UsageData | None) -> Json | None:
    if value is None:
        return None
    return lean(
        input_tokens=value.input_tokens,
        output_tokens=value.output_tokens,
        total_tokens=value.input_tokens + value.output_tokens,
        estimated=value.estimated,
        cost=value.cost,
        currency=value.currency,
    )


def thread(value: ThreadInfo) -> Json:
    return lean(
        id=value.id,
        title=value.title,
        status=value.status,
        created_at=moment(value.created_at),
        updated_at=moment(value.updated_at),
        active_turn_id=value.active_turn_id,
    )


def item(value: ItemInfo) -> Json:
    data = dict(value.data)
    files = data.pop("attachments", None)
    return lean(
        id=value.id,
        thread_id=value.thread_id,
        turn_id=value.turn_id,
        seq=value.seq,
        type=value.kind,
        text=value.text,
        model=value.model,
        attachments=files,
        feedback=value.feedback,
        data=data or None,
        created_at=moment(value.created_at),
    )


def turn(value: TurnInfo) -> Json:
    error: Mapping[str, Any] | None = None
    if value.error is not None:
        error = dict(zip(("code", "detail", "retryable"), value.error, strict=True))
    return lean(
        id=value.id,
        thread_id=value.thread_id,
        state=value.state,
        model=value.model,
        requested_model=value.requested_model,
        text=value.text,
        usage=usage(value.usage),
        error=error,
        attempts=list(value.attempts),
        created_at=moment(value.created_at),
        first_token_at=moment(value.first_token_at),
        ended_at=moment(value.ended_at),
    )


def model(value: ModelInfo) -> Json:
    return {
        "id": value.id,
        "label": value.label,
        "description": value.description,
        "default": value.default,
        "available": value.available,
        "capabilities": list(value.capabilities),
    }


def page(value: Page[Any], shape: Any) -> Json:
    return lean(data=[shape(entry) for entry in value.data], has_more=value.has_more, next=value.next)


def chat_answer(event: Completed | Cancelled | Interrupted, turn_id: str, **ids: str | None) -> Json:
    """The answer of `POST /api/chat`."""
    return lean(
        response=event.text,
        turn_id=turn_id,
        model=event.model if isinstance(event, Completed) else None,
        usage=usage(event.usage) if not isinstance(event, Interrupted) else None,
        **ids,
    )


def session_ended(*, typed: bool) -> bytes:
    """The last words of a stream whose session was revoked."""
    return _last_words("unauthenticated", "The session has ended.", retryable=False, typed=typed)


def restarting(*, typed: bool) -> bytes:
    """The last words of a stream whose turn goes on, on another server."""
    detail = "This server is restarting; the answer goes on without it."
    return _last_words("unavailable", detail, retryable=True, typed=typed)


def _last_words(code: str, detail: str, *, retryable: bool, typed: bool) -> bytes:
    """What ends a stream before its turn. No event of the turn, so it has no number."""
    if not typed:
        return sse.named("error", detail)
    shape = lean(type="error", code=code, detail=detail, retryable=retryable)
    return sse.named("error", orjson.dumps(shape).decode())
