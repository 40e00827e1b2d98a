"""A responder that plays what it is told: `play` and a list of steps in JSON, in a message or in whatever else begins a turn.

It runs in the process of a started server, named in its CHAT_RESPONDERS; tests speak to it by `script()`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from chat_app.models import Thread
from chat_app.providers.statuses import of_request
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
    TextDelta,
    ThreadUpdated,
    UpstreamBusy,
    db,
)

PLAY = "play "
SECRET = "for-the-model-alone"  # stands wherever no client may see it, written `SECRET` in a script


def script(*steps: list[Any]) -> str:
    """A message that has these steps played."""
    return PLAY + json.dumps(steps)


def item(name: str, kind: str, data: Any = None, text: str = "") -> ItemData:
    return ItemData(name, kind, text, data or {})


def steps_of(prompt: Prompt) -> list[Any]:
    """What to play for whatever began the turn."""
    given = prompt.given
    match given.trigger:
        case "action":
            told: Any = (given.action or {}).get("payload")
        case "tool_output":
            told = given.item.data.get("output") if given.item else None
        case "structured_input":
            asked = given.item.data["inputs"] if given.item else []
            told = next((v for a in asked for v in a["answer"]["values"] if v.startswith(PLAY)), None)
        case _:
            told = given.item.text if given.item else ""
    if isinstance(told, str) and told.startswith(PLAY):
        steps: list[Any] = json.loads(told.removeprefix(PLAY).replace("SECRET", SECRET))
        return steps
    return [["given"]]


MAKE: dict[str, Callable[..., Any]] = {
    "text": lambda text: text,
    "added": lambda *of: ItemAdded(item(*of)),
    "updated": lambda update, *of: ItemUpdated(item(*of), update),
    "done": lambda *of: ItemDone(item(*of)),
    "change": lambda *of: ItemDone(item(*of), earlier=True),
    "removed": ItemRemoved,
    "take_away": lambda name: ItemRemoved(name, earlier=True),
    "delta": TextDelta,
    "thread": lambda changes: ThreadUpdated(**changes),
    "progress": Progress,
    "notice": Notice,
    "effect": ClientEffect,
}


class Player:
    """See this file's docstring. Where nothing is to be played, what began the turn is told back as it came."""

    async def respond(self, prompt: Prompt) -> AsyncIterator[Any]:
        for name, *arguments in steps_of(prompt):
            match name:
                case "given":
                    yield json.dumps(given(prompt))
                case "prompt":
                    yield json.dumps([[m.role, m.text] for m in prompt.messages])
                case "files":  # what the message has attached
                    asked = prompt.messages[-1]
                    told = [[file.name, file.media_type, len(file.content)] for file in asked.files]
                    yield json.dumps({"files": told, "text": asked.text})
                case "heard":  # which of these words are in the prompt
                    said = "".join(m.text for m in prompt.messages[:-1])
                    yield json.dumps([words in said for words in arguments])
                case "times":  # a step, so often
                    for n in range(arguments[0]):
                        yield MAKE[arguments[1]](f"{n}", *arguments[2:])
                case "sleep":
                    await asyncio.sleep(arguments[0])
                case "count":  # so many words, one each so many seconds
                    for n in range(1, arguments[0] + 1):
                        yield f"{n:04d} "
                        await asyncio.sleep(arguments[1])
                case "keep":  # something with the thread that is the server's own
                    await db(Thread.objects.filter(pk=prompt.thread_id).update, metadata=arguments[0])
                case "fail_again" if not prompt.given.again:
                    pass
                case "fail_once" if prompt.given.again:
                    pass
                case "fail" | "fail_again" | "fail_once":
                    raise of_request(UpstreamBusy(arguments[0]))  # which tells nothing of the model
                case "bug":
                    raise KeyError("a bug of the author")
                case _:
                    yield MAKE[name](*arguments)

    async def sync_action(self, prompt: Prompt) -> ItemData | None:
        sender, action = prompt.given.item, prompt.given.action or {}
        match action["type"]:
            case "nothing":
                return None
            case "bug":
                raise KeyError("a bug of the author")
            case "hide":
                return item("x", "hidden_context_item", {"content": "x"})
        assert sender is not None
        return replace(sender, data={**sender.data, "widget": action["payload"]})

    async def feedback(self, prompt: Prompt, item_ids: list[str], kind: str) -> None:
        heard = {"feedback": {"ids": item_ids, "kind": kind}}
        await db(Thread.objects.filter(pk=prompt.thread_id).update, metadata=heard)

    def transcribe(self, prompt: Prompt, audio: bytes, mime_type: str) -> str:
        return f"{len(audio)} bytes of {mime_type}"


def given(prompt: Prompt) -> dict[str, Any]:
    """What began the turn, as JSON."""
    own = prompt.given
    found = {"trigger": own.trigger, "action": own.action, "tool": own.tool, "again": own.again}
    if own.item is not None:
        found["item"] = {"kind": own.item.kind, "text": own.item.text, "data": own.item.data}
    return found
