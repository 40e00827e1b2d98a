"""A route that fails, and the workers that find out: each is a Breakers of its own. For tests with the fixture `clock`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from chat_app.chat import health
from chat_app.chat.breaker import Breakers
from chat_app.chat.route_state import Leave
from chat_app.domain.errors import ChatError, UpstreamDown
from chat_app.models import RouteHealth
from chat_app.providers.base import RouteConfig, Timeouts
from sessions_app.db import db

SICK = RouteConfig("sick", "openai", timeouts=Timeouts(first_token=1))


class Clock:
    """The time of day, which a test may put forward: the fixture `clock`."""

    ahead = 0.0

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


def play(scenario: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(scenario)


def row() -> RouteHealth:
    return RouteHealth.objects.get(pk="sick")


async def leave_of(worker: Breakers) -> Leave:
    found = await worker.admit(SICK)
    assert isinstance(found, Leave), found
    return found


async def tell(worker: Breakers, *outcomes: ChatError | None) -> None:
    """One turn after the other, each with its end; then all is stored."""
    for outcome in outcomes:
        worker.ended(await leave_of(worker), outcome)
    await worker.settle()


async def look(worker: Breakers) -> None:
    """What the catalogue does once a second."""
    worker.learn(await db(health.read), ["sick"], time.monotonic())


async def opened(*others: Breakers) -> Breakers:
    worker = Breakers()
    await tell(worker, *[UpstreamDown()] * 5)
    assert worker.refusal(SICK) is not None
    for other in others:
        await look(other)
    return worker


PAUSE = 5.5  # longer than the first
