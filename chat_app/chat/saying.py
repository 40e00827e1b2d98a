"""What was said, in words for a model: a message with its quote and tags, and items that are no text.

Pure functions of plain values. How much of it fits is `context.py`'s business; what a person sees is `wire/`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chat_app.domain.prompt import Given
from chat_app.domain.turn import ANSWER, HIDDEN

MOST: Final = 4_000  # characters of an item that is no text
MARKS: Final = {
    "cancelled": "[The answer was stopped here.]",
    "interrupted": "[The answer was cut off here.]",
    "failed": "[The answer failed here.]",
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a message names: enough to show it and to reckon with it, without its bytes. `size` in bytes."""

    id: str
    name: str
    mime_type: str
    kind: str
    size: int


def attached(data: Mapping[str, Any]) -> tuple[Attached, ...]:
    """The files of a user message, from its item's `data`."""
    return tuple(
        Attached(f["id"], f["name"], f["mime_type"], f["type"], int(f.get("size", 0)))
        for f in data.get("attachments", ())
    )


def shown(content: Sequence[Mapping[str, Any]]) -> str:
    """A message's parts as one text: what people read and what is searched."""
    return "".join(str(part.get("text", "")) for part in content)


def question(text: str, data: Mapping[str, Any]) -> str:
    """A user message for a model: what is quoted first, then the text, then what its tags stand for."""
    parts = [text]
    if quoted := data.get("quoted_text"):
        parts.insert(0, "\n".join(f"> {line}" for line in str(quoted).splitlines()))
    for part in data.get("content", ()):
        if part.get("type") == "input_tag":
            about = {"id": part.get("id"), **(part.get("data") or {})}
            parts.append(f"[“{part.get('text', '')}” refers to {_json(about)}]")
    return "\n\n".join(part for part in parts if part)


def answer(kind: str, text: str, data: Mapping[str, Any]) -> str | None:
    """An item of an answer for a model, None for one that says nothing to it."""
    match kind:
        case "assistant_message":
            mark = MARKS.get(str(data.get("state", "")))
            return f"{text}\n\n{mark}" if mark else text
        case "client_tool_call":
            called = f"Used “{data.get('name')}” in the browser with {_json(data.get('arguments', {}))}"
            output = data.get("output")
            return f"[{called}.]" if output is None else f"[{called}; it returned {_json(output)}]"
        case "widget":
            return f"[Showed: {data.get('copy_text') or _json(data.get('widget'))}]"
        case "structured_input":
            return answers(data)
        case "generated_image":
            return "[Made an image.]"
        case "task":
            return _task(data.get("task") or {})
        case "workflow":
            tasks = (data.get("workflow") or {}).get("tasks", ())
            return "\n".join(told for task in tasks if (told := _task(task))) or None
        case _ if kind in HIDDEN:
            content = data.get("content", text)
            return (
                f"[Context: {content if isinstance(content, str) else _json(content)}]" if content else None
            )
        case _:
            return None


def answers(data: Mapping[str, Any]) -> str:
    """What was asked by a structured input, and what was answered."""
    lines = []
    for asked in data.get("inputs", ()):
        given = asked.get("answer") or {}
        said = ", ".join(given.get("values", ())) or (
            "(skipped)" if given.get("skipped") else "(no answer yet)"
        )
        lines.append(f"{asked.get('question', '')} {said}")
    return "\n".join(lines)


def beginning(given: Given) -> str:
    """In words what began a turn that is no message."""
    data = given.item.data if given.item is not None else {}
    match given.trigger:
        case "tool_output":
            return f"[“{data.get('name')}” returned {_json(data.get('output'))}]"
        case "structured_input":
            return answers(data)
        case "action":
            action = given.action or {}
            return f"[The person chose “{action.get('type')}” with {_json(action.get('payload'))}]"
        case _:
            return given.item.text if given.item is not None else ""


def _task(task: Mapping[str, Any]) -> str | None:
    told = [str(task[name]) for name in ("title", "content") if task.get(name)]
    return f"[{': '.join(told)}]" if told and task.get("type") == "custom" else None


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST else text[:MOST] + "…"


KINDS: Final[tuple[str, ...]] = (
    ANSWER, "client_tool_call", "widget", "structured_input", "generated_image", "task", "workflow", *sorted(HIDDEN),
)  # fmt: skip


def files_note(files: Iterable[Attached]) -> str:
    """That there were files, where their content does not go along."""
    return "\n".join(f"[Attached: {file.name} ({file.mime_type})]" for file in files)
