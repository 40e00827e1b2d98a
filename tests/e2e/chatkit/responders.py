"""Responders for ChatKit's browser tests, named in CHAT_RESPONDERS of the server that they start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chat_app.responders import ItemData, ItemDone, Prompt


def asks_the_page(prompt: Prompt) -> Iterator[Any]:
    """A call of a function of the page; then what came of it, in words."""
    item = prompt.given.item
    if prompt.given.trigger == "tool_output" and item is not None:
        yield f"The page says: {item.data['output']}"
        return
    call = {"status": "pending", "call_id": "call_1", "name": "locate", "arguments": {"exact": True}}
    yield ItemDone(ItemData("1", "client_tool_call", data=call))
