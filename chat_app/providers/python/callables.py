"""The callables of this installation by name, and how each is run: async ones on the event loop, sync ones in threads.

What they are given and what becomes of their values is `provider.py`'s business.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final

from chat_app.domain.prompt import Prompt
from chat_app.providers.python.handover import Around, values_of

log = logging.getLogger(__name__)

Adapt = Callable[[Any], Any]

BREATH: Final = 16  # values after which an async responder that never waits lets the event loop have its turn


def _same(value: Any) -> Any:
    return value


class Table:
    """The callables of this installation by name; a dotted path is imported when it is first asked for."""

    def __init__(self, entries: Mapping[str, Any], around: Around, adapt: Adapt = _same) -> None:
        self.around, self._adapt = around, adapt
        self._entries = entries
        self._found: dict[str, Entry | str] = {}

    def find(self, name: str) -> Entry | str:
        """The callable of that name, or what is wrong with it as a sentence for staff."""
        if name not in self._found:
            self._found[name] = self._look_up(name)
        return self._found[name]

    def _look_up(self, name: str) -> Entry | str:
        if not name:
            return "The row names no responder; its model is a name in CHAT_RESPONDERS."
        if name not in self._entries:
            return f"CHAT_RESPONDERS has no “{name}”."
        target = self._entries[name]
        if isinstance(target, str):
            try:
                target = _imported(target)
            except Exception as error:
                log.warning("responder %s cannot be imported", name, exc_info=error)
                return f"The responder “{name}” cannot be imported ({type(error).__name__})."
        try:
            target = self._adapt(target)
        except Exception as error:
            log.warning("responder %s cannot be made", name, exc_info=error)
            return f"The responder “{name}” cannot be made ({type(error).__name__})."
        if not callable(getattr(target, "respond", target)):
            return f"The responder “{name}” is not callable, and has no `respond`."
        return Entry(target)


def _imported(path: str) -> Any:
    module, _, attribute = path.rpartition(".")
    return getattr(import_module(module), attribute)


@dataclass(frozen=True, slots=True)
class Entry:
    """One callable. A class with `respond` is made anew for each answer, an object is shared by all of them."""

    target: Any

    def misfit(self, parameters: Mapping[str, Any]) -> str | None:
        """Why these keyword arguments cannot be passed to it, None where they can."""
        try:
            if self._is_class():
                inspect.signature(self.target).bind()
                inspect.signature(self.target.respond).bind(None, None, **parameters)
            else:
                inspect.signature(self._shared()).bind(None, **parameters)
        except TypeError as error:
            return f"Its parameters do not fit the responder: {error}."
        except ValueError:  # written in C, and says nothing of what it takes
            return None
        return None

    def _is_class(self) -> bool:
        return inspect.isclass(self.target) and hasattr(self.target, "respond")

    def _shared(self) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self.target, "respond", self.target)
        return call

    def values(
        self, prompt: Prompt, parameters: Mapping[str, Any], around: Around
    ) -> AsyncGenerator[Any, None]:
        """What it gives for a prompt, one value after another. Nothing of it runs before the first is asked for."""
        call = partial(self._call, prompt, parameters)
        return _on_loop(call) if self._is_async() else _beside_loop(call, around)

    def hook(self, name: str) -> Callable[..., Any] | None:
        """A further method of that name beside `respond`, None where it has none."""
        if not self._is_class() and inspect.isfunction(self.target):
            return None
        owner = self.target() if self._is_class() and hasattr(self.target, name) else self.target
        method = getattr(owner, name, None)
        return method if callable(method) else None

    def _call(self, prompt: Prompt, parameters: Mapping[str, Any]) -> Any:
        call = self.target().respond if self._is_class() else self._shared()
        return call(prompt, **parameters)

    def _is_async(self) -> bool:
        call = self._shared()
        made = (inspect.isasyncgenfunction, inspect.iscoroutinefunction)
        return any(is_it(call) or is_it(getattr(call, "__call__", None)) for is_it in made)  # noqa: B004


async def _on_loop(call: Callable[[], Any]) -> AsyncGenerator[Any, None]:
    """What `call` returns, awaited, and iterated where that is what it is for."""
    given = call()
    if isinstance(given, Awaitable):
        given = await given
    if not isinstance(given, AsyncIterable):
        yield given
        return
    values = aiter(given)
    count = 0
    try:
        async for value in values:
            yield value
            count += 1
            if count % BREATH == 0:
                await asyncio.sleep(0)
    finally:
        await _close(values)


async def _beside_loop(call: Callable[[], Any], around: Around) -> AsyncGenerator[Any, None]:
    """Sync code in its thread; what it returns may still be something to await, which is the loop's."""
    async with aclosing(values_of(call, around)) as values:
        async for value in values:
            if not isinstance(value, Awaitable | AsyncIterable):
                yield value
                continue
            async with aclosing(_on_loop(partial(_same, value))) as more:
                async for one in more:
                    yield one


async def _close(values: AsyncIterator[Any]) -> None:
    """Close an author's iterator; one that fails at it cannot change how the answer ended."""
    close = getattr(values, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception as error:
        log.error("responder failed while it was closed", exc_info=error)
