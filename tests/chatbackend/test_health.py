"""Readiness while a store takes questions and never answers."""

from __future__ import annotations

import asyncio

import pytest

from chatbackend import health


async def test_store_that_hangs_is_asked_one_question_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    asked: list[int] = []
    answer = asyncio.Event()

    async def ask() -> None:
        asked.append(1)
        await answer.wait()

    store = health.Store("it", ask)
    assert await asyncio.gather(*(store.answers() for _ in range(5))) == [False] * 5
    assert not await store.answers()
    assert len(asked) == 1
    answer.set()
    await asyncio.sleep(0)
    assert await store.answers()


async def test_store_that_fails_is_down_and_asked_again() -> None:
    told = [OSError("gone"), None]

    async def ask() -> None:
        if (error := told.pop(0)) is not None:
            raise error

    store = health.Store("it", ask)
    assert [await store.answers(), await store.answers()] == [False, True]
