"""Stopping a ChatKit server: its model hangs up, its tasks end, and what was said so far is kept."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, RunConfig, Runner
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.types import ThreadItemAddedEvent

from chat_app.chat.engine import Run
from chat_app.domain.events import Cancelled, Completed, Failed
from chat_app.domain.prompt import Given, Message, Prompt
from chat_app.responders import chatkit_tasks
from chat_app.responders.chatkit_here import HERE
from chat_app.responders.chatkit_server import chatkit_responder
from chat_app.streaming.log import MemoryLog
from tests.chat_app.responders.models import Counting
from tests.chat_app.responders.sdk import (
    OWNER,
    Scripted,
    answered,
    begin,
    card,
    done,
    execute,
    note,
    rows,
    said,
)
from tests.upstream.faulty import Upstream, serving

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving() as running:
        yield running


def agent_server(model: Any, *, helper: bool = True) -> Scripted:
    """A server in the style of the SDK's guide; without its `helper` it reads the run's events itself."""
    agent = Agent[Any](name="Helper", instructions="Count.", model=model)

    async def respond(server: Any, thread: Any, question: Any) -> Any:
        page = await server.store.load_thread_items(thread.id, None, 20, "desc", {})
        given = await simple_to_agent_input(page.data[::-1])
        context: Any = AgentContext(thread=thread, store=server.store, request_context={})
        run = Runner.run_streamed(agent, given, context=context, run_config=RunConfig(tracing_disabled=True))
        if helper:
            async for event in stream_agent_response(context, run):
                yield event
            return
        yield ThreadItemAddedEvent(item=said("a", "from the run: "))
        async for raw in run.stream_events():
            if raw.type == "raw_response_event" and raw.data.type == "response.output_text.delta":
                yield done(said("a", raw.data.delta))

    return Scripted(respond)


def over_the_wire(upstream: Upstream, kind: Any, **knobs: Any) -> Any:
    client = openai.AsyncOpenAI(
        base_url=upstream.base_url("ok"), api_key="none", default_query=knobs, max_retries=0
    )
    return kind("faulty", client)


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks()


@pytest.mark.serial
@pytest.mark.parametrize("kind", [OpenAIChatCompletionsModel, OpenAIResponsesModel])
@pytest.mark.parametrize("helper", [True, False])
async def test_stop_hangs_up_on_the_models_server_at_once_and_leaves_no_task(
    upstream: Upstream, kind: Any, helper: bool
) -> None:
    server = agent_server(over_the_wire(upstream, kind, tokens=500, delay_ms=20), helper=helper)
    spec = await asyncio.to_thread(begin, server)
    before = others()
    run = Run(spec, MemoryLog())
    ended = asyncio.create_task(run.execute())
    await upstream.until(open=1)
    while "0003" not in run.text():
        await asyncio.sleep(0.01)
    began = time.monotonic()
    run.stop("cancelled")
    await upstream.until(open=0, hung_up=1)
    assert time.monotonic() - began < 0.2
    await ended
    gc.collect()
    await asyncio.sleep(0.1)
    assert {task.get_name() for task in others() - before - {ended}} == set()
    left = await asyncio.to_thread(rows, spec)
    assert "000" in left[0].text
    assert left[0].data["state"] == "cancelled"


async def test_agent_answers_whole_over_the_wire(upstream: Upstream) -> None:
    for kind in (OpenAIChatCompletionsModel, OpenAIResponsesModel):
        spec = await asyncio.to_thread(begin, agent_server(over_the_wire(upstream, kind, tokens=20)))
        log = MemoryLog()
        await Run(spec, log).execute()
        ending = log.find(spec.turn_id).after(0)[-1].event  # type: ignore[union-attr,index]
        assert isinstance(ending, Completed), ending
        assert ending.text.split() == [f"{n:04}" for n in range(1, 21)]


def test_two_answers_of_one_run_are_two_items() -> None:
    model = Counting(["One ", "moment."], ["Done."])
    spec = begin(agent_server(model))
    execute(spec)
    again = begin(agent_server(model))
    execute(again)
    assert rows(spec)[0].pk != rows(again)[0].pk
    assert model.heard[0][-1]["content"][0]["text"] == "hello"


def test_stop_keeps_what_was_said_and_the_note_of_the_sdk_behind_it() -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        yield done(card("w", "one"))
        yield ThreadItemAddedEvent(item=said("a", "half"))
        yield ThreadItemAddedEvent(item=said("b"))
        await asyncio.sleep(60)

    events, left, _ = answered(respond, stop_after=0.3)
    assert isinstance(events[-1], Cancelled)
    assert [(row.kind, row.text) for row in left] == [
        ("widget", ""),
        ("assistant_message", "half"),
        ("sdk_hidden_context", ""),
    ]
    assert "cancelled" in left[2].data["content"]


def test_server_says_itself_what_is_kept_of_a_stopped_answer() -> None:
    class Own(Scripted):
        pending: list[Any] = []

        async def handle_stream_cancelled(self, thread: Any, pending_items: Any, context: Any) -> None:
            self.pending.extend(pending_items)
            await self.store.add_thread_item(thread.id, note("n", "stopped"), context)
            await self.store.save_item(thread.id, card("w", "last"), context)

    async def respond(*_: Any) -> Any:
        yield ThreadItemAddedEvent(item=card("w", "first"))
        yield ThreadItemAddedEvent(item=said("a", "half"))
        await asyncio.sleep(60)

    server = Own(respond)
    spec = begin(server)
    execute(spec, stop_after=0.3)
    left = rows(spec)
    assert [row.kind for row in left] == ["widget", "assistant_message", "hidden_context_item"]
    # what it calls `w` is still the item that it has added
    assert left[0].data["widget"]["children"][0]["value"] == "last"
    assert [item.type for item in server.pending] == ["widget", "assistant_message"]


def test_server_that_breaks_while_it_is_stopped_loses_nothing() -> None:
    class Breaks(Scripted):
        async def handle_stream_cancelled(self, *_: Any) -> None:
            raise KeyError("bug")

    async def respond(*_: Any) -> Any:
        yield done(said("a", "half"))
        await asyncio.sleep(60)

    spec = begin(Breaks(respond))
    assert isinstance(execute(spec, stop_after=0.3)[-1], Cancelled)
    assert [row.text for row in rows(spec)] == ["half"]


def test_server_cleans_up_in_the_task_in_which_it_ran() -> None:
    ran: list[Any] = []

    async def respond(*_: Any) -> Any:
        token = HERE.set(HERE.get())
        ran.append(asyncio.current_task())
        try:
            yield done(said("a", "half"))
            await asyncio.sleep(60)
        finally:
            HERE.reset(token)  # raises in any other context
            ran.append(asyncio.current_task())

    assert isinstance(answered(respond, stop_after=0.3)[0][-1], Cancelled)
    assert ran[0] is ran[1]


def test_server_that_fails_ends_what_it_has_begun() -> None:
    ended: list[str] = []

    async def child() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("child")

    async def respond(*_: Any) -> Any:
        asyncio.create_task(child())  # noqa: RUF006
        yield done(said("a", "half"))
        raise KeyError("bug")

    ending = answered(respond)[0][-1]
    assert isinstance(ending, Failed)
    assert (ending.code, ended) == ("upstream_error", ["child"])


def test_server_that_cancels_itself_has_failed() -> None:
    async def respond(*_: Any) -> Any:
        yield done(said("a", "half"))
        raise asyncio.CancelledError

    ending = answered(respond)[0][-1]
    assert isinstance(ending, Failed)
    assert ending.text == "half"


async def test_tasks_of_another_turn_are_left_alone() -> None:
    async def waits() -> None:
        await asyncio.sleep(60)

    mine, theirs = object(), object()
    token = HERE.set(mine)
    own = asyncio.create_task(waits())
    HERE.set(theirs)
    other = asyncio.create_task(waits())
    HERE.reset(token)
    assert chatkit_tasks.begun_in(mine) == [own]
    await chatkit_tasks.stop(own, mine)
    assert own.cancelled()
    assert not other.done()
    other.cancel()


async def test_closing_the_answer_before_its_first_step_does_no_harm() -> None:
    async def respond(*_: Any) -> Any:
        yield done(said("a", "x"))

    answer = chatkit_responder(Scripted(respond)).respond(
        Prompt((Message("user", "hi"),), OWNER, given=Given())
    )
    await answer.aclose()  # type: ignore[attr-defined]
