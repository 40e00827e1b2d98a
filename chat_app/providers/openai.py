"""The dialect of OpenAI's chat completions, as OpenAI, vLLM, Ollama, llama.cpp, LiteLLM and many more speak it.

Source: OpenAI's API reference, "Create chat completion" and "chat.completion.chunk". Only the fields that are needed
are decoded. All that one read gave becomes one TextChunk, so that the cost does not grow with the token rate.

Parameters of the route go into the request as they stand (temperature, max_tokens, ...); one that is None is left
out, which also takes away a default of ours: `stream_options = None` for a server that does not know it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable
from typing import Any, ClassVar, Final

import msgspec
from yarl import URL

from chat_app.domain.errors import UpstreamBusy, UpstreamError
from chat_app.domain.prompt import Prompt
from chat_app.providers import http
from chat_app.providers.base import Chunk, RouteConfig, TextChunk, UsageChunk
from chat_app.providers.sse import Event, EventReader
from chat_app.providers.text import Cleaner

PATH: Final = "/chat/completions"
AFTERWARDS: Final = 2.0  # seconds for usage and [DONE] once the model said that it has finished
MAX_COUNT: Final = 2**31 - 1


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Frame(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Frame).decode


class OpenAIProvider:
    """Chat completions, streamed."""

    kind: ClassVar[str] = "openai"

    def missing(self, route: RouteConfig) -> str | None:
        """A base URL that may be used, a model name, and a key where the host is OpenAI's own."""
        if not route.base_url.strip():
            return "The base URL is missing, for example https://api.openai.com/v1."
        if problem := http.url_problem(route.base_url):
            return problem
        if not route.model:
            return "The model name is missing: the name that the upstream knows it by."
        host = URL(route.base_url.strip()).host or ""
        if not route.api_key.strip() and (host == "openai.com" or host.endswith(".openai.com")):
            return "The API key is missing; OpenAI answers nobody without one."
        if not (route.api_key.isascii() and route.api_key.strip().isprintable()):
            return "The API key holds a character that no header can carry."
        return None

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """One attempt: text as it comes, usage last where the upstream gave it. Raises UpstreamError."""
        reader, answer = EventReader(), _Answer()
        with http.foreign_errors():
            request = await http.post(
                url(route), headers=_headers(route), body=body(route, prompt), timeouts=route.timeouts
            )
            async with request as upstream:
                if upstream.content_type in ("text/html", "application/json"):
                    raise UpstreamError("The model's server did not answer with a stream.")
                while not answer.ended:
                    try:
                        data = await upstream.read()
                    except http.BROKEN:
                        if answer.finished:
                            break
                        raise
                    if text := answer.take(reader.feed(data) if data else reader.finish(), last=not data):
                        upstream.text_came()
                        yield TextChunk(text)
                    if answer.failure is not None:
                        raise answer.failure
                    if answer.finished:
                        upstream.hurry(AFTERWARDS)
                if answer.ended:
                    upstream.whole()
        if answer.usage is not None:
            yield answer.usage


def url(route: RouteConfig) -> URL:
    """Where the route's requests go; a base URL that already names the path, or has a query, is kept."""
    base = URL(route.base_url.strip())
    path = base.path.rstrip("/")
    return base if path.endswith(PATH) else base.with_path(path + PATH, keep_query=True)


def body(route: RouteConfig, prompt: Prompt) -> dict[str, Any]:
    """The request's JSON. The route's parameters beat our defaults, never the prompt, the model or streaming."""
    asked = {"stream_options": {"include_usage": True}, **route.parameters}
    messages = [{"role": message.role, "content": message.text} for message in prompt.messages]
    fixed = {"model": route.model, "messages": messages, "stream": True}
    return {key: value for key, value in asked.items() if value is not None} | fixed


def _headers(route: RouteConfig) -> dict[str, str]:
    key = route.api_key.strip()
    return {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {key}"} if key else {})


class _Answer:
    """What the stream has said so far. A failure is kept, not raised, so that the text before it is not lost."""

    __slots__ = ("_cleaner", "ended", "failure", "finished", "usage")

    def __init__(self) -> None:
        self._cleaner = Cleaner()
        self.finished = False  # the model said that it has
        self.ended = False  # nothing more will come
        self.failure: UpstreamError | None = None
        self.usage: UsageChunk | None = None

    def take(self, events: Iterable[Event], *, last: bool) -> str:
        """The text of some events, merged; `last` where the connection has ended."""
        parts: list[str] = []
        try:
            with http.foreign_errors():
                for _, data in events:
                    if data == b"[DONE]":
                        self.ended = True
                        break
                    self._take(_frame(data), parts)
        except UpstreamError as error:
            self.failure = error
        if last and not self.ended:
            self.ended = self.finished
            if not self.finished and (self.failure is None or self.failure.__cause__ is not None):
                self.failure = UpstreamError("The model's answer broke off before its end.")
        text = self._cleaner.clean("".join(parts))
        return text + self._cleaner.rest() if self.ended or self.failure else text

    def _take(self, frame: _Frame, parts: list[str]) -> None:
        if frame.error:
            raise _fault(frame.error)
        if frame.usage is not None:
            self.usage = UsageChunk(_count(frame.usage.prompt_tokens), _count(frame.usage.completion_tokens))
        if frame.choices:
            choice = frame.choices[0]
            if choice.delta is not None:
                said = choice.delta.content or choice.delta.refusal
                if said:
                    parts.append(said)
            if choice.finish_reason:
                self.finished = True


def _frame(data: bytes) -> _Frame:
    """One event's JSON. Lone surrogates, which msgspec refuses, go through the standard library."""
    try:
        return _decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\u" not in data:
            raise
    try:
        return msgspec.convert(json.loads(data), _Frame)
    except ValueError as error:
        raise UpstreamError from error


def _count(tokens: int | None) -> int:
    return min(max(tokens or 0, 0), MAX_COUNT)


def _fault(error: Any) -> UpstreamError:
    """The tree's error for an error object inside a stream: by its HTTP status where `code` is one, else by its code."""
    code = http.fault_code(error)
    status = error.get("code") if isinstance(error, dict) else None
    if isinstance(status, str) and status.isdecimal():
        status = int(status[:4])
    if isinstance(status, int) and 400 <= status < 600:
        return http.error_of_status(status, code=code)
    if "rate_limit" in code or "overloaded" in code:
        return UpstreamBusy()
    return http.error_of_status(0, code=code)
