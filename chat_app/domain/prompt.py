"""What is said to a model: plain messages, no wire format of any vendor.

Standard library only. How history becomes a prompt is `chat/context.py`'s business; how a prompt becomes a request body is
each provider's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from chat_app.domain.events import ItemData

Trigger = Literal["message", "action", "tool_output", "structured_input"]
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file that belongs to a message: its whole content, its media type (`image/png`, `application/pdf`) and its name."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; `text` is Unicode without NUL. A provider that cannot pass `files` on raises
    UpstreamRefused rather than drop them."""

    role: Role
    text: str
    files: tuple[FilePart, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What a turn answers. `item` is the user's message, the client tool's call with its `output`, the structured input with
    its answers, or the widget that an `action` (`{type, payload}`) came from (absent where the front end sent it by itself).
    `tool` is the tool that the person chose for a message; `again` says that it was answered before."""

    trigger: Trigger = "message"
    item: ItemData | None = None
    action: Mapping[str, Any] | None = None
    tool: str | None = None
    again: bool = False


MESSAGE: Final = Given()


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages of one turn in order: system first where there is one, the user's new message last (for a turn that no
    message began, what did in words).

    `owner` (`<realm>:<id>`), `thread_id` (None for a one-off turn) and `turn_id` say whose words these are; no provider
    sends them anywhere but to a backend that asks for a user. `given` is the beginning of the turn as it is, for Python that
    answers by itself.
    """

    messages: tuple[Message, ...]
    owner: str = ""
    thread_id: str | None = None
    turn_id: str = ""
    given: Given = MESSAGE

    @property
    def last_user_text(self) -> str:
        """The text of the newest user message, empty where there is none."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")


def estimate_tokens(text: str) -> int:
    """A guess where no tokenizer is known: a token for each four bytes of UTF-8, at least one for any text."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return (size + 3) // 4
