"""Stopping the tasks of a turn's own code: the one in which it runs, and those that it has begun on the way.

The Agents SDK runs an agent in a task of its own, which goes on when the reader of its events is cancelled, and ChatKit's
helpers leave theirs behind. A task carries the context that it was begun in, and with it the scope of its turn.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Collection, Iterator
from contextvars import Context
from typing import Any, Final

from chat_app.responders.chatkit_here import HERE

LET_GO: Final = 0.5  # seconds that those begun on the way have to end
AT_ONCE: Final = 0.3  # seconds for each of the others


def begun_in(scope: Any) -> list[asyncio.Task[Any]]:
    """The tasks of a scope that are under way, but for the one that asks."""
    me = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not me and _is_of(task, scope)]


def _is_of(task: asyncio.Task[Any], scope: Any) -> bool:
    return any(context.get(HERE) is scope for context in _contexts(task))


def _contexts(task: asyncio.Task[Any]) -> Iterator[Context]:
    get_context = getattr(task, "get_context", None)
    if get_context is not None:
        yield get_context()
        return
    for held in gc.get_referents(task):  # Python 3.11 has no other way to ask
        if isinstance(held, Context):
            yield held


async def stop(task: asyncio.Task[Any], scope: Any) -> None:
    """End a turn's code: first what it has begun, each once, so that a run of an agent closes its model's stream before its
    readers are cancelled (who would cancel it once more, and cut that short); then itself; then what is left."""
    begun = [own for own in begun_in(scope) if own is not task and inspect.iscoroutine(own.get_coro())]
    await _end(begun, LET_GO)
    await _end([task], AT_ONCE)
    await _end([own for own in begun_in(scope) if own is not task], AT_ONCE)


async def _end(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    waiting = [task for task in tasks if not task.done()]
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting, timeout=seconds)
