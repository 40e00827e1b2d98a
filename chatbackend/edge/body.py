"""The limit on request bodies: counted as they arrive, whatever Content-Length says. No parsing here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]

# How much of a refused body is still read, and for how long, so that a client in the middle of sending gets its answer
# instead of a reset connection.
DRAIN_BYTES = 64 << 20
DRAIN_SECONDS = 20.0


class TooLarge(Exception):
    """More body arrived than is allowed. Raised inside `receive`; the edge answers it."""


class Limited:
    """`receive` that counts. `exceeded` stays true, however the app took the exception."""

    __slots__ = ("_left", "_receive", "exceeded", "finished")

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.exceeded = False
        self.finished = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self.finished = not message.get("more_body", False)
            if self._left < 0:
                self.exceeded = True
                raise TooLarge
        return message


def declared_too_large(content_length: bytes | None, limit: int) -> bool:
    """Whether the header alone says too much. Nonsense is no number: the server's parser refuses it before us."""
    return content_length is not None and content_length.isdigit() and int(content_length) > limit


async def drain(receive: Receive) -> None:
    """Read and drop what is still coming: to its end, to 64 MiB or for 20 s, whichever is first."""
    left = DRAIN_BYTES
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return
