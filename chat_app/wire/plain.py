"""The examples' framing of an answer: a `data:` line holds text of it and nothing else, so that a reader that only strips
`data: ` sees the answer, or one sentence of error, and no more. Source: the customer's examples 2 and 7."""

from __future__ import annotations

from chat_app.domain.events import (
    Cancelled,
    Completed,
    Event,
    Failed,
    Interrupted,
    ItemDone,
    Snapshot,
    TextDelta,
)
from chat_app.domain.turn import ANSWER
from chat_app.wire import sse
from chat_app.wire.native import Numbered


class PlainEncoder:
    """Encodes one turn's records, from the first on: messages after the first are set off by a blank line."""

    __slots__ = ("_begun", "_last")

    def __init__(self) -> None:
        self._last = ""  # the message whose text came last
        self._begun: set[str] = set()

    def frame(self, record: Numbered) -> bytes:
        event = record.event
        if type(event) is TextDelta:
            data: bytes | None = record.frames.get("plain")
            if data is None:
                data = record.frames["plain"] = self._text(event.item_id, event.text)
            self._take(event.item_id)
            return data
        if type(event) is ItemDone:
            return self._done(event)
        return _aside(event)

    def _done(self, event: ItemDone) -> bytes:
        """A message that came whole; one whose text has come piece by piece says nothing at its end."""
        item = event.item
        if item.kind != ANSWER or event.earlier or item.id in self._begun or not item.text:
            return b""
        data = self._text(item.id, item.text)
        self._take(item.id)
        return data

    def _text(self, item_id: str, text: str) -> bytes:
        return sse.text_lines(f"\n\n{text}" if self._last not in ("", item_id) else text)

    def _take(self, item_id: str) -> None:
        if item_id != self._last:
            self._last = item_id
            self._begun.add(item_id)


def _aside(event: Event | Snapshot) -> bytes:
    """The examples' framing; empty for what is no text, no error and no end."""
    match event:
        case TextDelta():
            return sse.text_lines(event.text)
        case Snapshot():
            return sse.text_lines(event.text) if event.text else b""
        case Failed():
            return sse.named("error", event.detail)
        case Interrupted():
            return sse.named("error", "The answer was cut off; please try again.")
        case Cancelled():
            return sse.named("error", "The answer was stopped.")
        case Completed():
            return sse.named("done")
        case _:
            return b""
