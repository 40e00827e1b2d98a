"""Turns as tasks of a process: stopped however early, and ended whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from chat_app.chat import start, turns
from chat_app.chat.asks import Ask, Begun
from chat_app.chat.runner import RUNNER
from chat_app.domain.errors import Unavailable
from chat_app.domain.events import Cancelled, Failed, Interrupted
from chat_app.models import Turn
from chat_app.providers import registry
from chat_app.providers.base import Chunk, TextChunk
from chat_app.streaming.control import CONTROL
from sessions_app.db import db
from sessions_app.principal import Principal

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
USER = Principal("ext:1", "session")


def run(scenario: Callable[[Begun], Awaitable[Any]], text: str) -> Any:
    """What `scenario` gives for a turn that has begun in the rows and is not launched yet."""

    async def whole() -> Any:
        await RUNNER.startup()
        try:
            begun = await db(start.begin, lambda: USER, Ask(text, model="demo"), RUNNER.worker)
            return await asyncio.wait_for(scenario(begun), 5)
        finally:
            await RUNNER.shutdown()

    return asyncio.run(whole())


def test_hint_at_the_moment_of_the_launch_is_heard() -> None:
    async def scenario(begun: Begun) -> Any:
        assert begun.spec is not None
        RUNNER.launch(begun.spec)
        CONTROL.publish(f"turn:{begun.turn_id}", {"type": "cancel"})
        return await asyncio.wait_for(turns.outcome(begun), 0.5)

    assert isinstance(run(scenario, "/tokens 1000 20"), Cancelled)
    assert Turn.objects.get().state == "cancelled"


def test_ending_that_cannot_be_stored_at_all_is_still_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        """A provider that breaks its word: no database takes a lone surrogate."""

        kind = "demo"

        def missing(self, route: Any) -> None:
            return None

        async def stream(self, *_: Any) -> AsyncGenerator[Chunk, None]:
            yield TextChunk("half \ud800")

    monkeypatch.setattr(registry, "provider", lambda kind: Broken())

    async def scenario(begun: Begun) -> Any:
        assert begun.spec is not None
        RUNNER.launch(begun.spec)
        return await turns.outcome(begun)

    ended = run(scenario, "hello")
    assert isinstance(ended, Failed)
    assert ended.code == "internal"
    assert RUNNER.state().running == 0


def test_process_that_has_drained_is_not_revived_by_a_late_request() -> None:
    async def scenario(begun: Begun) -> Any:
        assert begun.spec is not None
        RUNNER.launch(begun.spec)
        assert RUNNER.runs(begun.turn_id)
        ended = asyncio.ensure_future(turns.outcome(begun))
        await asyncio.sleep(0.1)
        await RUNNER.shutdown()
        with pytest.raises(Unavailable):
            await turns.start_turn(lambda: USER, Ask("late", model="demo"))
        assert not RUNNER.runs(begun.turn_id)
        assert (RUNNER.state().beating, RUNNER.state().draining) == (False, True)
        return await ended

    ended = run(scenario, "/tokens 1000 20")
    assert isinstance(ended, Interrupted)
    assert (ended.code, ended.retryable, ended.text[:5]) == ("restart", True, "0001 ")
    assert Turn.objects.get().error_code == "restart"
