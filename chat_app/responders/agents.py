"""An agent of the OpenAI Agents SDK as a responder. Stop stops it: its run is cancelled, and with it the model's own stream.

Needs `pip install -r requirements-agents.txt`. The SDK is imported here and nowhere else, so that a server that runs no agent
never loads it. Ids of the SDK and of the model's server go nowhere: theirs may be the same for every answer.

    from agents import Agent
    from chat_app.responders.agents import agent_responder

    answer = agent_responder(Agent(name="Helper", instructions="Be brief.", model="gpt-5-mini"))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final

import httpx
import openai
from agents import (
    Agent,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelRetrySettings,
    ModelSettings,
    OutputGuardrailTripwireTriggered,
    RunConfig,
    Runner,
    RunResultStreaming,
    StreamEvent,
)

from chat_app.domain.errors import UpstreamDown, UpstreamError, UpstreamRefused, UpstreamTimeout
from chat_app.domain.events import Progress
from chat_app.domain.prompt import Prompt
from chat_app.providers import statuses
from chat_app.providers.base import UsageChunk
from chat_app.providers.openai.files import content
from chat_app.providers.openai.reasoning import Thoughts
from chat_app.providers.openai.responses import PARTS

LET_GO: Final = 1.0  # seconds that a cancelled run has to end; less than the engine's own patience
TEXT: Final = frozenset({"response.output_text.delta", "response.refusal.delta"})
REASONING: Final = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})

Given = str | Progress | UsageChunk


def agent_responder(
    agent: Agent[Any],
    *,
    max_turns: int = 10,
    run_config: RunConfig | None = None,
    context: Callable[[Prompt], Any] = lambda prompt: prompt,
) -> Callable[[Prompt], AsyncIterator[Given]]:
    """A responder that runs `agent` for each turn, with the conversation as its input.

    Tools find what `context(prompt)` returns as their run's context, by default the Prompt itself with its `owner`. Without a
    `run_config` of your own nothing is traced, the model is asked for its token counts, and no failed request is tried again
    underneath: the server's own routing does that, before the first text alone.
    """
    settings = ModelSettings(include_usage=True, retry=ModelRetrySettings(max_retries=0))
    config = run_config or RunConfig(tracing_disabled=True, model_settings=settings)

    async def respond(prompt: Prompt) -> AsyncIterator[Given]:
        answer = _Answer()
        with sdk_errors(max_turns):
            run = Runner.run_streamed(
                agent, _input(prompt), context=context(prompt), max_turns=max_turns, run_config=config
            )
            async with aclosing(_events(run)) as events:
                async for event in events:
                    for given in answer.take(event):
                        yield given
        used = run.context_wrapper.usage
        if used.total_tokens:
            yield UsageChunk(used.input_tokens, used.output_tokens)

    return respond


def _input(prompt: Prompt) -> list[Any]:
    """The conversation as input items, which are the Responses API's."""
    return [{"role": message.role, "content": content(message, PARTS)} for message in prompt.messages]


async def _events(run: RunResultStreaming) -> AsyncGenerator[StreamEvent, None]:
    """The events of a run, which ends with them.

    Each is awaited in a task of its own, so that a cancellation of the reader does not reach the SDK: it would cancel its run
    twice over, and the second time cut short the closing of the model's connection, which then stays open to the last token.
    """
    events = run.stream_events()
    coming: asyncio.Future[StreamEvent | None] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(anext(events, None))
            await asyncio.wait({coming})
            event = coming.result()
            if event is None:
                return
            yield event
    finally:
        await _stop(run, coming)
        await events.aclose()  # type: ignore[attr-defined]


async def _stop(run: RunResultStreaming, coming: asyncio.Future[StreamEvent | None] | None) -> None:
    """Cancel a run that is under way, once, and wait until it has closed the model's stream; then let its events end. One
    that does not let go is left behind."""
    task = run.run_loop_task
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=LET_GO)
    run.cancel()
    if coming is not None and not coming.done():
        await asyncio.wait({coming}, timeout=LET_GO)
        coming.cancel()


class _Answer:
    """What a run has said so far, as far as the next event depends on it."""

    def __init__(self) -> None:
        self._thoughts = Thoughts()
        self._said = False
        self._next = False  # a message ended: what comes is another one

    def take(self, event: StreamEvent) -> Iterator[Given]:
        """What the person gets to see of an event."""
        if event.type == "raw_response_event":
            data = event.data
            if data.type in TEXT:
                yield from self._text(data.delta)  # type: ignore[union-attr]
            elif data.type in REASONING:
                if remark := self._thoughts.hear(data.delta):  # type: ignore[union-attr]
                    yield Progress(remark)
            elif data.type in ("response.output_item.done", "response.completed"):
                self._next = self._said
        elif event.type == "run_item_stream_event":
            if event.name == "tool_called":
                raw: Any = event.item.raw_item
                yield Progress(f"Using {getattr(raw, 'name', None) or getattr(raw, 'type', 'a tool')}")
            elif event.name == "handoff_occured":
                target: Any = getattr(event.item, "target_agent", None)
                yield Progress(f"Handing over to {getattr(target, 'name', 'another agent')}")

    def _text(self, delta: str) -> Iterator[str]:
        if self._next and delta:
            yield "\n\n"
            self._next = False
        self._said = self._said or bool(delta)
        yield delta


@contextmanager
def sdk_errors(max_turns: int | None = None) -> Iterator[None]:
    """The one place where errors of the SDK and of its client become our tree's. Others pass: they are bugs of the agent."""
    try:
        yield
    except MaxTurnsExceeded as error:
        steps = f"{max_turns} steps" if max_turns is not None else "its steps"
        raise UpstreamError(f"The agent came to no end within {steps}.") from error
    except (InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered) as error:
        raise statuses.of_request(UpstreamRefused("A guardrail of the agent stopped this.")) from error
    except ModelBehaviorError as error:
        raise UpstreamError from error
    except openai.APIStatusError as error:
        code = error.code if isinstance(error.code, str) else ""
        wait = statuses.told_to_wait(error.response.headers)
        raise statuses.error_of_status(error.status_code, code=code, retry_after=wait) from error
    except (openai.APITimeoutError, httpx.TimeoutException) as error:
        raise UpstreamTimeout from error
    except (openai.APIConnectionError, httpx.TransportError) as error:
        raise UpstreamDown from error
    except openai.APIError as error:
        raise UpstreamError from error
