"""For the tests of kind `python`: a callable that plays what a case is called, and how any callable is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from chat_app.domain.errors import UpstreamDown
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import Chunk, RouteConfig, Timeouts, UsageChunk
from chat_app.providers.python import provider as python
from chat_app.providers.registry import provider
from tests.chat_app.providers.conftest import prompt
from tests.upstream.chunks import token

PATIENT = Timeouts()


def route(timeouts: Timeouts = PATIENT, **parameters: Any) -> RouteConfig:
    return RouteConfig("m", "python", model="it", parameters=parameters, timeouts=timeouts)


def stream(responder: Any, timeouts: Timeouts = PATIENT, **parameters: Any) -> AsyncGenerator[Chunk, None]:
    python.configure({"it": responder})
    return provider("python").stream(route(timeouts, **parameters), prompt("ask"))


async def chunks(responder: Any, timeouts: Timeouts = PATIENT, **parameters: Any) -> list[Chunk]:
    return [chunk async for chunk in stream(responder, timeouts, **parameters)]


async def play(
    prompt: Prompt, tokens: int = 20, delay_ms: int = 0, fails: bool = False
) -> AsyncGenerator[str | UsageChunk, None]:
    """So many tokens with a pause before each, then usage or a failure."""
    for number in range(1, tokens + 1):
        await asyncio.sleep(delay_ms / 1000)
        yield token(number)
    if fails:
        raise UpstreamDown
    yield UsageChunk(len(prompt.messages), tokens)
