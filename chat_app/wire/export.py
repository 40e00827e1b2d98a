"""A thread as a file: Markdown for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from chat_app.domain.shapes import ItemInfo, ThreadInfo
from chat_app.wire import native

NAMES = {"user_message": "You", "assistant_message": "Assistant"}


def markdown(thread: ThreadInfo, items: Iterable[ItemInfo]) -> bytes:
    """A heading for the thread, then who said what; items without text are named by their type."""
    parts = [f"# {thread.title or 'Conversation'}\n\n{native.moment(thread.created_at)}\n"]
    for item in items:
        name = NAMES.get(item.kind, item.kind.replace("_", " "))
        by = f" ({item.model})" if item.model else ""
        parts.append(f"\n## {name}{by}\n\n{item.text}\n")
    return "".join(parts).encode()


def json(thread: ThreadInfo, items: Iterable[ItemInfo]) -> bytes:
    """The thread and its items in the shapes of the API."""
    shape = {"thread": native.thread(thread), "items": [native.item(item) for item in items]}
    return orjson.dumps(shape, option=orjson.OPT_INDENT_2)
