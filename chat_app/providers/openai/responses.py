"""The Responses API, as OpenAI, Azure, vLLM, Ollama, LiteLLM and `transformers serve` speak it.

Source: OpenAI's API reference, "Create a model response" and "Streaming events". Events that are not named here are
passed over. We keep the conversation ourselves: each request holds all of it, and `store` is false unless the route's
parameters say otherwise. The system prompt goes as `instructions`; a route whose parameter `instructions` is None sends
it as a message.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from chat_app.domain.errors import UpstreamError
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import RouteConfig
from chat_app.providers.openai.answer import NO_STREAM, Answer, Dialect, asked, fault, mended
from chat_app.providers.openai.calls import one_call, tool_choice
from chat_app.providers.openai.files import Shapes, content

PARTS: Final = Shapes(
    text=lambda text: {"type": "input_text", "text": text},
    image=lambda url: {"type": "input_image", "image_url": url, "detail": "auto"},
    file=lambda name, url: {"type": "input_file", "filename": name, "file_data": url},
)
_TEXT: Final = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING: Final = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})
_NEXT_REASONING: Final = "response.reasoning_summary_part.added"
_ITEM_DONE: Final = "response.output_item.done"
_ENDED: Final = frozenset({"response.completed", "response.incomplete"})
_FAILED: Final = frozenset({"response.failed", "response.cancelled"})


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Response(msgspec.Struct):
    usage: _Usage | None = None
    error: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: Any = None
    response: _Response | None = None
    error: Any = None
    code: Any = None
    item: Any = None


class _Part(msgspec.Struct, gc=False):
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Part] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class _Whole(msgspec.Struct):
    status: str = ""
    output: list[_Item] | None = None
    usage: _Usage | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Event).decode
_decode_whole: Final = msgspec.json.Decoder(_Whole).decode


def body(route: RouteConfig, prompt: Prompt) -> dict[str, Any]:
    """The request's JSON. The route's parameters beat our defaults, never the prompt, the model or streaming."""
    messages = prompt.messages
    fixed: dict[str, Any] = {"model": route.model, "stream": True}
    if messages and messages[0].role == "system" and route.parameters.get("instructions", "") is not None:
        fixed["instructions"] = messages[0].text
        messages = messages[1:]
    fixed["input"] = [{"role": message.role, "content": content(message, PARTS)} for message in messages]
    chosen = tool_choice(route, prompt, lambda name: {"type": "function", "name": name})
    return asked(route, {"store": False, **one_call(route)}) | fixed | chosen


class ResponsesAnswer(Answer):
    """A response, event by event."""

    __slots__ = ()

    def _event(self, data: bytes, parts: list[str]) -> None:
        try:
            event = _decode(data)
        except msgspec.DecodeError as error:
            event = mended(data, _Event, error)
        kind = event.type
        if kind in _TEXT:
            if isinstance(event.delta, str):
                parts.append(event.delta)
        elif kind in _REASONING:
            if event.delta and isinstance(event.delta, str):
                self.thoughts.append(event.delta)
        elif kind == _NEXT_REASONING:
            self.thoughts.append("\n")
        elif kind == _ITEM_DONE:
            if isinstance(event.item, dict) and event.item.get("type") == "function_call":
                self._call(msgspec.convert(event.item, _Item))
        elif kind in _ENDED:
            self.finished = self.ended = True
            if event.response is not None and event.response.usage is not None:
                self._count(event.response.usage.input_tokens, event.response.usage.output_tokens)
        elif kind in _FAILED:
            raise fault(event.response.error if event.response is not None else None)
        elif kind == "error" or event.error:
            # Documented with the code at the top; sent with an object inside.
            raise fault(event.error or {"code": event.code})

    def _object(self, data: bytes, parts: list[str]) -> None:
        try:
            whole = _decode_whole(data)
        except msgspec.DecodeError as error:
            whole = mended(data, _Whole, error)
        if whole.error or whole.status == "failed":
            raise fault(whole.error)
        if whole.output is None or whole.status not in ("completed", "incomplete"):
            raise UpstreamError(NO_STREAM)
        if whole.usage is not None:
            self._count(whole.usage.input_tokens, whole.usage.output_tokens)
        for item in whole.output:
            if item.type == "message":
                parts.extend(part.text or part.refusal or "" for part in item.content or ())
            elif item.type == "function_call":
                self._call(item)

    def _call(self, item: _Item) -> None:
        self.calls.hear(len(self.calls), item.call_id, item.name, item.arguments)


RESPONSES: Final = Dialect("/responses", body, ResponsesAnswer)
