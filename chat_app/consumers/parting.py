"""How a process that drains parts with those who are connected: whoever follows an answer that is written here stays to its
end, everybody else goes on elsewhere. In which words they are told is their consumers' business.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import orjson

from chat_app.chat import turns
from chat_app.chat.runner import RESTARTING, RUNNER
from chat_app.chat.turns import Begun
from chat_app.consumers.channel import Closed, SocketChannel
from chat_app.domain.errors import Unavailable
from chat_app.domain.events import Terminal
from chat_app.streaming.control import CONTROL, DRAIN
from chat_app.wire import problems

RESTART = 1012
SPREAD_SECONDS = (
    1.0  # within which idle sockets are closed, so that not all of them come back in the same instant
)


class StreamParting:
    """Calls `go` once a stream has to end before its turn, which another process goes on with: at the drain where the client
    `resumes` by itself, else when this process ends. `told` says that it did."""

    def __init__(self, turn_id: str, resumes: bool, go: Callable[[], None]) -> None:
        self._turn_id, self._resumes, self._go = turn_id, resumes, go
        self.told = False
        self.stop = CONTROL.subscribe(DRAIN, self._hear)
        if RUNNER.draining:
            self._hear({"type": "drain"})

    def _hear(self, message: dict[str, Any]) -> None:
        if self.told or turns.stays(self._turn_id):
            return
        if self._resumes or message["type"] == "close":
            self.told = True
            self._go()


class SocketParting:
    """Closes the socket of a process that drains: within a second where it is `free`, else as soon as `look` finds it so."""

    def __init__(self, channel: SocketChannel, free: Callable[[], bool]) -> None:
        self._channel, self._free = channel, free
        self._due = False
        self._unsubscribe: Callable[[], None] | None = None

    async def accept(self, request_id: str) -> None:
        """Accept the socket. Raises Closed where this process drains already: it is answered with 503 then."""
        if RUNNER.draining:
            problem = problems.problem(elsewhere())
            assert problem is not None
            body = orjson.dumps(problem.with_id(request_id))
            await self._channel.refuse(problem.status, body, problem.headers, RESTART)
            raise Closed
        await self._channel.accept()
        self._unsubscribe = CONTROL.subscribe(DRAIN, self._hear)
        if RUNNER.draining:
            self._hear({"type": "drain"})

    def stop(self) -> None:
        """The socket is over."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "drain":
            self._channel.spawn(self._soon())

    async def _soon(self) -> None:
        await asyncio.sleep(random.random() * SPREAD_SECONDS)  # noqa: S311 - no secret
        self._due = True
        self.look()

    def look(self) -> None:
        """Something has ended that the socket may have waited for."""
        if self._due and self._free():
            self._channel.close_soon(RESTART)


async def outcome(begun: Begun) -> Terminal:
    """A turn's end. Raises Unavailable where this process ends before it, and another one goes on with the turn."""
    if turns.stays(begun.turn_id):
        return await turns.outcome(begun)
    waiting = asyncio.get_running_loop().create_task(turns.outcome(begun))

    def go() -> None:
        waiting.cancel()

    parting = StreamParting(begun.turn_id, False, go)
    try:
        return await waiting
    except asyncio.CancelledError:
        if not parting.told:
            raise
        raise elsewhere() from None
    finally:
        parting.stop()


def elsewhere() -> Unavailable:
    """What whoever asks a draining process for something that another one has is told."""
    return Unavailable(RESTARTING, retry_after=turns.ELSEWHERE_SECONDS)
