"""How an answer in Python is ended: by its route's timeouts, by closing and by cancelling; and the threads of sync code."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chat_app.domain.errors import UpstreamBusy, UpstreamTimeout
from chat_app.domain.events import Progress
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import TextChunk, Timeouts
from chat_app.providers.python import handover
from chat_app.providers.python import provider as python
from chat_app.providers.registry import provider
from tests.chat_app.providers.conftest import SHORT, prompt
from tests.chat_app.providers.played import chunks, route, stream


async def happens(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, 5)


def words(prompt: Prompt) -> Iterator[str]:
    yield prompt.last_user_text
    yield "!"


async def test_silence_ends_by_first_token_and_a_sign_of_life_makes_it_idle() -> None:
    async def silent(prompt: Prompt, first: Any = None) -> AsyncIterator[Any]:
        if first is not None:
            yield first
        await asyncio.sleep(60)

    for first, limit in ((None, SHORT.first_token), (Progress("Thinking"), SHORT.idle)):
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            await chunks(silent, SHORT, first=first)
        assert limit <= time.monotonic() - began + 0.01


async def test_timeouts_hold_for_sync_code_that_cannot_be_stopped() -> None:
    release = threading.Event()
    with pytest.raises(UpstreamTimeout):
        await chunks(lambda prompt: release.wait(30), Timeouts(first_token=0.2))
    release.set()


async def test_answer_that_never_waits_leaves_the_loop_its_turn_and_ends_by_total() -> None:
    async def endless(prompt: Prompt) -> AsyncIterator[str]:
        while True:
            yield "x"

    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    with pytest.raises(UpstreamTimeout):
        async for _ in stream(endless, Timeouts(total=0.3)):
            pass
    task.cancel()
    assert turns > 5


async def test_own_timeout_error_is_no_timeout_of_the_route() -> None:
    def fails(prompt: Prompt) -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError) as caught:
        await chunks(fails)
    assert not isinstance(caught.value, UpstreamTimeout)


async def test_closing_runs_the_finally_of_an_async_generator() -> None:
    closed = False

    async def endless(prompt: Prompt) -> AsyncIterator[str]:
        nonlocal closed
        try:
            while True:
                yield "x"
        finally:
            await asyncio.sleep(0)
            closed = True

    answer = stream(endless)
    await anext(answer)
    await answer.aclose()
    assert closed


async def test_closing_ends_a_sync_generator_in_its_own_thread_at_its_next_yield() -> None:
    threads: list[int] = []
    closed = threading.Event()

    def endless(prompt: Prompt) -> Iterator[str]:
        try:
            while True:
                threads.append(threading.get_ident())
                yield "x"
        finally:
            threads.append(threading.get_ident())
            closed.set()

    answer = stream(endless)
    await anext(answer)
    await answer.aclose()
    assert await happens(closed)
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_generator_runs_ahead_of_its_reader_by_so_much_and_no_more() -> None:
    made = 0

    def endless(prompt: Prompt) -> Iterator[str]:
        nonlocal made
        while True:
            made += 1
            yield "x"

    answer = stream(endless)
    await anext(answer)
    await asyncio.sleep(0.2)
    assert handover.ROOM <= made <= handover.ROOM + 3
    await answer.aclose()


async def test_cancelling_the_reader_does_not_wait_for_a_function_at_work() -> None:
    begun, release = threading.Event(), threading.Event()

    def waits(prompt: Prompt) -> str:
        begun.set()
        release.wait(30)
        return "too late"

    task = asyncio.create_task(chunks(waits))
    assert await happens(begun)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 2)
    release.set()


async def test_failure_at_closing_is_logged_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(prompt: Prompt) -> AsyncIterator[str]:
        try:
            yield "x"
        finally:
            raise KeyError

    answer = stream(fails)
    await anext(answer)
    await answer.aclose()
    assert "failed while it was closed" in caplog.text


async def test_answers_wait_for_a_thread_in_order_and_no_longer_than_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handover, "_places", handover.Places(1))
    monkeypatch.setattr(handover, "PATIENCE", 0.5)
    begun, release = threading.Event(), threading.Event()

    def waits(prompt: Prompt) -> str:
        begun.set()
        release.wait(30)
        return "first"

    first = asyncio.create_task(chunks(waits))
    assert await happens(begun)
    gives_up = asyncio.create_task(chunks(words))
    await asyncio.sleep(0)
    gives_up.cancel()
    with pytest.raises(UpstreamBusy) as caught:
        await chunks(words)
    assert caught.value.of_request
    assert not handover._places._waiting
    second = asyncio.create_task(chunks(words))
    await asyncio.sleep(0.1)
    release.set()
    assert await first == [TextChunk("first")]
    assert await second == await chunks(words) == [TextChunk("ask"), TextChunk("!")]


async def test_threads_are_entered_and_left_by_what_settings_plug_in() -> None:
    seen: list[str] = []

    @contextmanager
    def around() -> Iterator[None]:
        seen.append("in")
        try:
            yield
        finally:
            seen.append("out")

    python.configure({"it": words}, around)
    said = [chunk async for chunk in provider("python").stream(route(), prompt("x"))]
    assert (said, seen) == ([TextChunk("x"), TextChunk("!")], ["in", "out"])
