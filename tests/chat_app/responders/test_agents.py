"""An agent of the Agents SDK as a responder: what it says, and that its model stops when it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, RunContextWrapper, function_tool, input_guardrail
from agents import GuardrailFunctionOutput as Verdict

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.events import Progress
from chat_app.domain.prompt import FilePart, Message, Prompt
from chat_app.providers.base import UsageChunk
from chat_app.responders.agents import agent_responder
from tests.chat_app.responders.models import Counting
from tests.upstream.faulty import Upstream, serving, text_of

PROMPT = Prompt((Message("system", "Be brief."), Message("user", "Hello")), owner="ext:7")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving() as running:
        yield running


@function_tool
async def whoami(run: RunContextWrapper[Prompt]) -> str:
    """Who speaks."""
    return run.context.owner


def agent(model: Any, **options: Any) -> Agent[Any]:
    return Agent(name="Helper", instructions="Help.", model=model, **options)


def over_the_wire(upstream: Upstream, fault: str, **knobs: object) -> OpenAIChatCompletionsModel:
    client = openai.AsyncOpenAI(
        base_url=upstream.base_url(fault), api_key="none", default_query=knobs, timeout=2
    )
    return OpenAIChatCompletionsModel("faulty", client)


async def given(model: Any, prompt: Prompt = PROMPT, **options: Any) -> list[Any]:
    turns = options.pop("max_turns", 10)
    respond = agent_responder(agent(model, **options), max_turns=turns)
    return [value async for value in respond(prompt)]


async def test_agent_says_text_then_what_it_used() -> None:
    model = Counting(["Hel", "lo"])
    assert await given(model) == ["Hel", "lo", UsageChunk(3, 4)]
    assert model.heard == [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]]


async def test_pictures_go_along() -> None:
    model = Counting(["A dot."])
    picture = FilePart("dot.png", "image/png", b"\x89PNG\r\n\x1a\n")
    await given(model, Prompt((Message("user", "What is it?", (picture,)),)))
    kinds = [part["type"] for part in model.heard[0][0]["content"]]
    assert kinds == ["input_image", "input_text"]


async def test_tools_and_thoughts_are_shown_in_passing_and_messages_kept_apart() -> None:
    model = Counting([("think", "Who is it?"), "One moment.", ("tool", "whoami")], ["It is you."])
    said = await given(model, tools=[whoami])
    assert said == [
        Progress("Who is it?"),
        "One moment.",
        Progress("Using whoami"),
        "\n\n",
        "It is you.",
        UsageChunk(6, 8),
    ]
    assert model.heard[1][-1]["output"] == "ext:7"


async def test_closing_stops_the_model_in_mid_stream() -> None:
    model = Counting([f"{n} " for n in range(200)], delay=0.01)
    answer = agent_responder(agent(model))(PROMPT)
    async for _ in answer:
        break
    await answer.aclose()  # type: ignore[attr-defined]
    said = model.said
    assert model.ended == ["cancelled"]
    await asyncio.sleep(0.1)
    assert model.said == said < 100


async def test_cancelling_the_reader_stops_the_model_in_mid_stream() -> None:
    model = Counting([f"{n} " for n in range(200)], delay=0.01)
    task = asyncio.create_task(given(model))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    said = model.said
    assert model.ended == ["cancelled"]
    await asyncio.sleep(0.1)
    assert 0 < model.said == said


async def test_answer_over_the_wire_is_whole_and_counted(upstream: Upstream) -> None:
    said = await given(over_the_wire(upstream, "ok"))
    assert "".join(said[:-1]) == text_of(20)
    assert said[-1].output_tokens == 20


@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_stop_hangs_up_on_the_models_server(upstream: Upstream, how: str) -> None:
    model = over_the_wire(upstream, "ok", tokens=500, delay_ms=20)
    answer = agent_responder(agent(model))(PROMPT)
    if how == "close":
        await anext(answer)
        await answer.aclose()  # type: ignore[attr-defined]
    else:
        task = asyncio.create_task(given(model))
        await upstream.until(open=1)
        task.cancel()
        await asyncio.wait({task})
    await upstream.until(open=0, hung_up=1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", UpstreamBusy),
        ("503", UpstreamDown),
        ("401", UpstreamRefused),
        ("hang", UpstreamTimeout),
        ("reset", UpstreamDown),
        ("cut_off", UpstreamDown),
    ],
)
async def test_failures_of_the_models_server_are_the_trees_and_asked_for_once(
    upstream: Upstream, fault: str, error: type[UpstreamError]
) -> None:
    with pytest.raises(error) as caught:
        await given(over_the_wire(upstream, fault, retry_after=7))
    assert upstream.state.requests == 1
    if fault == "429":
        assert caught.value.retry_after == 7


async def test_agent_that_comes_to_no_end_fails() -> None:
    model = Counting(*[[("tool", "whoami")]] * 5)
    with pytest.raises(UpstreamError, match="within 3 steps"):
        await given(model, tools=[whoami], max_turns=3)
    assert len(model.heard) == 3


async def test_guardrail_refuses_the_request_and_says_nothing_of_the_route() -> None:
    @input_guardrail
    async def no_entry(*_: Any) -> Verdict:
        return Verdict(output_info=None, tripwire_triggered=True)

    with pytest.raises(UpstreamRefused) as caught:
        await given(Counting(["a"] * 20, delay=0.01), input_guardrails=[no_entry])
    assert caught.value.of_request


async def test_bug_of_the_agent_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        await given(Counting(["half"], error=ZeroDivisionError()))
