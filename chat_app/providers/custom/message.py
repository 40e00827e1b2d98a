"""A prompt as the one message that a session takes: the question alone, or the past in plain words before it.

Pure functions. The far side takes 100,000 characters as this project does; the question always stays whole, then the system
prompt, then the newest messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chat_app.domain.prompt import Message, Prompt

LIMIT: Final = 100_000  # characters
NAMES: Final = {"user": "User", "assistant": "Assistant"}
BEFORE: Final = "This is what was said so far in this conversation:"
AFTER: Final = "This is what the user says now:"
GAP: Final = "\n\n"


def question(prompt: Prompt) -> str:
    """The newest message alone, for a session that has heard the rest."""
    return prompt.messages[-1].text


def with_past(prompt: Prompt, limit: int = LIMIT) -> str:
    """The newest message behind the system prompt and what was said before it, as much of that as `limit` characters hold."""
    *past, newest = prompt.messages
    said = [message for message in past if message.role != "system"]
    parts = [AFTER, newest.text] if past else [newest.text]
    room = limit - _size(parts)
    head = [message.text for message in past if message.role == "system"]
    if head and (room := room - _size(head) - len(GAP)) < 0:
        return newest.text
    told = _newest(said, room - len(BEFORE) - len(GAP))
    if said and not told and not head:
        return newest.text
    return GAP.join([*head, *([BEFORE, *told] if told else []), *parts])


def _newest(said: Sequence[Message], room: int) -> list[str]:
    """The newest messages that fit, oldest first."""
    told: list[str] = []
    for message in reversed(said):
        words = f"{NAMES[message.role]}: {message.text}"
        room -= len(words) + len(GAP)
        if room < 0:
            break
        told.append(words)
    return told[::-1]


def _size(parts: Sequence[str]) -> int:
    return sum(map(len, parts)) + len(GAP) * (len(parts) - 1)
