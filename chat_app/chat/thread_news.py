"""What a turn changes of its thread beside what is said in it: title and status, field by field, as it happens.

The engine tells of it in the turn's events; here the row is written. A new thread that was named by its first words gets a
better title from the model that TITLE_MODEL names, unless a person was faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from django.db import Error as DatabaseError

from chat_app.chat import titles
from chat_app.chat.asks import TurnSpec
from chat_app.conf import limit
from chat_app.domain.events import Event, ThreadUpdated
from chat_app.streaming import store
from chat_app.streaming.control import CONTROL
from sessions_app.db import db

logger = structlog.get_logger(__name__)
PATIENCE: Final = 1.0  # seconds that a whole answer waits for the title of its thread

_working: set[asyncio.Task[None]] = set()


class ThreadNews:
    """One for a turn. `tell` takes an event for the turn's followers; it may come too late, and is dropped then."""

    def __init__(self, spec: TurnSpec, tell: Callable[[Event], None]) -> None:
        self._spec, self._tell = spec, tell
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = False  # that the turn has ended: from now on the thread's own news carry a change

    def begin(self) -> None:
        """Ask for a title, where this is the first turn of a thread and a model is there to give one."""
        model = limit("TITLE_MODEL")
        if model and self._spec.title and self._spec.thread_id is not None:
            self._do(self._name(model, self._spec.thread_id, self._spec.title))

    def changed(self, event: ThreadUpdated) -> None:
        """The answer itself changed the thread: write it down."""
        if self._spec.thread_id is not None:
            self._do(self._write(self._spec.thread_id, event))

    async def settle(self, *, patient: bool) -> None:
        """The answer is whole. What is under way has a moment to be told of, and goes on by itself after that."""
        if self._tasks and patient:
            await asyncio.wait(set(self._tasks), timeout=PATIENCE)
        self._told = True

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        for group in (self._tasks, _working):
            group.add(task)
            task.add_done_callback(group.discard)

    async def _name(self, model: str, thread_id: str, first_words: str) -> None:
        title = await titles.title_for(model, self._spec.question, self._spec.owner)
        if title is None or not await self._stored(thread_id, ThreadUpdated(title), first_words):
            return
        if self._told:
            CONTROL.publish(f"thread:{thread_id}", {"type": "thread", "title": title})
        else:
            self._tell(ThreadUpdated(title))

    async def _write(self, thread_id: str, event: ThreadUpdated) -> None:
        await self._stored(thread_id, event, None)

    async def _stored(self, thread_id: str, event: ThreadUpdated, unless_not: str | None) -> bool:
        try:
            return await db(store.update_thread, thread_id, event, unless_not)
        except DatabaseError as error:
            logger.error("thread.not_changed", thread=thread_id, error=type(error).__name__)
            return False
