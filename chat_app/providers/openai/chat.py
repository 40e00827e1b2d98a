"""Chat completions, as OpenAI, vLLM, Ollama, llama.cpp, LiteLLM and many more speak them.

Source: OpenAI's API reference, "Create chat completion", "chat.completion" and "chat.completion.chunk". Reasoning is no
part of it: DeepSeek, vLLM and llama.cpp call it `reasoning_content`, Ollama, OpenRouter and newer vLLM `reasoning`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from chat_app.domain.errors import UpstreamError
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import RouteConfig
from chat_app.providers.openai.answer import NO_STREAM, Answer, Dialect, asked, fault, mended
from chat_app.providers.openai.calls import one_call, tool_choice
from chat_app.providers.openai.files import Shapes, content

PARTS: Final = Shapes(
    text=lambda text: {"type": "text", "text": text},
    image=lambda url: {"type": "image_url", "image_url": {"url": url}},
    file=lambda name, url: {"type": "file", "file": {"filename": name, "file_data": url}},
)


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, gc=False):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Frame(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class _WholeChoice(msgspec.Struct):
    message: _Delta


class _Whole(msgspec.Struct):
    choices: list[_WholeChoice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Frame).decode
_decode_whole: Final = msgspec.json.Decoder(_Whole).decode


def body(route: RouteConfig, prompt: Prompt) -> dict[str, Any]:
    """The request's JSON. The route's parameters beat our defaults, never the prompt, the model or streaming."""
    messages = [{"role": message.role, "content": content(message, PARTS)} for message in prompt.messages]
    fixed = {"model": route.model, "messages": messages, "stream": True}
    chosen = tool_choice(route, prompt, lambda name: {"type": "function", "function": {"name": name}})
    return asked(route, {"stream_options": {"include_usage": True}, **one_call(route)}) | fixed | chosen


class ChatAnswer(Answer):
    """A chat completion, chunk by chunk."""

    __slots__ = ()

    def _event(self, data: bytes, parts: list[str]) -> None:
        try:
            frame = _decode(data)
        except msgspec.DecodeError as error:
            frame = mended(data, _Frame, error)
        if frame.error:
            raise fault(frame.error)
        if frame.usage is not None:
            self._count(frame.usage.prompt_tokens, frame.usage.completion_tokens)
        if frame.choices:
            choice = frame.choices[0]
            delta = choice.delta
            if delta is not None:
                said = delta.content or delta.refusal
                if said:
                    parts.append(said)
                elif (thought := delta.reasoning_content or delta.reasoning) and isinstance(thought, str):
                    self.thoughts.append(thought)
                if delta.tool_calls:
                    self._called(delta.tool_calls)
            if choice.finish_reason:
                self.finished = True

    def _object(self, data: bytes, parts: list[str]) -> None:
        try:
            whole = _decode_whole(data)
        except msgspec.DecodeError as error:
            whole = mended(data, _Whole, error)
        if whole.error:
            raise fault(whole.error)
        if not whole.choices:
            raise UpstreamError(NO_STREAM)
        if whole.usage is not None:
            self._count(whole.usage.prompt_tokens, whole.usage.completion_tokens)
        message = whole.choices[0].message
        parts.append(message.content or message.refusal or "")
        self._called(message.tool_calls or ())

    def _called(self, calls: Iterable[_Call]) -> None:
        for call in calls:
            function = call.function or _Function()
            self.calls.hear(call.index, call.id, function.name, function.arguments)


CHAT: Final = Dialect("/chat/completions", body, ChatAnswer)
