"""From the task in which a ChatKit server runs to the reader of its answer: events in order, a few at most waiting.

Updates that grow (a text that is written within a widget, a thought) come by the token, and each goes on with its whole item:
those that follow at once are one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from chat_app.domain.events import ItemData, ItemDone, ItemUpdated
from chat_app.providers.base import OwnEvent

ROOM: Final = 64  # events that may wait
PACE: Final = 0.05  # seconds between two updates that grow
Merge = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Growing:
    """A change of one place of an item, into which the next one goes as long as nobody has taken it."""

    key: tuple[Any, ...]
    update: dict[str, Any]
    whole: Callable[[], ItemData]
    again: bool = False  # the item was whole already: it goes as a whole again
    earlier: bool = False

    def event(self) -> OwnEvent:
        """The change, with its item as it stands now."""
        item = self.whole()
        return ItemDone(item, self.earlier) if self.again else ItemUpdated(item, self.update)


class Outbox:
    """Put by the server's task and by tasks of its own, taken by one reader. Lives on one event loop."""

    def __init__(self) -> None:
        self._events: deque[OwnEvent] = deque()
        self._growing: Growing | None = None
        self._due = 0.0
        self._there, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._ended = False

    def put(self, event: OwnEvent) -> None:
        """One more event."""
        self._settle()
        self._events.append(event)
        self._told()

    def part_from(self, key: tuple[Any, ...] | None) -> None:
        """Before an item changes at some place: what has grown elsewhere goes with it as it is now."""
        if self._growing is not None and self._growing.key != key:
            self._settle()

    def grow(self, change: Growing, merge: Merge) -> None:
        """One more change of the kind that grows; `merge` makes one update of two."""
        held = self._growing
        if held is not None and held.key == change.key:
            held.update = merge(held.update, change.update)
            return
        self._settle()
        self._growing = change
        self._told()

    def end(self) -> None:
        """Nothing more will come."""
        self._settle()
        self._ended = True
        self._there.set()

    async def room(self) -> None:
        """Wait until the reader has kept up."""
        await self._room.wait()

    async def next(self) -> OwnEvent | None:
        """The next event, None once all were taken and no more will come."""
        now = asyncio.get_running_loop().time
        while not self._events:
            left = self._due - now()
            if self._growing is not None and left <= 0:
                self._settle()
                self._due = now() + PACE
                break
            if self._ended:
                return None
            self._there.clear()
            await self._wait(left if self._growing is not None else None)
        event = self._events.popleft()
        if len(self._events) < ROOM:
            self._room.set()
        return event

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._there.wait()
        except TimeoutError:
            return

    def _settle(self) -> None:
        """What grew is an event now: what comes next must find its item as it was."""
        if self._growing is not None:
            self._events.append(self._growing.event())
            self._growing = None

    def _told(self) -> None:
        self._there.set()
        if len(self._events) >= ROOM:
            self._room.clear()
