"""A model of the Agents SDK that plays a script and counts: what it is called with, what it said, and how its stream ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from agents import Model, ModelResponse
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseTextDeltaEvent,
    ResponseUsage,
)
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

SAME = "__fake_id__"  # as the SDK itself names all that a chat completion says


class Counting(Model):
    """Each call of it plays the next script: words, `("think", words)` or `("tool", name)`; `error` is raised at the end."""

    def __init__(self, *scripts: list[Any], delay: float = 0.0, error: Exception | None = None) -> None:
        self.scripts = list(scripts)
        self.delay, self.error = delay, error
        self.heard: list[Any] = []
        self.said = 0
        self.ended: list[str] = []

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        raise NotImplementedError

    async def stream_response(self, _: Any, heard: Any, *__: Any, **___: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        self.heard.append(heard)
        ended = "closed"
        try:
            output: list[Any] = []
            for number, word in enumerate(self.scripts.pop(0)):
                await asyncio.sleep(self.delay)
                self.said += 1
                yield _event(number, word, output)
            if self.error is not None:
                raise self.error
            if all(item.type == "message" for item in output):
                output.append(_message("".join(t.text for item in output for t in item.content)))
            for number, item in enumerate(output):
                yield ResponseOutputItemDoneEvent(
                    item=item, output_index=number, sequence_number=0, type="response.output_item.done"
                )
            yield ResponseCompletedEvent(
                response=_response(output), sequence_number=0, type="response.completed"
            )
            ended = "whole"
        except asyncio.CancelledError:
            ended = "cancelled"
            raise
        finally:
            self.ended.append(ended)


def _event(number: int, word: Any, output: list[Any]) -> Any:
    if isinstance(word, str):
        return ResponseTextDeltaEvent(
            content_index=0, delta=word, item_id=SAME, logprobs=[], output_index=0, sequence_number=number,
            type="response.output_text.delta",
        )  # fmt: skip
    if word[0] == "tool":
        output.append(
            ResponseFunctionToolCall(
                arguments="{}", call_id=f"call{number}", name=word[1], type="function_call"
            )
        )
    return ResponseReasoningSummaryTextDeltaEvent(
        delta=word[1], item_id=SAME, output_index=0, sequence_number=number, summary_index=0,
        type="response.reasoning_summary_text.delta",
    )  # fmt: skip


def _message(text: str) -> ResponseOutputMessage:
    part = ResponseOutputText(annotations=[], text=text, type="output_text")
    return ResponseOutputMessage(
        id=SAME, content=[part], role="assistant", status="completed", type="message"
    )


def _response(output: list[Any]) -> Response:
    usage = ResponseUsage(
        input_tokens=3, output_tokens=4, total_tokens=7,
        input_tokens_details=InputTokensDetails(cached_tokens=0),
        output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
    )  # fmt: skip
    return Response(
        id=SAME, created_at=0, model="counting", object="response", output=output, parallel_tool_calls=False,
        tool_choice="auto", tools=[], usage=usage,
    )  # fmt: skip
