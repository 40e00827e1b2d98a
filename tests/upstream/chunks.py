"""What a model server says in chat completions, as bytes: chunks as events, and the text of a synthetic answer."""

from __future__ import annotations

import json
from functools import cache
from typing import Any


def frame(text: str | None = None, *, finish: str | None = None, **more: Any) -> bytes:
    """One chunk of a chat completion as an event."""
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "faulty"}
    return b"data: " + json.dumps({**head, "choices": [choice], **more}).encode() + b"\n\n"


def usage(prompt: int, completion: int) -> bytes:
    """The usage chunk, which has no choices."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return b"data: " + json.dumps({"id": "chatcmpl-1", "choices": [], "usage": counts}).encode() + b"\n\n"


def token(number: int) -> str:
    """The text of the token of that number, from 1."""
    return f"{number % 10_000:04d} "


@cache
def thousand(first: int) -> bytes:
    """The chunks of a thousand tokens from this one on."""
    return b"".join(frame(token(number)) for number in range(first, first + 1000))


def text_of(tokens: int) -> str:
    """What a healthy answer of so many tokens says."""
    return "".join(map(token, range(1, tokens + 1)))


DONE = b"data: [DONE]\n\n"
END = frame(finish="stop")
