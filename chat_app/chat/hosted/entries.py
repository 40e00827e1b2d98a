"""What a hosted item is here: its kind, its text and the data of that kind, in ChatKit's own shapes. Pure functions.

The API's items say less than ChatKit's own: a file is a name and a type without its bytes, a task has a heading and a summary.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chat_app.models.fields import foreign_id
from chat_app.providers.openai.hosted import HostedItem, Part
from chat_app.providers.text import clean

QUESTION: Final = "user_message"
DEEPEST: Final = 100  # levels of a widget, or of what a tool was told and said
MOST: Final = 2**53 - 1  # the largest whole number that every client reads as it is


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as a row has it. `turn_id` is the turn that it begins, where it is a user's message."""

    id: str
    kind: str
    text: str
    data: dict[str, Any]
    created_at: datetime
    turn_id: str | None = None


def moment(seconds: int) -> datetime:
    """The API's seconds since 1970."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def entry(item: HostedItem) -> Entry | None:
    """The item as ours; None for a type that this server does not know, and for a widget that cannot be read."""
    told = _TYPES.get(item.type)
    found = told(item) if told is not None else None
    if found is None:
        return None
    kind, text, data = found
    prefix = "msg" if kind.endswith("_message") else "itm"
    return Entry(
        id=foreign_id(prefix, item.id),
        kind=kind,
        text=clean(text),
        data=_cleaned(data, DEEPEST + 2),
        created_at=moment(item.created_at),
        turn_id=foreign_id("trn", item.id) if kind == QUESTION else None,
    )


Told = tuple[str, str, dict[str, Any]]


def _user_message(item: HostedItem) -> Told:
    content = [{"type": "input_text", "text": p.text} for p in item.content if p.type == "input_text"]
    if item.attachments:
        files = "\n".join(
            f"[Attached: {file.name or 'a file'}{f' ({file.mime_type})' if file.mime_type else ''}]"
            for file in item.attachments
        )
        content.append({"type": "input_text", "text": f"\n\n{files}" if content else files})
    data: dict[str, Any] = {"content": content}
    if quoted := "\n".join(p.text for p in item.content if p.type == "quoted_text"):
        data["quoted_text"] = quoted
    if options := _options(item.inference_options or {}):
        data["inference_options"] = options
    return QUESTION, "".join(part["text"] for part in content), data


def _options(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(given.get("model"), str):
        found["model"] = given["model"]
    tool = given.get("tool_choice")
    if isinstance(tool, dict) and isinstance(tool.get("id"), str):
        found["tool_choice"] = {"id": tool["id"]}
    return found


def _assistant_message(item: HostedItem) -> Told:
    parts = [part for part in item.content if part.type == "output_text"]
    text = "\n\n".join(part.text for part in parts)
    if len(parts) == 1:
        annotations = _annotations(parts[0])
        return "assistant_message", text, {"annotations": annotations} if annotations else {}
    content = [
        {"type": "output_text", "text": part.text, "annotations": _annotations(part)} for part in parts
    ]
    return "assistant_message", text, {"content": content} if content else {}


def _annotations(part: Part) -> list[dict[str, Any]]:
    return [found for given in part.annotations if (found := _annotation(given)) is not None]


def _annotation(given: dict[str, Any]) -> dict[str, Any] | None:
    """ChatKit's annotation of one that the API gives, which names a file or a URL and may say no more."""
    source = given.get("source")
    if not isinstance(source, dict):
        return None
    name = {"file": "filename", "url": "url"}.get(str(source.get("type")))
    if name is None or not isinstance(source.get(name), str):
        return None
    title = source.get("title")
    kept = {
        "type": source["type"],
        name: source[name],
        "title": title if isinstance(title, str) else source[name],
    }
    index = given.get("index")
    return {"type": "annotation", "source": kept, **({"index": index} if type(index) is int else {})}


def _widget(item: HostedItem) -> Told | None:
    widget = _json(item.widget)
    return ("widget", "", {"widget": widget}) if isinstance(widget, dict) and "type" in widget else None


def _client_tool_call(item: HostedItem) -> Told:
    arguments = _json(item.arguments)
    data: dict[str, Any] = {
        "status": "completed" if item.status == "completed" else "pending",
        "call_id": item.call_id,
        "name": item.name,
        "arguments": arguments if isinstance(arguments, dict) else {},
    }
    if item.output not in (None, "null"):
        output = _json(item.output)
        data["output"] = item.output if output is None else output
    return "client_tool_call", "", data


def _task(item: HostedItem) -> Told:
    return "task", "", {"task": _task_of(item.task_type, item.heading, item.summary)}


def _task_group(item: HostedItem) -> Told:
    tasks = [_task_of(task.type, task.heading, task.summary) for task in item.tasks]
    return "workflow", "", {"workflow": {"type": "custom", "tasks": tasks, "expanded": False}}


def _task_of(kind: str, heading: str | None, summary: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {"title": heading} if heading is not None else {}
    if kind == "thought":
        return {"type": "thought", **said, "content": summary or ""}
    return {"type": "custom", **said, **({"content": summary} if summary is not None else {})}


_TYPES: Final[dict[str, Callable[[HostedItem], Told | None]]] = {
    "chatkit.user_message": _user_message,
    "chatkit.assistant_message": _assistant_message,
    "chatkit.widget": _widget,
    "chatkit.client_tool_call": _client_tool_call,
    "chatkit.task": _task,
    "chatkit.task_group": _task_group,
}


def _json(text: str | None) -> Any:
    """What JSON in a text says, None where it is none, or nested beyond what can be sent."""
    try:
        return _cleaned(json.loads(text or ""), DEEPEST)
    except (ValueError, RecursionError):
        return None


def _cleaned(value: Any, depth: int) -> Any:
    """JSON that every database can keep and every client can read. Raises ValueError where it is deeper than `depth`."""
    if depth < 0:
        raise ValueError
    match value:
        case str():
            return clean(value)
        case list():
            return [_cleaned(each, depth - 1) for each in value]
        case dict():
            return {clean(key): _cleaned(each, depth - 1) for key, each in value.items()}
        case float():
            return value if math.isfinite(value) else None
        case int():
            return value if -MOST <= value <= MOST else str(value)
        case _:
            return value
