"""One answer of a ChatKit server: its code runs in one task from its first step to its last, its events go to the turn.

The SDK sets variables of its context within a generator, which can only be closed where it was begun; and a reader that is
cancelled cancels nothing of what it reads. So a stop ends the task itself, and all that it has begun (`chatkit_tasks.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from chatkit.server import ChatKitServer
from chatkit.types import (
    ClientEffectEvent,
    ErrorEvent,
    NoticeEvent,
    ProgressUpdateEvent,
    StreamOptionsEvent,
    Thread,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
)

from chat_app.domain.events import ClientEffect, Notice, Progress, StreamOptions
from chat_app.providers.base import OwnEvent
from chat_app.responders import chatkit_tasks as tasks
from chat_app.responders.chatkit_errors import ToldError
from chat_app.responders.chatkit_here import context_of
from chat_app.responders.chatkit_scope import Scope
from chat_app.responders.chatkit_threads import Changes, Seen
from chat_app.responders.chatkit_turn import Making

log = logging.getLogger(__name__)

BREATH: Final = 16  # events after which a server that never waits lets the event loop have its turn
PARTING: Final = 0.4  # seconds that a server has to say something of its being stopped

_parting: set[asyncio.Task[None]] = set()
Stream = Callable[["Answer"], Awaitable[AsyncIterator[ThreadStreamEvent]]]


class Answer:
    """One for a turn. `thread` and `context` are what the server gets, once its code has begun."""

    def __init__(self, server: ChatKitServer[Any], turn: Making) -> None:
        self.server, self.turn = server, turn
        self.scope = Scope(turn.owner, turn)
        self.thread: ThreadMetadata | None = None
        self.context: Any = None
        self._error: ErrorEvent | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, stream: Stream) -> None:
        """Run what gives the server's events, in a task of its own within the turn's scope."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run(stream), context=context_of(self.scope))
        self._task.add_done_callback(lambda _: self.turn.outbox.end())

    async def next(self) -> OwnEvent | None:
        """The next event of the answer, None once it has ended."""
        return await self.turn.outbox.next()

    @property
    def failure(self) -> BaseException | None:
        """What the answer ended with, where it did not end well."""
        assert self._task is not None
        if self._task.cancelled():
            return asyncio.CancelledError()
        error = self._task.exception()
        if error is None and self._error is not None:
            return ToldError(self._error.message, allow_retry=self._error.allow_retry)
        return error

    async def stop(self) -> None:
        """End the server's code where it has not ended, and let it say something of that. What a failed one has begun ends
        too."""
        task, turn = self._task, self.turn
        if task is None:
            return
        whole = task.done() and not task.cancelled() and task.exception() is None
        if not task.done():
            turn.phase = "stopping"
            await tasks.stop(task, self.scope)
            await self._part()
        elif not whole:
            await tasks.stop(task, self.scope)
        turn.phase = "over"

    async def _part(self) -> None:
        """The SDK's own way to say that an answer was stopped: partial answers and a note for the model are kept by it."""
        if self.thread is None:
            return
        said = self.server.handle_stream_cancelled(self.thread, self.turn.pending(), self.context)
        task = asyncio.get_running_loop().create_task(_quietly(said), context=context_of(self.scope))
        _parting.add(task)
        task.add_done_callback(_parting.discard)
        await asyncio.wait({task}, timeout=PARTING)

    async def _run(self, stream: Stream) -> None:
        try:
            await self._hear(await stream(self))
        finally:
            if self.turn.phase == "open":
                self.turn.phase = "over"

    async def _hear(self, events: AsyncIterator[ThreadStreamEvent]) -> None:
        count = 0
        try:
            async for event in events:
                await self._take(event)
                await self._look_at_thread()
                count += 1
                if count % BREATH == 0:
                    await asyncio.sleep(0)
                await self.turn.outbox.room()
        except Exception:
            await self._look_at_thread()
            raise
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()
        await self._look_at_thread()

    async def _look_at_thread(self) -> None:
        """What the server's code has changed of its thread goes on field by field."""
        thread, known = self.thread, self.scope.known
        assert thread is not None
        before = known.before(thread)
        assert before is not None
        if not before.is_of(thread):
            await self.turn.change_thread(Changes.between(before, Seen.of(thread)))
            known.remember(thread)

    async def _take(self, event: ThreadStreamEvent) -> None:
        turn = self.turn
        if type(event) is ThreadItemUpdatedEvent:  # the commonest by far
            await turn.update(event.item_id, event.update)
            return
        match event:
            case ThreadItemAddedEvent():
                await turn.add(event.item)
            case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                await turn.put(event.item)
            case ThreadItemRemovedEvent():
                await turn.remove(event.item_id)
            case ProgressUpdateEvent():
                turn.outbox.put(Progress(event.text, event.icon))
            case NoticeEvent():
                turn.outbox.put(Notice(event.level, event.message, event.title))
            case ClientEffectEvent():
                turn.outbox.put(ClientEffect(event.name, event.model_dump(mode="json")["data"]))
            case StreamOptionsEvent():
                turn.outbox.put(StreamOptions(event.stream_options.allow_cancel))
            case ErrorEvent():
                self._error = event
            case ThreadUpdatedEvent():
                await self._tell_thread(event.thread)
            case _:
                log.debug("a ChatKit server gave %s, of which nobody is told here", type(event).__name__)

    async def _tell_thread(self, thread: Thread) -> None:
        """A server that tells of its thread by itself; what is not news was told already."""
        assert self.thread is not None
        before = self.scope.known.before(self.thread)
        assert before is not None
        await self.turn.change_thread(
            Changes.between(before, replace(Seen.of(thread), metadata=before.metadata))
        )


async def _quietly(said: Awaitable[None]) -> None:
    try:
        await said
    except Exception as error:
        log.error("a ChatKit server failed while it was stopped", exc_info=error)
