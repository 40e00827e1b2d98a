"""Places at a route: first come first served, given back once, and nothing left of a route where nobody is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from chat_app.chat.bulkhead import Bulkheads, Place
from chat_app.domain.errors import UpstreamBusy


def play(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def entered(bulkheads: Bulkheads, count: int, concurrency: int, queue: int) -> list[Place]:
    return [bulkheads.enter("a", concurrency, queue) for _ in range(count)]


def test_queue_is_bounded_and_served_in_order() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        first, second, third = entered(bulkheads, 3, 1, 2)
        assert [p.waits for p in (first, second, third)] == [False, True, True]
        with pytest.raises(UpstreamBusy) as full:
            bulkheads.enter("a", 1, 2)
        assert full.value.retry_after
        first.leave()
        assert [p.waits for p in (second, third)] == [False, True]

    play(scenario())


def test_place_is_given_back_once_however_often_it_is_left() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        first, _, third = entered(bulkheads, 3, 2, 1)
        first.leave()
        first.leave()
        assert not third.waits
        assert bulkheads.enter("a", 2, 1).waits

    play(scenario())


def test_waiter_that_goes_leaves_no_hole() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        first, second, third = entered(bulkheads, 3, 1, 2)
        waiting = asyncio.create_task(second.come(60))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        second.leave()
        first.leave()
        await third.come(0)
        third.leave()
        assert len(bulkheads) == 0

    play(scenario())


def test_waiter_that_is_stopped_as_its_place_comes_gives_it_back() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        first, second, third = entered(bulkheads, 3, 1, 2)
        waiting = asyncio.create_task(second.come(60))
        await asyncio.sleep(0)
        first.leave()
        waiting.cancel()
        await asyncio.wait({waiting})
        second.leave()
        assert not third.waits

    play(scenario())


def test_wait_is_bounded_in_time() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        first, second = entered(bulkheads, 2, 1, 1)
        with pytest.raises(UpstreamBusy):
            await second.come(0.01)
        second.leave()
        first.leave()
        assert len(bulkheads) == 0

    play(scenario())


def test_newest_limits_count() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        _, second, third = entered(bulkheads, 3, 1, 9)
        fourth = bulkheads.enter("a", 3, 9)
        assert [p.waits for p in (second, third, fourth)] == [False, False, True]
        second.leave()
        assert not fourth.waits
        assert bulkheads.enter("a", 1, 9).waits

    play(scenario())


def test_routes_do_not_take_each_others_places() -> None:
    async def scenario() -> None:
        bulkheads = Bulkheads()
        bulkheads.enter("a", 1, 0)
        assert not bulkheads.enter("b", 1, 0).waits

    play(scenario())
