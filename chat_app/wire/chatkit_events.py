"""A turn's events as ChatKit's clients read them: one encoder for each stream, which knows what its client was told.

The shapes of items and threads are `chatkit.py`'s. Deltas are put together by hand, once for each record, and the bytes kept on
it for all followers. What is for the model alone is on no event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

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
    StreamOptions,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.shapes import ThreadInfo
from chat_app.domain.turn import ANSWER
from chat_app.wire.chatkit import CUT_OFF, TOOL, Shapes, frame, part, plain, stream_options, thread
from chat_app.wire.chatkit_ends import Ends
from chat_app.wire.native import Json, Numbered, lean


class Encoder:
    """Encodes one turn's records for the stream of a client. Each record is one frame or several, of which the last has its
    number as an id, so that a connector can go on behind it.

    `behind` is the number of the last event that the client has from an earlier stream: up to there the encoder only learns
    what it was told. `joined` is the number up to which all has happened before a client came that has nothing: it is told how
    things are, and of no effect that is past. `replaces` are items that go as soon as there is one of this turn.
    """

    def __init__(
        self,
        turn_id: str,
        info: ThreadInfo,
        shapes: Shapes,
        behind: int = 0,
        *,
        joined: int = 0,
        replaces: Sequence[str] = (),
    ) -> None:
        self.turn_id = turn_id
        self.info = info
        self.shapes = shapes
        self.behind = behind
        self.joined = joined
        self.replaces = replaces
        self._ends = Ends() if shapes.more else None
        self._item = ""
        self._delta = b""
        self._told: dict[str, Json] = {}  # items that the client has, as the last snapshot had them
        self._done: set[str] = set()
        self._unseen: set[str] = set()  # items that no client is shown

    def frame(self, record: Numbered) -> bytes:
        """The frames of a record, empty for what ChatKit's clients are not told."""
        event = record.event
        if type(event) is TextDelta and record.seq > self.behind:
            if self._ends is not None:
                self._ends.goes_on()
            return self._text(record, event)
        events = self._in_place(self._events(event))
        if type(event) is ClientEffect and record.seq <= self.joined:
            return b""
        if record.seq <= self.behind:
            if type(event) is Snapshot:  # the client has more than that
                self._told = {name: {} for name in self._told}
            return b""
        if not events:
            return b""
        *first, last = events
        name = f"{self.turn_id}:{record.seq}"
        return b"".join([*(frame(own) for own in first), frame(last, name)])

    def _in_place(self, events: list[Json]) -> list[Json]:
        """The first item of a retry, behind the removal of what it replaces."""
        if not self.replaces or not any(event["type"].startswith("thread.item.") for event in events):
            return events
        gone: list[Json] = [{"type": "thread.item.removed", "item_id": item_id} for item_id in self.replaces]
        self.replaces = ()
        return [*gone, *events]

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
        told = self._told_by(event)
        return told if self._ends is None else self._ends.with_end(event, told)

    def _told_by(self, event: Any) -> list[Json]:
        match event:
            case ItemAdded(item):
                return self._added(item)
            case ItemUpdated(item, update):
                return self._updated(item, update)
            case ItemDone(item, earlier):
                return self._finished(item, earlier)
            case ItemRemoved(item_id):
                return self._removed(item_id)
            case ThreadUpdated():
                return [self._thread(event)]
            case Progress(text, icon):
                return [lean(type="progress_update", icon=icon, text=text)]
            case Notice(level, detail, title):
                return [lean(type="notice", level=level, message=detail, title=title)]
            case StreamOptions(allow_cancel):
                return [stream_options(allow_cancel)]
            case ClientEffect(name, data):
                return [{"type": "client_effect", "name": name, "data": dict(data)}]
            case Snapshot():
                return self._snapshot(event)
            case Failed():
                return [self._error(event.detail, event.retryable)]
            case Interrupted():
                return [self._error(CUT_OFF, event.retryable)]
            case TextDelta() | RouteChosen() | Completed() | Cancelled():
                return []
        raise TypeError(f"{type(event).__name__} has no frame")

    def _added(self, item: ItemData) -> list[Json]:
        shown = self.shapes.item(item, self.info.id)
        if shown is None or item.kind == TOOL:
            # A client runs a tool on `added` and on `done`: it is told once, when the call is whole.
            self._unseen.add(item.id)
            return []
        return self._open("thread.item.added", item, shown)

    def _open(self, kind: str, item: ItemData, shown: Json) -> list[Json]:
        """An item that goes on. A client drops text for a part of an answer that is not there: an empty answer gets one."""
        self._told[item.id] = {}
        told: list[Json] = [{"type": kind, "item": shown}]
        if item.kind == ANSWER and not shown["content"]:
            first = {"type": "assistant_message.content_part.added", "content_index": 0, "content": part("")}
            told.append({"type": "thread.item.updated", "item_id": item.id, "update": first})
        return told

    def _updated(self, item: ItemData, update: Mapping[str, Any]) -> list[Json]:
        if item.id in self._unseen or self.shapes.item(item, self.info.id) is None:
            return []
        told: Json = plain(update)
        if told.get("type") == "generated_image.updated":
            told = self.shapes.with_image(told)
        return [{"type": "thread.item.updated", "item_id": item.id, "update": told}]

    def _finished(self, item: ItemData, earlier: bool) -> list[Json]:
        shown = self.shapes.item(item, self.info.id)
        if shown is None:
            self._unseen.add(item.id)
            return []
        if earlier:
            return [{"type": "thread.item.replaced", "item": shown}]
        self._unseen.discard(item.id)
        again = item.id in self._done
        self._done.add(item.id)
        self._told[item.id] = {}
        return [{"type": "thread.item.replaced" if again else "thread.item.done", "item": shown}]

    def _removed(self, item_id: str) -> list[Json]:
        if item_id in self._unseen:
            return []
        self._told.pop(item_id, None)
        return [{"type": "thread.item.removed", "item_id": item_id}]

    def _thread(self, event: ThreadUpdated) -> Json:
        info, domains = self.info, event.image_domains
        self.info = replace(
            info,
            title=info.title if event.title is None else event.title,
            status=event.status or info.status,
            status_reason=info.status_reason if event.status is None else event.reason or "",
            allowed_image_domains=info.allowed_image_domains if domains is None else domains,
        )
        return {"type": "thread.updated", "thread": thread(self.info)}

    def _snapshot(self, event: Snapshot) -> list[Json]:
        """How the turn stands, for a stream that has fallen behind or joins late: what is new or has changed, and what of it
        has gone since the client was told of it."""
        there = {item.id for item in event.items}
        told: list[Json] = []
        for item_id in [name for name in self._told if name not in there]:
            told += self._removed(item_id)
        for item in event.items:
            told += self._as_it_stands(item, item.id in event.open)
        return told

    def _as_it_stands(self, item: ItemData, is_open: bool) -> list[Json]:
        shown = self.shapes.item(item, self.info.id)
        if shown is None or (item.kind == TOOL and is_open):
            self._unseen.add(item.id)
            return []
        known = item.id in self._told
        # Whether a client that comes back has an item is not known where the events that told of it are gone. `done` puts
        # it in its place either way, but a tool would run twice.
        perhaps = self.behind > 0 and not known
        if self._told.get(item.id) == shown or (item.kind == TOOL and (known or perhaps)):
            return []
        if not is_open:
            found = self._finished(item, earlier=False)
        elif known:
            found = self._open("thread.item.replaced", item, shown)
        else:
            found = self._open("thread.item.done" if perhaps else "thread.item.added", item, shown)
        self._told[item.id] = shown
        return found

    def _error(self, message: str, allow_retry: bool) -> Json:
        return {"type": "error", "code": "custom", "message": message, "allow_retry": allow_retry}
