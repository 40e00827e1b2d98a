"""Reasoning of the kind `openai`: shown in passing, no text, and a sign of life."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chat_app.domain.errors import UpstreamTimeout
from chat_app.providers.base import Chunk, ProgressChunk, RouteConfig, TextChunk, Timeouts
from chat_app.providers.openai.provider import OpenAIProvider
from tests.chat_app.providers.conftest import prompt

Serve = Callable[[list[tuple[float, bytes]]], Awaitable[str]]
DONE = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def chat(**delta: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


def event(kind: str, **fields: object) -> bytes:
    return b"data: " + json.dumps({"type": kind, **fields}).encode() + b"\n\n"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves a script of (pause before it, bytes) at any path; gives the base URL."""
    servers: list[TestServer] = []

    async def start(script: list[tuple[float, bytes]]) -> str:
        async def play(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            for pause, data in script:
                await asyncio.sleep(pause)
                await response.write(data)
            return response

        app = web.Application()
        app.router.add_post("/{path:.*}", play)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/v1"))

    yield start
    for server in servers:
        await server.close()


async def chunks(url: str, timeouts: Timeouts | None = None, **parameters: object) -> list[Chunk]:
    route = RouteConfig("m", "openai", url, "m", parameters=parameters, timeouts=timeouts or Timeouts())
    return [chunk async for chunk in OpenAIProvider().stream(route, prompt("hi"))]


@pytest.mark.parametrize("word", ["reasoning_content", "reasoning"])
async def test_reasoning_delta_is_progress_and_no_text(serve: Serve, word: str) -> None:
    url = await serve([(0, chat(**{word: "Let me see."})), (0.05, chat(content="42")), (0, DONE)])
    assert await chunks(url) == [ProgressChunk("Let me see."), TextChunk("42")]


async def test_reasoning_named_twice_is_heard_once(serve: Serve) -> None:
    url = await serve(
        [(0, chat(reasoning="ha", reasoning_content="ha")), (0.05, chat(content="42")), (0, DONE)]
    )
    assert await chunks(url) == [ProgressChunk("ha"), TextChunk("42")]


async def test_reasoning_that_is_no_string_is_passed_over(serve: Serve) -> None:
    url = await serve([(0, chat(reasoning={"effort": "low"})), (0.05, chat(content="42")), (0, DONE)])
    assert await chunks(url) == [TextChunk("42")]


@pytest.mark.parametrize("kind", ["response.reasoning_summary_text.delta", "response.reasoning_text.delta"])
async def test_reasoning_of_responses_is_progress_and_no_text(serve: Serve, kind: str) -> None:
    script = [
        (0, event(kind, delta="Hm.")),
        (0.05, event("response.output_text.delta", delta="42")),
        (0, event("response.completed", response={"usage": None})),
    ]
    url = await serve(script)
    assert await chunks(url, api="responses") == [ProgressChunk("Hm."), TextChunk("42")]


async def test_think_tags_are_progress_where_the_route_says_so(serve: Serve) -> None:
    script = [(0, chat(content="<think>Hm.")), (0.05, chat(content="</think>\n42")), (0, DONE)]
    assert await chunks(await serve(script), think_tags=True) == [ProgressChunk("Hm."), TextChunk("42")]
    plain = await chunks(await serve(script))
    assert "".join(chunk.text for chunk in plain if isinstance(chunk, TextChunk)) == "<think>Hm.</think>\n42"


async def test_answer_that_ends_within_the_opening_tag_is_text(serve: Serve) -> None:
    assert await chunks(await serve([(0, chat(content="<thi")), (0.05, DONE)]), think_tags=True) == [
        TextChunk("<thi")
    ]


async def test_thought_that_came_with_text_is_not_told(serve: Serve) -> None:
    url = await serve([(0, chat(reasoning="Hm.") + chat(content="42")), (0.05, DONE)])
    assert await chunks(url) == [TextChunk("42")]


async def test_many_thoughts_make_few_remarks(serve: Serve) -> None:
    script = [(0.01, chat(reasoning=f"Step {n}. ")) for n in range(40)]
    said = await chunks(await serve([*script, (0, chat(content="42")), (0, DONE)]))
    assert said[0] == ProgressChunk("Step 0.")
    assert said[-1] == TextChunk("42")
    assert len(said) < 12


async def test_thinking_aloud_outlives_the_limit_of_the_first_text(serve: Serve) -> None:
    script = [(0.1, chat(reasoning="Hm. ")) for _ in range(8)]
    url = await serve([*script, (0.1, chat(content="42")), (0, DONE)])
    assert (await chunks(url, Timeouts(first_token=0.4, idle=10)))[-1] == TextChunk("42")


async def test_thinking_that_falls_silent_ends_at_the_idle_limit(serve: Serve) -> None:
    url = await serve([(0, chat(reasoning="Hm. ")), (3600, DONE)])
    with pytest.raises(UpstreamTimeout):
        await chunks(url, Timeouts(first_token=60, idle=0.2))


async def test_empty_reasoning_is_no_sign_of_life(serve: Serve) -> None:
    script = [(0.05, chat(reasoning="", content="")) for _ in range(200)]
    with pytest.raises(UpstreamTimeout):
        await chunks(await serve(script), Timeouts(first_token=0.3, idle=10))
