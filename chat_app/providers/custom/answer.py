"""What a backend of the examples' contract answers, read as it comes: tokens in `data:` lines, typed events, JSON, or text.

No socket, no session. A failure is kept, not raised, so that the text before it is not lost; its sentence is ours, since
what an upstream says of itself is not for users.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar, cast, get_args

import msgspec

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.events import Level, Notice
from chat_app.providers import http
from chat_app.providers.base import Chunk, EventChunk, ProgressChunk, TextChunk, UsageChunk
from chat_app.providers.custom.stream import LooseReader
from chat_app.providers.sse import Event, EventReader
from chat_app.providers.statuses import of_request
from chat_app.providers.text import Cleaner, clean

BROKE_OFF: Final = "The model's answer broke off before its end."
BETWEEN: Final = "\n\n"  # between two messages of one answer
_DONE: Final = b"[DONE]"  # what many write who have read OpenAI's streams
_TERMINAL: Final = frozenset({b"completed", b"failed", b"cancelled", b"interrupted"})
_TYPED: Final = _TERMINAL | {b"snapshot", b"progress", b"notice"}

_Kind = TypeVar("_Kind")
_FAILURES: Final[Mapping[str, type[UpstreamError]]] = {
    "upstream_error": UpstreamError,
    "upstream_down": UpstreamDown,
    "upstream_timeout": UpstreamTimeout,
    "upstream_refused": UpstreamRefused,
    "upstream_busy": UpstreamBusy,
    "rate_limited": UpstreamBusy,
    "quota_exceeded": UpstreamBusy,
    "turn_running": UpstreamBusy,
    "unavailable": UpstreamDown,
    "not_configured": UpstreamDown,
    "interrupted": UpstreamDown,
}
_OF_ONE_USER: Final = frozenset({"quota_exceeded", "turn_running"})  # others are answered all the same


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False


class _Fields(msgspec.Struct):
    """The fields of all typed events that are read."""

    text: str = ""
    item_id: str = ""
    code: str = ""
    usage: _Usage | None = None
    retry_after: float | None = None
    level: str = ""
    detail: str = ""


class _Whole(msgspec.Struct):
    """The answer of `/chat`."""

    response: str
    usage: _Usage | None = None


class Answer(Protocol):
    """What the far side has said so far. `ended` where it has said all, `failure` where no more will come, `over` where it
    says itself that it has ended, well or badly."""

    ended: bool
    over: bool
    failure: UpstreamError | None
    usage: UsageChunk | None

    @property
    def text(self) -> str:
        """All text so far."""

    def take(self, data: bytes) -> list[Chunk]:
        """What one read adds to it; no bytes are the end of the response."""


def answer_for(content_type: str, *, announced: bool) -> Answer:
    """The reader for a media type; `announced` where the far side is one that says when its answer has ended."""
    match content_type:
        case "application/json":
            return JsonAnswer()
        case "text/plain":
            return TextAnswer()
        case "text/html":
            raise UpstreamError("The model's server answered with a page.")
        case _:
            return StreamAnswer(announced=announced)


def failure_of(code: str, retry_after: float | None = None) -> UpstreamError | None:
    """The tree's error for a code of this project's, None for one that says nothing about the model's side."""
    kind = _FAILURES.get(code)
    if kind is None:
        return None
    error = kind(retry_after=retry_after)
    return of_request(error) if code in _OF_ONE_USER else error


class _Said:
    """Text on its way out, clean, and what has left."""

    def __init__(self) -> None:
        self.ended = False
        self.over = False
        self.failure: UpstreamError | None = None
        self.usage: UsageChunk | None = None
        self._cleaner = Cleaner()
        self._waiting: list[str] = []
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def flush(self, out: list[Chunk], *, last: bool = False) -> None:
        """What waits becomes one chunk."""
        text = self._cleaner.clean("".join(self._waiting))
        self._waiting.clear()
        if last:
            text += self._cleaner.rest()
        if text:
            self._parts.append(text)
            out.append(TextChunk(text))

    def count(self, usage: _Usage | None) -> None:
        """Keep the usage, unless the far side has only guessed it: so can we, and say so."""
        if usage is not None and not usage.estimated:
            self.usage = UsageChunk.told(usage.input_tokens, usage.output_tokens)


