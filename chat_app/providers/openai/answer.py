"""What OpenAI's dialects share: a request's parameters, an answer as it grows, errors inside a stream.

No URL and no body of either dialect; those are `chat.py`'s and `responses.py`'s. Only the fields that are
needed are decoded. All that one read gave becomes one piece of text, so that the cost does not grow with the token rate.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from chat_app.domain.errors import UpstreamBusy, UpstreamError, UpstreamRefused
from chat_app.domain.prompt import Prompt
from chat_app.providers import http, statuses
from chat_app.providers.base import RouteConfig, UsageChunk
from chat_app.providers.openai.calls import Calls
from chat_app.providers.openai.reasoning import ThinkTags
from chat_app.providers.sse import Event
from chat_app.providers.text import Cleaner

NO_STREAM: Final = "The model's server did not answer with a stream."
OURS: Final = frozenset({"api", "think_tags"})  # parameters of a route that say how we read, and go nowhere

Frame = TypeVar("Frame")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to ask: the end of its URL, the request's JSON and who reads the answer."""

    path: str
    body: Callable[[RouteConfig, Prompt], dict[str, Any]]
    answer: Callable[[RouteConfig], Answer]


class Answer(ABC):
    """What the upstream has said so far. A failure is kept, not raised, so that the text before it is not lost."""

    __slots__ = ("_cleaner", "_tags", "calls", "ended", "failure", "finished", "thoughts", "usage")

    def __init__(self, route: RouteConfig) -> None:
        self._cleaner = Cleaner()
        self._tags = ThinkTags() if route.parameters.get("think_tags") is True else None
        self.thoughts: list[str] = []  # reasoning that nobody has taken yet
        self.calls = Calls()
        self.finished = False  # the model said that it has
        self.ended = False  # nothing more will come
        self.failure: UpstreamError | None = None
        self.usage: UsageChunk | None = None

    @abstractmethod
    def _event(self, data: bytes, parts: list[str]) -> None:
        """Take one event of a stream; its text is added to `parts`."""

    @abstractmethod
    def _object(self, data: bytes, parts: list[str]) -> None:
        """Take a whole answer that came as one JSON object; UpstreamError where it is none."""

    def take(self, events: Iterable[Event], *, last: bool) -> str:
        """The text of some events, merged; `last` where the connection has ended."""
        parts: list[str] = []
        try:
            with http.foreign_errors():
                for name, data in events:
                    if data == b"[DONE]":
                        self.ended = True
                        break
                    if name == b"error":
                        raise fault(_object_of(data))
                    self._event(data, parts)
        except UpstreamError as error:
            self.failure = error
        if last and not self.ended:
            self.ended = self.finished
            if not self.finished and (self.failure is None or self.failure.__cause__ is not None):
                self.failure = UpstreamError("The model's answer broke off before its end.")
        return self._text(parts)

    def take_object(self, data: bytes) -> str:
        """The text of an upstream that did not stream."""
        parts: list[str] = []
        self._object(data, parts)
        self.ended = True
        return self._text(parts)

    def _text(self, parts: list[str]) -> str:
        over = self.ended or self.failure is not None
        text = self._cleaner.clean("".join(parts))
        if over:
            text += self._cleaner.rest()
        if self._tags is not None:
            text, thought = self._tags.split(text)
            if thought:
                self.thoughts.append(thought)
            if over:
                text += self._tags.rest()
        return text

    def _count(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Note what the upstream counted; of several counts the last one that says something is right."""
        if input_tokens is not None or output_tokens is not None:
            self.usage = UsageChunk.told(input_tokens, output_tokens)


def asked(route: RouteConfig, defaults: dict[str, Any]) -> dict[str, Any]:
    """The route's parameters over our defaults. One that is None is left out, and takes away a default."""
    merged = {**defaults, **route.parameters}
    return {key: value for key, value in merged.items() if value is not None and key not in OURS}


def decode(data: bytes, kind: type[Frame]) -> Frame:
    """A whole answer as `kind`. Raises msgspec's errors, inside `foreign_errors()`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        return mended(data, kind, error)


def mended(data: bytes, kind: type[Frame], error: msgspec.DecodeError) -> Frame:
    """`data` where msgspec refused it for lone surrogates, by way of the standard library; else raises `error`."""
    if isinstance(error, msgspec.ValidationError) or b"\\u" not in data:
        raise error
    try:
        return msgspec.convert(json.loads(data), kind)
    except ValueError as odd:
        raise UpstreamError from odd


def fault(error: Any) -> UpstreamError:
    """The tree's error for an error object inside a 200: by its HTTP status where `code` is one, else by its code."""
    code = statuses.fault_code(error)
    status = error.get("code") if isinstance(error, dict) else None
    if isinstance(status, str) and status.isdecimal():
        status = int(status[:4])
    if isinstance(status, int) and 400 <= status < 600:
        return statuses.error_of_status(status, code=code)
    if "rate_limit" in code or "overloaded" in code or code == "too_many_requests":
        return UpstreamBusy()
    if code.startswith("invalid_") or "image" in code:
        return statuses.of_request(UpstreamRefused())
    return statuses.error_of_status(0, code=code)


def _object_of(data: bytes) -> Any:
    """The error object of an event that is called `error`: inside of it, or the whole of it. None where it is no JSON."""
    try:
        said = json.loads(data)
    except ValueError:
        return None
    return said.get("error") or said if isinstance(said, dict) else None
