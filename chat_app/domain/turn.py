"""The life of a turn: its states, the legal order of its events as a table, and the fold of events to what is shown.

Standard library only. The fold law: old view + events == view of the whole. Text is kept in parts, so that folding a long
answer costs the same for each delta.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

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

State = Literal["queued", "running", "completed", "failed", "cancelled", "interrupted"]
ACTIVE: frozenset[str] = frozenset({"queued", "running"})
ENDED: frozenset[str] = frozenset({"completed", "failed", "cancelled", "interrupted"})
ANSWER = "assistant_message"
HIDDEN: frozenset[str] = frozenset(
    {"hidden_context_item", "sdk_hidden_context"}
)  # for the model alone, never shown

TERMINAL_STATE: dict[type, State] = {
    Completed: "completed",
    Failed: "failed",
    Cancelled: "cancelled",
    Interrupted: "interrupted",
}

# Which events may come in which state, and the state that follows. What is not in the table is a bug of the writer.
_ASIDE = (ThreadUpdated, Progress, Notice, ClientEffect, StreamOptions)
ORDER: dict[str, dict[type, State]] = {
    "queued": {
        RouteChosen: "running",
        **dict.fromkeys(_ASIDE, "queued"),
        **{kind: state for kind, state in TERMINAL_STATE.items() if kind is not Completed},
    },
    "running": {
        **dict.fromkeys(
            (RouteChosen, ItemAdded, TextDelta, ItemUpdated, ItemDone, ItemRemoved, *_ASIDE), "running"
        ),
        **TERMINAL_STATE,
    },
    **{state: {} for state in ENDED},
}


def answer_id(turn_id: str) -> str:
    """The id of a turn's answer: the same for its worker, for one that reads its row and for one that closes it after a
    crash, so that a follower who changes between them replaces what it shows."""
    return "msg_" + turn_id.partition("_")[2]


class IllegalEvent(Exception):
    """An event that the table does not allow, or one that speaks of an item that is not open."""


class _Open:
    """An item under way: the data it began with and the text that came since."""

    __slots__ = ("item", "open", "parts")

    def __init__(self, item: ItemData, *, is_open: bool) -> None:
        self.item = item
        self.parts = [item.text] if item.text else []
        self.open = is_open

    def whole(self) -> ItemData:
        text = "".join(self.parts)
        if len(self.parts) > 1:
            self.parts = [text]
        item = self.item
        return ItemData(item.id, item.kind, text, item.data, item.model, item.created_at)


class TurnView:
    """What a turn looks like after the events so far. `apply` is the fold's step; everything else reads. What it changes of
    earlier turns is theirs, and not in the view."""

    __slots__ = ("_items", "error", "model", "state", "usage")

    def __init__(self) -> None:
        self.state: State = "queued"
        self.model: str | None = None
        self.usage: UsageData | None = None
        self.error: Failed | Interrupted | None = None
        self._items: dict[str, _Open] = {}

    @classmethod
    def standing(cls, snapshot: Snapshot) -> TurnView:
        """The view of a turn under way that stands so: what comes behind the snapshot may be applied to it."""
        view = cls()
        view.state = "queued" if snapshot.state == "queued" else "running"
        view.model = snapshot.model
        view._items = {item.id: _Open(item, is_open=item.id in snapshot.open) for item in snapshot.items}
        return view

    @property
    def items(self) -> tuple[ItemData, ...]:
        """The turn's own items in order of appearance, text joined."""
        return tuple(entry.whole() for entry in self._items.values())

    @property
    def open_ids(self) -> frozenset[str]:
        """The items that are under way."""
        return frozenset(name for name, entry in self._items.items() if entry.open)

    @property
    def text(self) -> str:
        """The visible answer: the text of all assistant messages, one after another."""
        return "\n\n".join(
            item.text
            for item in (e.whole() for e in self._items.values() if e.item.kind == ANSWER)
            if item.text
        )

    @property
    def visible(self) -> bool:
        """Whether anything was said or shown, after which no other route may begin anew."""
        return any(
            entry.item.kind not in HIDDEN and (entry.parts or entry.item.kind != ANSWER)
            for entry in self._items.values()
        )

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def snapshot(self) -> Snapshot:
        """The whole view as a follower's first message."""
        return Snapshot(self.state, self.model, self.text, self.items, self.open_ids)

    def apply(self, event: Event) -> None:
        """Take one more event; raises IllegalEvent, in which case the view is unchanged."""
        if type(event) is TextDelta:  # the hot case, and the commonest by far
            entry = self._items.get(event.item_id)
            if entry is None or not entry.open or self.state != "running":
                raise IllegalEvent(
                    f"text for {event.item_id}, which is not open in a turn that is {self.state}"
                )
            entry.parts.append(event.text)
            return
        following = ORDER[self.state].get(type(event))
        if following is None:
            raise IllegalEvent(f"{type(event).__name__} in a turn that is {self.state}")
        self._take(event)
        self.state = following

    def _take(self, event: Event) -> None:
        match event:
            case RouteChosen():
                self.model = event.model
            case ItemAdded():
                if event.item.id in self._items:
                    raise IllegalEvent(f"item {event.item.id} was added before")
                self._items[event.item.id] = _Open(event.item, is_open=True)
            case ItemUpdated():
                self._expect_open(event.item.id)
                self._items[event.item.id] = _Open(event.item, is_open=True)
            case ItemDone() if not event.earlier:
                self._items[event.item.id] = _Open(event.item, is_open=False)
            case ItemRemoved() if not event.earlier:
                if self._items.pop(event.item_id, None) is None:
                    raise IllegalEvent(f"item {event.item_id} is not there")
            case Completed():
                self.model, self.usage = event.model, event.usage
            case Cancelled():
                self.usage = event.usage
            case Failed() | Interrupted():
                self.error = event
            case _:
                pass  # asides, and what happens to items of earlier turns, leave no trace in what is stored of this one

    def _expect_open(self, item_id: str) -> None:
        entry = self._items.get(item_id)
        if entry is None or not entry.open:
            raise IllegalEvent(f"item {item_id} is not open")


def fold(events: Iterable[Event]) -> TurnView:
    """The view after these events, from the beginning of the turn. Raises IllegalEvent at the first that may not come."""
    view = TurnView()
    for event in events:
        view.apply(event)
    return view


def is_terminal(event: Event | Snapshot) -> bool:
    """Whether this event ends the turn."""
    return type(event) in TERMINAL_STATE
