"""A provider that breaks its word does not hold up the turn: it is stopped, and left behind if need be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, ClassVar

import pytest

from chat_app.chat import attempt
from chat_app.domain.errors import ChatError, UpstreamError, UpstreamTimeout
from chat_app.domain.events import ClientEffect, ItemData, ItemDone, Progress, ThreadUpdated
from chat_app.domain.prompt import Given, Message, Prompt
from chat_app.providers.base import Chunk, EventChunk, RouteConfig, TextChunk, Timeouts
from chat_app.providers.python import provider as python
from tests.chat_app.chat.routes import Scripted, played

PROMPT = Prompt((Message("user", "hello"),))


class Odd:
    """A provider whose `stream` is a test's own."""

    kind: ClassVar[str] = "scripted"

    def __init__(self, stream: Callable[..., AsyncGenerator[Chunk, None]]) -> None:
        self.stream = stream


def hear(
    patch: pytest.MonkeyPatch, provider: Any, total: float = 5.0
) -> tuple[list[Chunk], Exception | None]:
    """What was heard, and what it ended with."""
    patch.setattr(attempt, "OVERTIME", 0.1)
    patch.setattr(attempt, "LET_GO", 0.1)
    heard: list[Chunk] = []

    async def scenario() -> None:
        listening = attempt.Listening(heard.append, lambda: None)
        await listening.to(RouteConfig("a", "scripted", timeouts=Timeouts(total=total)), PROMPT)

    with played(patch, provider):
        try:
            asyncio.run(asyncio.wait_for(scenario(), 3))
        except Exception as error:
            return heard, error
    return heard, None


async def ignores_its_limits(*_: Any) -> AsyncGenerator[Chunk, None]:
    yield TextChunk("on and ")
    await asyncio.sleep(60)


async def hangs_in_its_cleanup(*_: Any) -> AsyncGenerator[Chunk, None]:
    try:
        yield TextChunk("on and ")
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.5)


async def never_lets_go(*_: Any) -> AsyncGenerator[Chunk, None]:
    yield TextChunk("on and ")
    for _n in range(5):
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            yield TextChunk("on and ")


@pytest.mark.parametrize("stream", [ignores_its_limits, hangs_in_its_cleanup, never_lets_go])
def test_provider_that_ignores_its_limits_is_stopped_and_not_heard_any_more(
    monkeypatch: pytest.MonkeyPatch, stream: Any
) -> None:
    heard, error = hear(monkeypatch, Odd(stream), total=0.05)
    assert isinstance(error, UpstreamTimeout)
    assert heard == [TextChunk("on and ")]


def test_provider_with_a_bug_is_an_error_of_the_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    for bug in (RuntimeError("secret"), asyncio.CancelledError()):
        _, error = hear(monkeypatch, Scripted([TextChunk("so"), bug]))
        assert type(error) is UpstreamError
        assert "secret" not in str(error)


def test_answer_without_a_visible_word_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _, error = hear(monkeypatch, Scripted([]))
    assert isinstance(error, ChatError)
    assert "empty" in error.detail


def test_deed_of_python_is_an_answer_and_a_passing_remark_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for deed in (
        ThreadUpdated("A title"),
        ClientEffect("confetti"),
        ItemDone(ItemData("1", "hidden_context_item")),
    ):
        _, error = hear(monkeypatch, Scripted([EventChunk(deed)]))
        assert error is None
    _, error = hear(monkeypatch, Scripted([EventChunk(Progress("Looking"))]))
    assert "empty" in str(error)


def test_python_may_say_nothing_to_what_is_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_table", python._table)
    clicked = Prompt((), given=Given("action", action={"type": "go"}))
    python.configure({"silent": lambda prompt: iter(())})
    route = RouteConfig("a", "python", model="silent")
    asyncio.run(attempt.Listening(lambda chunk: None, lambda: None).to(route, clicked))
    with pytest.raises(UpstreamError):
        asyncio.run(attempt.Listening(lambda chunk: None, lambda: None).to(route, Prompt(())))


def test_fault_of_the_listener_is_not_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        def take(chunk: Chunk) -> None:
            raise KeyError("ours")

        listening = attempt.Listening(take, lambda: None)
        with pytest.raises(KeyError):
            await listening.to(RouteConfig("a", "scripted"), PROMPT)

    with played(monkeypatch, Scripted([TextChunk("so")])):
        asyncio.run(scenario())


def test_nothing_is_kept_of_attempts_that_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    hear(monkeypatch, Odd(ignores_its_limits), total=0.05)
    hear(monkeypatch, Scripted([TextChunk("hi")]))
    assert not attempt._left_behind
