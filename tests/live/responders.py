"""Responders for the live tests, named in CHAT_RESPONDERS of the server that they start. What happens to them is told by files
in the folder that the parameter `traces` names, since they run in a process of their own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from chat_app.models import Item
from chat_app.responders import (
    ClientEffect,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    Prompt,
    UpstreamBusy,
    UsageChunk,
    db,
)


def trace(traces: str, name: str) -> None:
    (Path(traces) / name).touch()


def card(n: int, name: str = "card") -> ItemData:
    return ItemData(name, "widget", data={"widget": {"type": "Card", "n": n}})


async def rich(prompt: Prompt) -> AsyncIterator[Any]:
    """All that can be yielded, with a pause after what passes."""
    yield Progress("Looking it up", "search")
    yield Notice("warning", "This is old.", "Note")
    yield ClientEffect("confetti", {"n": 3})
    yield "before "
    yield ItemAdded(card(1))
    yield ItemUpdated(card(2), {"type": "widget.root.updated"})
    yield ItemAdded(card(1, "gone"))
    yield ItemRemoved("gone")
    await asyncio.sleep(0.2)
    yield "after"
    yield ItemDone(card(3))
    yield ItemDone(ItemData("x", "of_an_unknown_kind", data={"n": 1}))
    yield UsageChunk(11, 22)


def upper(prompt: Prompt) -> str:
    """A function with the ORM."""
    return f"{prompt.last_user_text.upper()} {Item.objects.filter(turn_id=prompt.turn_id).count()}"


async def heard(prompt: Prompt) -> str:
    """What is in the prompt, and whose it is, by the pool of async code."""
    rows = await db(Item.objects.filter(thread_id=prompt.thread_id, thread__owner=prompt.owner).count)
    return "\n".join([*(f"{m.role}: {m.text}" for m in prompt.messages), f"{rows} items of {prompt.owner}"])


async def endless(prompt: Prompt, traces: str) -> AsyncIterator[Any]:
    """An async generator that is stopped in mid-answer."""
    try:
        yield ItemAdded(card(1))
        while True:
            yield "on "
            await asyncio.sleep(0.02)
    finally:
        trace(traces, "async generator ended")


def endless_sync(prompt: Prompt, traces: str) -> Iterator[str]:
    """A sync generator that is stopped in mid-answer."""
    try:
        while True:
            yield "on "
            time.sleep(0.02)
    finally:
        trace(traces, "sync generator ended")


def slow(prompt: Prompt, traces: str) -> str:
    """A function whose result comes too late."""
    trace(traces, "function began")
    time.sleep(3)
    trace(traces, "function ended")
    return "too late"


def fails(prompt: Prompt, first: str = "", busy: bool = False) -> Iterator[Any]:
    """Raises a bug, or a ChatError, before or after its first text."""
    yield Progress("Trying")
    if first:
        yield first
    if busy:
        raise UpstreamBusy("Come back later.", retry_after=7)
    raise KeyError("a-bug-of-the-author")


def rubbish(prompt: Prompt) -> Iterator[Any]:
    yield {"role": "assistant"}


async def silent(prompt: Prompt) -> AsyncIterator[str]:
    await asyncio.sleep(60)
    yield "never"


async def shown_slowly(prompt: Prompt) -> AsyncIterator[Any]:
    """What a page has to show, with time to look."""
    yield Progress("Looking it up", "search")
    await asyncio.sleep(3)  # a stream's headers leave after a second without a text
    yield Notice("warning", "This is old.", "Note")
    yield ItemDone(ItemData("x", "of_an_unknown_kind", "hidden words", {"n": 1}))
    yield Progress("Nearly there")
    await asyncio.sleep(2)
    yield "The **answer** itself."
    yield ItemAdded(card(1))


async def no_words(prompt: Prompt) -> AsyncIterator[Any]:
    """An answer without text."""
    yield ItemDone(card(1))


def holds_a_connection(prompt: Prompt, traces: str) -> str:
    """A function that reads, then keeps its connection in hand until it is let go."""
    found = Item.objects.filter(turn_id=prompt.turn_id).count()
    (Path(traces) / prompt.turn_id).touch()
    while not (Path(traces) / "let go").exists():
        time.sleep(0.05)
    return f"{found}"
