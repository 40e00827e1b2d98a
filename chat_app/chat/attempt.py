"""One attempt at one route, in a task of its own: listened to, bounded in time, and left behind if it does not let go.

A provider keeps to its route's timeouts by itself. What is here is for one that does not: no turn hangs for it, and no
cleanup of it holds up the next route. Its generator lives and ends in its own task.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from chat_app.domain.errors import ChatError, UpstreamError, UpstreamTimeout
from chat_app.domain.events import Progress, StreamOptions
from chat_app.domain.prompt import Prompt
from chat_app.providers import registry
from chat_app.providers.base import Chunk, CommitChunk, EventChunk, RouteConfig, TextChunk

logger = structlog.get_logger(__name__)
OVERTIME: Final = 2.0  # seconds beyond the route's total until the provider is stopped
LET_GO: Final = 1.5  # seconds that it has to let go then, or when the turn is stopped; less than the engine's own patience

_left_behind: set[asyncio.Task[None]] = set()


class Listening:
    """Hands what a provider says to `take`, and tells `on_visible` once when the person sees the first of it."""

    def __init__(self, take: Callable[[Chunk], None], on_visible: Callable[[], None]) -> None:
        self.visible = False
        self._did_something = False  # that the person sees no text of: Python may answer by a deed
        self._take = take
        self._on_visible = on_visible
        self._fault: Exception | None = None  # of who listens, not of the provider

    async def to(self, route: RouteConfig, prompt: Prompt) -> None:
        """Returns when the answer is whole. Raises ChatError as the provider does; UpstreamTimeout where it had to be
        stopped; whatever `take` raises."""
        task = asyncio.get_running_loop().create_task(self._hear(route, prompt))
        try:
            await asyncio.wait({task}, timeout=route.timeouts.total + OVERTIME)
        finally:
            late = not task.done()
            if late:
                await self._stop(route, task)
        if late:
            raise UpstreamTimeout
        failure = None if task.cancelled() else task.exception()
        if self._fault is not None:
            raise self._fault
        if isinstance(failure, ChatError):
            raise failure
        if task.cancelled() or failure is not None:
            logger.error("provider.bug", model=route.id, kind=route.kind, exc_info=failure)
            raise UpstreamError("The model's provider broke on this server.") from failure
        if not self.visible and not self._did_something and not _may_say_nothing(route, prompt):
            raise UpstreamError("The model gave an empty answer.")

    async def _hear(self, route: RouteConfig, prompt: Prompt) -> None:
        chunks = registry.provider(route.kind).stream(route, prompt)
        async with contextlib.aclosing(chunks):
            async for chunk in chunks:
                if not self.visible and _is_visible(chunk):
                    self.visible = True
                    self._on_visible()
                if type(chunk) is EventChunk and type(chunk.event) not in (Progress, StreamOptions):
                    self._did_something = True
                try:
                    self._take(chunk)
                except Exception as fault:
                    self._fault = fault
                    raise

    async def _stop(self, route: RouteConfig, task: asyncio.Task[None]) -> None:
        """From now on nothing that it says is heard."""
        self._take, self._on_visible = _deaf, _nothing
        task.cancel()
        _left_behind.add(task)
        task.add_done_callback(_gone)
        await asyncio.wait({task}, timeout=LET_GO)
        if not task.done():
            logger.error("provider.does_not_let_go", model=route.id, kind=route.kind)


def _is_visible(chunk: Chunk) -> bool:
    return type(chunk) in (TextChunk, CommitChunk) or (type(chunk) is EventChunk and chunk.visible)


def _may_say_nothing(route: RouteConfig, prompt: Prompt) -> bool:
    """Whether silence is an answer: Python need not say anything to a click, or to what a tool returned."""
    return route.kind == "python" and prompt.given.trigger != "message"


def _deaf(chunk: Chunk) -> None:
    raise asyncio.CancelledError


def _nothing() -> None:
    """Nobody is to be told."""


def _gone(task: asyncio.Task[None]) -> None:
    _left_behind.discard(task)
    if not task.cancelled() and task.exception() is not None:
        logger.info("provider.ended_late", error=type(task.exception()).__name__)
