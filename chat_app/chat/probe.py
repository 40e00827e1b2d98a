"""A real round trip to models' own routes, for whoever sets them up: no turn, no fallback, no breaker, no row.

Each is asked one short question, as a turn would ask it, and read to its end or until it is plain that it answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Literal

from chat_app.chat import context
from chat_app.chat.attempt import Listening
from chat_app.chat.catalog import Route
from chat_app.domain.errors import ChatError, NotConfigured, UpstreamTimeout
from chat_app.providers.base import Chunk, TextChunk, UsageChunk

QUESTION: Final = "Answer with one word: hello."
ENOUGH: Final = 400  # characters of an answer, after which the rest is not waited for
AT_ONCE: Final = 8  # models that are asked at the same time
OWNER: Final = "key:check_models"


@dataclass(slots=True)
class Probe:
    """What a model's own route did. Milliseconds; None for what did not come, as tokens from an upstream that counts none."""

    id: str
    kind: str
    state: Literal["ok", "failed", "not set up"] = "ok"
    code: str = ""
    detail: str = ""
    first_text_ms: int | None = None
    total_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


async def probe_all(routes: Iterable[Route], seconds: float) -> list[Probe]:
    """All of them, in the order given, a few at a time; each has so many seconds."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(route: Route) -> Probe:
        async with places:
            return await probe(route, seconds)

    return list(await asyncio.gather(*(one(route) for route in routes)))


async def probe(route: Route, seconds: float) -> Probe:
    """One round trip within so many seconds and the route's own timeouts. Never raises for what the route does."""
    told = Probe(route.id, route.config.kind)
    if route.missing is not None:
        told.state, told.code, told.detail = "not set up", NotConfigured.code, route.missing
        return told
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            await _ask(route, seconds, told, started)
    except TimeoutError:
        _failed(told, UpstreamTimeout(f"There was no whole answer within {seconds:g} s."))
    except ChatError as error:
        _failed(told, error)
    told.total_ms = _since(started)
    return told


class _Enough(Exception):
    """It answers; what is still to come is not wanted."""


async def _ask(route: Route, seconds: float, told: Probe, started: float) -> None:
    length = 0

    def take(chunk: Chunk) -> None:
        nonlocal length
        if isinstance(chunk, UsageChunk):
            told.input_tokens, told.output_tokens = chunk.input_tokens, chunk.output_tokens
        elif isinstance(chunk, TextChunk):
            length += len(chunk.text)
            if length > ENOUGH:
                raise _Enough

    def visible() -> None:
        told.first_text_ms = _since(started)

    limits = route.config.timeouts
    capped = replace(limits, total=min(limits.total, seconds))
    with suppress(_Enough):
        await Listening(take, visible).to(
            replace(route.config, timeouts=capped),
            context.build(route, (), context.Exchange(QUESTION), context.Whose(OWNER)),
        )


def _failed(told: Probe, error: ChatError) -> None:
    told.state, told.code, told.detail = "failed", error.code, error.detail


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