class StreamAnswer(_Said):
    """Server-sent events, in the examples' framing or typed. Typed ones are this project's own (contract: Typed events)."""

    def __init__(self, *, announced: bool) -> None:
        super().__init__()
        self._reader = EventReader() if announced else LooseReader()
        self._announced = announced
        self._item = ""

    def take(self, data: bytes) -> list[Chunk]:
        out: list[Chunk] = []
        try:
            with http.foreign_errors():
                for name, payload in self._reader.feed(data) if data else self._last():
                    self._event(name, payload, out)
                    if self.ended:
                        break
                if not data and not self.ended:
                    self._no_more()
        except UpstreamError as error:
            self.failure = error
        self.flush(out, last=self.ended or self.failure is not None)
        return out

    def _last(self) -> list[Event]:
        """An event without its blank line: the last words of example 2, elsewhere one that was cut off."""
        return [] if self._announced else self._reader.finish()

    def _event(self, name: bytes, payload: bytes, out: list[Chunk]) -> None:
        match name:
            case b"" | b"message":
                if payload == _DONE:
                    self.ended = self.over = True
                else:
                    self._waiting.append(payload.decode("utf-8", "replace"))
            case b"delta":
                self._announced = True
                self._delta(decode(payload, _Fields))
            case b"done":
                self.ended = self.over = True
            case b"error":
                self.over = True
                raise _plain_failure(payload)
            case _ if name in _TYPED:
                self._announced = True
                self._typed(name, decode(payload, _Fields), out)

    def _delta(self, event: _Fields) -> None:
        if event.item_id != self._item:
            if self._item and (self._parts or self._waiting):
                self._waiting.append(BETWEEN)
            self._item = event.item_id
        self._waiting.append(event.text)

    def _typed(self, name: bytes, event: _Fields, out: list[Chunk]) -> None:
        self.flush(out)
        self.over = name in _TERMINAL
        match name:
            case b"progress" if event.text:
                out.append(ProgressChunk(clean(event.text)))
            case b"notice" if event.level in get_args(Level) and event.detail:
                out.append(EventChunk(Notice(cast(Level, event.level), clean(event.detail))))
            case b"snapshot":
                if not self._rest_of(event.text):
                    raise UpstreamError(BROKE_OFF)
            case b"completed":
                self._rest_of(event.text)
                self.count(event.usage)
                self.ended = True
            case b"failed":
                raise failure_of(event.code, event.retry_after) or UpstreamError()
            case b"cancelled" | b"interrupted":
                raise UpstreamDown(BROKE_OFF)

    def _rest_of(self, whole: str) -> bool:
        """What is new in the whole text follows; False where it begins otherwise, since nothing said can be taken back."""
        said = self.text
        if not whole.startswith(said):
            return False
        self._waiting.append(whole[len(said) :])
        return True

    def _no_more(self) -> None:
        """The response has ended. Example 2 says nothing at its end; a backend that would have said so was cut off."""
        if self._announced:
            raise UpstreamDown(BROKE_OFF)
        if not (self._parts or any(self._waiting)):
            raise UpstreamError
        self.ended = self.over = True


class TextAnswer(_Said):
    """Text as it comes, without any framing."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def take(self, data: bytes) -> list[Chunk]:
        out: list[Chunk] = []
        self.ended = self.over = not data
        self._waiting.append(self._decode(data, self.ended))
        self.flush(out, last=self.ended)
        return out


class JsonAnswer(_Said):
    """The whole answer in one object, as `/chat` gives it."""

    def __init__(self, limit: int = 4 * 1024 * 1024) -> None:
        super().__init__()
        self._body = bytearray()
        self._limit = limit

    def take(self, data: bytes) -> list[Chunk]:
        out: list[Chunk] = []
        self._body += data
        if len(self._body) > self._limit:
            self.failure = UpstreamError("The model's server sent an answer that is too large.")
        elif not data:
            self._read(out)
        return out

    def _read(self, out: list[Chunk]) -> None:
        try:
            with http.foreign_errors():
                whole = decode(bytes(self._body), _Whole)
        except UpstreamError as error:
            self.failure = error
            return
        self.ended = self.over = True
        self._waiting.append(whole.response)
        self.count(whole.usage)
        self.flush(out, last=True)


def decode(data: bytes, kind: type[_Kind]) -> _Kind:
    """JSON as `kind`. Lone surrogates, which msgspec refuses, go through the standard library."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\u" not in data:
            raise
    try:
        return msgspec.convert(json.loads(data), kind)
    except ValueError as error:
        raise UpstreamError from error


def _plain_failure(payload: bytes) -> UpstreamError:
    """The failure behind an event named `error`: a sentence, or an object with a code."""
    try:
        said: Any = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        said = None
    code = said.get("code") if isinstance(said, dict) else None
    known = failure_of(code) if isinstance(code, str) else None
    return known or UpstreamError("The model's server could not finish its answer.")
