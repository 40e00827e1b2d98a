"""What a turn changes of its thread beside what is said in it: title and status, field by field, and items of earlier turns.

Each change is written as it happens, one behind another, and told of once it is written: what followers see is stored, a worker
that dies has lost none of it, and one that has lost the turn changes nothing. A new thread that was named by its first words
gets a better title from the model that TITLE_MODEL names, unless a person was faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

import structlog
from django.db import Error as DatabaseError

from chat_app.chat import titles
from chat_app.chat.asks import TurnSpec
from chat_app.conf import limit
from chat_app.domain.events import Event, ItemDone, ItemRemoved, ThreadUpdated
from chat_app.models import sql
from chat_app.streaming import store
from chat_app.streaming.control import CONTROL
from sessions_app.db import db

logger = structlog.get_logger(__name__)
Change = ThreadUpdated | ItemDone | ItemRemoved
PATIENCE: Final = 1.0  # seconds that a whole answer waits for the title of its thread
LONGEST: Final = 10.0  # seconds that any end waits for the answer's own changes

_working: set[asyncio.Task[None]] = set()


class ThreadNews:
    """One for a turn. `tell` takes an event for the turn's followers; it may come too late, and is dropped then."""

    def __init__(self, spec: TurnSpec, tell: Callable[[Event], None]) -> None:
        self._spec, self._tell = spec, tell
        self._tasks: set[asyncio.Task[None]] = set()
        self._newest: asyncio.Task[None] | None = None  # of the answer's own changes
        self._told = False  # that the turn has ended: from now on the thread's own news carry a change

    def begin(self) -> None:
        """Ask for a title, where this is the first turn of a thread and a model is there to give one."""
        model = limit("TITLE_MODEL")
        if model and self._spec.title and self._spec.thread_id is not None:
            self._do(self._name(model, self._spec.thread_id, self._spec.title))

    def takes(self, event: Event) -> bool:
        """Whether this is a change of the thread, and not a part of the answer."""
        return isinstance(event, ThreadUpdated) or (
            isinstance(event, ItemDone | ItemRemoved) and event.earlier
        )

    def change(self, event: Event) -> None:
        """The answer itself changes the thread: write it down behind all that it has changed before, then tell of it. One that
        belongs to no thread has nothing to change."""
        assert isinstance(event, Change)
        if self._spec.thread_id is not None:
            self._newest = self._do(self._write(self._spec.thread_id, event, self._newest))

    async def written(self) -> None:
        """The answer is over: wait until its own changes are written and told of."""
        if self._newest is not None:
            await asyncio.wait({self._newest}, timeout=LONGEST)

    async def settle(self, *, patient: bool) -> None:
        """The answer is stored. What is under way beside it has a moment to be told of, where one is `patient`, and goes on by
        itself after that."""
        if self._tasks and patient:
            await asyncio.wait(set(self._tasks), timeout=PATIENCE)
        self._told = True

    def _do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        for group in (self._tasks, _working):
            group.add(task)
            task.add_done_callback(group.discard)
        return task

    async def _name(self, model: str, thread_id: str, first_words: str) -> None:
        title = await titles.title_for(model, self._spec.question, self._spec.owner)
        named = (
            await self._stored(thread_id, ThreadUpdated(title), first_words) if title is not None else None
        )
        if named is None:
            return
        if self._told:
            CONTROL.publish(f"thread:{thread_id}", {"type": "thread", "title": title})
        else:
            self._tell(named)

    async def _write(self, thread_id: str, event: Change, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        stored = await self._stored(thread_id, event)
        if stored is not None:
            self._tell(stored)

    async def _stored(self, thread_id: str, event: Change, unless_not: str | None = None) -> Change | None:
        """The event as it is to be told of, None where there was nothing to change."""
        try:
            return await db(_store, self._spec, thread_id, event, unless_not)
        except DatabaseError as error:
            logger.error("thread.not_changed", thread=thread_id, error=type(error).__name__)
            return None


def _store(spec: TurnSpec, thread_id: str, event: Change, unless_not: str | None) -> Change | None:
    with sql.atomic():
        if not store.holds(spec.turn_id, spec.fence, thread_id):
            return None
        return _change(thread_id, event, unless_not)


def _change(thread_id: str, event: Change, unless_not: str | None) -> Change | None:
    match event:
        case ThreadUpdated():
            return store.update_thread(thread_id, event, unless_not)
        case ItemDone(item):
            made = store.change_item(thread_id, item)
            return None if made is None else replace(event, item=replace(item, created_at=made))
        case ItemRemoved(item_id):
            return event if store.take_away(thread_id, item_id) else None
