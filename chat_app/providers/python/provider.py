"""Python that answers a turn itself: a function, generator, async function, async generator or Responder of this installation.

No Django here: the table of names is plugged in by `configure`, and what an author may import is `chat_app/responders/`. A
row of this kind names an entry of the table as its model, and its `parameters` are keyword arguments; a row never holds a path.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, nullcontext
from typing import Any, ClassVar, Final

from chat_app.domain.errors import ChatError, NotConfigured
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import (
    Chunk,
    CommitChunk,
    EventChunk,
    OwnEvent,
    RouteConfig,
    TextChunk,
    UsageChunk,
)
from chat_app.providers.deadlines import Deadlines
from chat_app.providers.python.callables import Adapt, Table
from chat_app.providers.python.handover import Around
from chat_app.providers.python.own_events import OwnEvents
from chat_app.providers.text import Cleaner, clean

END: Final = object()

_table = Table({}, nullcontext)


def configure(
    entries: Mapping[str, Any], around: Around = nullcontext, adapt: Adapt = lambda target: target
) -> None:
    """Say which callables there are: name -> callable, class, object with `respond`, or the dotted path of one. `around` makes
    a context manager for each thread in which sync code runs, entered there. `adapt` makes a responder of what is none by
    itself, and leaves anything else as it is."""
    global _table
    _table = Table(entries, around, adapt)


def problem(name: str) -> str | None:
    """What keeps the responder of that name from being used, as a sentence for staff. Imports it."""
    found = _table.find(name)
    return found if isinstance(found, str) else None


def hook(name: str, method: str) -> Callable[..., Any] | None:
    """A further method of the responder of that name, such as `sync_action`; None where there is none."""
    found = _table.find(name)
    return None if isinstance(found, str) else found.hook(method)


class PythonProvider:
    """The callables of this installation as a provider."""

    kind: ClassVar[str] = "python"

    def missing(self, route: RouteConfig) -> str | None:
        """A name that is not in the table or cannot be imported, or parameters that it does not take."""
        found = _table.find(route.model)
        return found if isinstance(found, str) else found.misfit(route.parameters)

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """What the callable gives, as chunks. Its ChatErrors pass as they are, and so does anything else that it raises: the
        router takes that for a broken provider and logs it."""
        found = _table.find(route.model)
        if isinstance(found, str):
            raise NotConfigured(found)
        deadlines, answer = Deadlines(route.timeouts), _Answer()
        async with aclosing(found.values(prompt, route.parameters, _table.around)) as values:
            with _kept_in():
                while (value := await deadlines.wait(anext(values, END))) is not END:
                    deadlines.alive()
                    if (chunk := answer.take(value)) is not None:
                        yield chunk
        if rest := answer.cleaner.rest():
            yield TextChunk(rest)


class _Answer:
    """What was yielded so far, as far as the next value depends on it."""

    __slots__ = ("cleaner", "own")

    def __init__(self) -> None:
        self.cleaner = Cleaner()
        self.own = OwnEvents()

    def take(self, value: Any) -> Chunk | None:
        """A value as a chunk, None where there is nothing to show yet. Raises TypeError or ValueError for what is no answer."""
        if isinstance(value, str):
            text = self.cleaner.clean(value)
            return TextChunk(text) if text else None
        if isinstance(value, OwnEvent):
            return EventChunk(self.own.checked(value))
        if isinstance(value, UsageChunk):
            return UsageChunk.told(int(value.input_tokens), int(value.output_tokens))
        if isinstance(value, CommitChunk):
            return value
        raise TypeError(
            f"a responder gave {type(value).__name__}; it may give str, Progress, Notice, ClientEffect, "
            "ItemAdded, ItemUpdated, ItemDone, ItemRemoved, ThreadUpdated, UsageChunk and CommitChunk"
        )


@contextmanager
def _kept_in() -> Iterator[None]:
    """What would reach beyond this answer ends it and no more: an exit, and a cancellation that nobody asked for. What is
    told of a failure is made text that can be stored and sent."""
    try:
        yield
    except ChatError as error:
        error.detail = clean(str(error.detail))
        raise
    except SystemExit as error:
        raise RuntimeError("the responder asked the server to exit") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("the responder cancelled itself") from error
