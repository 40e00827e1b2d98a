"""A route's timeouts for what is no HTTP exchange: code in this process that is waited for piece by piece.

`first_token` until the first sign of life, from then on `idle` between two of them, and `total` over all. Only waiting counts:
a reader that takes its time does not make the source late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from chat_app.domain.errors import UpstreamTimeout
from chat_app.providers.base import Timeouts

T = TypeVar("T")


class Deadlines:
    """The limits of one attempt, which begins now. Lives on the running event loop."""

    __slots__ = ("_end", "_first", "_idle", "_now")

    def __init__(self, timeouts: Timeouts) -> None:
        self._now = asyncio.get_running_loop().time
        now = self._now()
        self._first: float | None = now + timeouts.first_token
        self._idle = timeouts.idle
        self._end = now + timeouts.total

    def alive(self) -> None:
        """A sign of life came: from here on the limit is `idle`, no longer `first_token`."""
        self._first = None

    @property
    def left(self) -> float:
        """Seconds until something must have come."""
        return self._limit() - self._now()

    def _limit(self) -> float:
        return min(self._first if self._first is not None else self._now() + self._idle, self._end)

    async def wait(self, coming: Awaitable[T]) -> T:
        """What `coming` gives, if it comes in time: else it is cancelled and UpstreamTimeout raised. A TimeoutError of its
        own passes as it is."""
        try:
            async with asyncio.timeout_at(self._limit()) as scope:
                given = await coming
        except TimeoutError:
            if scope.expired():
                raise UpstreamTimeout from None
            raise
        if scope.expired() or self._now() > self._end:
            raise UpstreamTimeout
        return given
