"""How a turn ended, for a client that asks for more than ChatKit's own words: who answered, what it used, why it broke off.

ChatKit has no event for an end. What there is to say of it stands beside the words of one that changes nothing for a client
that does not know of it: `stream_options`, as they were.
"""

from __future__ import annotations

from typing import Any

from chat_app.domain.events import (
    Cancelled,
    Completed,
    Failed,
    Interrupted,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    Snapshot,
    StreamOptions,
)
from chat_app.domain.turn import ANSWER, TERMINAL_STATE
from chat_app.wire.chatkit import answered, stream_options
from chat_app.wire.native import Json, lean, usage


class Ends:
    """The answers of one turn as far as a stream has come, and what is said of them at its end."""

    def __init__(self) -> None:
        self._answers: dict[str, ItemData] = {}
        self._open: set[str] = set()
        # Those that were open until just now: what is not whole is closed by the end itself.
        self._closing: set[str] = set()
        self._allow_cancel = True

    def with_end(self, event: Any, told: list[Json]) -> list[Json]:
        """What a client is told of one more event, `told` in ChatKit's own words."""
        match event:
            case Completed() | Cancelled() | Failed() | Interrupted():
                return self._ended(event, told)
            case ItemDone(item, earlier):
                if not earlier and item.kind == ANSWER:
                    self._done(item)
                return told
            case ItemAdded(item) if item.kind == ANSWER:
                self._answers[item.id] = item
                self._open.add(item.id)
            case ItemRemoved(item_id):
                self._answers.pop(item_id, None)
            case Snapshot():
                self._answers = {item.id: item for item in event.items if item.kind == ANSWER}
                self._open = set(event.open)
            case StreamOptions(allow_cancel):
                self._allow_cancel = allow_cancel
        self.goes_on()
        return told

    def goes_on(self) -> None:
        """The turn has not ended: what was closed until now is whole."""
        if self._closing:
            self._open -= self._closing
            self._closing = set()

    def _done(self, item: ItemData) -> None:
        self._answers[item.id] = item
        if item.id in self._open:
            self._closing.add(item.id)
        else:
            self.goes_on()

    def _ended(self, event: Completed | Cancelled | Failed | Interrupted, told: list[Json]) -> list[Json]:
        if isinstance(event, Failed | Interrupted):
            told = [{**own, "reason": event.code} for own in told]
        if not self._answers:
            return told
        used = lean(usage=usage(getattr(event, "usage", None)))
        marks, marked = self._marks(event), self._marked()
        of = {
            name: {**answered(item), **(marks if name in marked else {}), **used}
            for name, item in self._answers.items()
        }
        return [{**stream_options(self._allow_cancel), "answered": of}, *told]

    def _marks(self, event: Completed | Cancelled | Failed | Interrupted) -> Json:
        """What is stored beside an answer that is not whole."""
        if isinstance(event, Completed):
            return {}
        state = TERMINAL_STATE[type(event)]
        if not isinstance(event, Failed):
            return {"state": state}
        return {"state": state, "error": {"code": event.code, "detail": event.detail[:500]}}

    def _marked(self) -> set[str]:
        """The answers that tell how the turn ended: those that it has closed, else the last one."""
        stored = {name for name, item in self._answers.items() if item.data.get("state")}
        return stored or {name for name in self._answers if name in self._open} or set([*self._answers][-1:])
