"""The scope of the task that runs, for code written with ChatKit's SDK; what is in it is `chatkit_scope.py`'s."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, ParamSpec, TypeVar

from sessions_app.db import db

P = ParamSpec("P")
T = TypeVar("T")

HERE: Final[ContextVar[Any]] = ContextVar("chatkit_scope", default=None)


def context_of(scope: Any) -> Context:
    """A copy of this context, for a task that belongs to the scope."""
    context = copy_context()
    context.run(HERE.set, scope)
    return context


async def outside(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`db(fn)` outside of every scope: a task that this server begins on the way is none of the author's."""

    def work() -> T:
        HERE.set(None)
        return fn(*args, **kwargs)

    return await db(work)
