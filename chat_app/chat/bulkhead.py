"""Bulkheads: how many turns a route may have at once in this process, and how many may wait, first come first served.

A slow route fills its own places and no other's. Everything here runs on the event loop; nothing waits for a database.
"""

from __future__ import annotations

import asyncio
from typing import Final

from chat_app.domain.errors import UpstreamBusy

RETRY_AFTER: Final = 1.0
FULL: Final = "The model has as many answers under way as it may; try again shortly."


class _Gate:
    """The places of one route. It lives while somebody is in or waits."""

    __slots__ = ("limit", "queue", "taken")

    def __init__(self) -> None:
        self.limit = 1
        self.taken = 0
        self.queue: dict[Place, None] = {}  # in order of arrival

    def let_in(self) -> None:
        while self.queue and self.taken < self.limit:
            place = next(iter(self.queue))
            del self.queue[place]
            place.admit()


class Place:
    """A turn's place at a route, or its number in the queue. `leave` gives back either, once, however often it is called."""

    __slots__ = ("_bulkheads", "_gate", "_in", "_left", "_route", "_turn")

    def __init__(self, bulkheads: Bulkheads, route: str, gate: _Gate) -> None:
        self._bulkheads, self._route, self._gate = bulkheads, route, gate
        self._turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in = self._left = False

    @property
    def waits(self) -> bool:
        """Whether it is still a number in the queue."""
        return not self._in

    def admit(self) -> None:
        self._in = True
        self._gate.taken += 1
        if not self._turn.done():
            self._turn.set_result(None)

    async def come(self, seconds: float) -> None:
        """Wait for the place. Raises UpstreamBusy where it takes longer."""
        await asyncio.wait({self._turn}, timeout=seconds)
        if not self._in:
            raise UpstreamBusy(FULL, retry_after=RETRY_AFTER)

    def leave(self) -> None:
        """Give it back; the next in the queue comes in."""
        if self._left:
            return
        self._left = True
        if self._in:
            self._gate.taken -= 1
            self._gate.let_in()
        else:
            self._gate.queue.pop(self, None)
        self._bulkheads.tidy(self._route)


class Bulkheads:
    """All routes of a process."""

    def __init__(self) -> None:
        self._gates: dict[str, _Gate] = {}

    def enter(self, route: str, concurrency: int, queue: int) -> Place:
        """A place, or a number in the queue where all are taken. The newest limits count for all. Raises UpstreamBusy where
        the queue is full."""
        gate = self._gates.setdefault(route, _Gate())
        gate.limit = max(1, concurrency)
        gate.let_in()
        if gate.taken >= gate.limit and len(gate.queue) >= queue:
            raise UpstreamBusy(FULL, retry_after=RETRY_AFTER)
        place = Place(self, route, gate)
        gate.queue[place] = None
        gate.let_in()
        return place

    def tidy(self, route: str) -> None:
        """Forget a route where nobody is."""
        gate = self._gates.get(route)
        if gate is not None and not gate.taken and not gate.queue:
            del self._gates[route]

    def __len__(self) -> int:
        return len(self._gates)


BULKHEADS = Bulkheads()
