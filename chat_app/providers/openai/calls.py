"""Functions that a model calls: run by the front end, as ChatKit's client tools.

The row's parameter `tools` says which there are, in the dialect's own words. One call ends an answer: what it returned begins
the next turn, in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from chat_app.domain.errors import UpstreamError
from chat_app.domain.events import ItemData, ItemDone
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import EventChunk, RouteConfig
from chat_app.providers.text import clean

MOST: Final = 256 * 1024  # characters of a call's arguments


class Calls:
    """The calls of one answer, as they come piece by piece."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def hear(self, index: int, call_id: str | None, name: str | None, arguments: str | None) -> None:
        """A piece of the call of that number. Raises UpstreamError for one without end."""
        call = self._calls.setdefault(index, ["", "", ""])
        call[0] = call[0] or call_id or ""
        call[1] = call[1] or name or ""
        call[2] += arguments or ""
        if len(call[2]) > MOST:
            raise UpstreamError("The model called a tool with more than can be passed on.")

    def whole(self) -> EventChunk | None:
        """The first call as an item of the answer, None where there was none. Raises UpstreamError for one that makes no
        sense."""
        if not self._calls:
            return None
        call_id, name, text = self._calls[min(self._calls)]
        try:
            arguments = json.loads(text or "{}")
        except ValueError as error:
            raise UpstreamError("The model called a tool in a way that makes no sense.") from error
        if not name or not isinstance(arguments, dict):
            raise UpstreamError("The model called a tool in a way that makes no sense.")
        data = {"status": "pending", "call_id": clean(call_id or name), "name": clean(name)}
        item = ItemData("call", "client_tool_call", data={**data, "arguments": _cleaned(arguments)})
        return EventChunk(ItemDone(item))


def _cleaned(value: Any) -> Any:
    """The same, fit to store."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(key): _cleaned(own) for key, own in value.items()}
        case list():
            return [_cleaned(own) for own in value]
        case _:
            return value


def one_call(route: RouteConfig) -> dict[str, Any]:
    """What asks for one call at a time, where there is anything to call."""
    return {"parallel_tool_calls": False} if route.parameters.get("tools") else {}


def tool_choice(
    route: RouteConfig, prompt: Prompt, function: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """What makes the model use the tool that the person chose: a function by its name, a built-in tool by its type. Empty
    where none was chosen or this model has no such tool."""
    wanted = prompt.given.tool
    tools = route.parameters.get("tools")
    if wanted is None or not isinstance(tools, list):
        return {}
    for tool in tools:
        if isinstance(tool, Mapping):
            inner = tool.get("function")
            name = tool.get("name") or (inner.get("name") if isinstance(inner, Mapping) else None)
            if name == wanted:
                return {"tool_choice": function(wanted)}
            if tool.get("type") == wanted:
                return {"tool_choice": {"type": wanted}}
    return {}
