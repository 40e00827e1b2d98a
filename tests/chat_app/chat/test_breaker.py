"""When a route is left alone, and when one turn tries it again."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.db import OperationalError

from chat_app.chat import breaker, health, route_state
from chat_app.chat.breaker import Breakers
from chat_app.chat.health import CLOSED, HALF_OPEN, OPEN
from chat_app.chat.route_state import Leave, Refusal
from chat_app.domain.errors import (
    ChatError,
    NotConfigured,
    UpstreamBusy,
    UpstreamDown,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.models import RouteHealth
from chat_app.providers.base import RouteConfig
from sessions_app.db import db
from tests.chat_app.chat.sick import PAUSE, SICK, Clock, leave_of, look, opened, play, row, tell

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("clock"),
]

GOOD: list[ChatError | None] = [None]


@pytest.mark.parametrize(
    ("outcomes", "left_alone"),
    [
        ([UpstreamDown()] * 4, False),
        ([UpstreamDown()] * 5, True),
        ([UpstreamTimeout(), UpstreamRefused(), UpstreamBusy(), UpstreamDown(), UpstreamDown()], True),
        (GOOD * 6 + [UpstreamDown()] * 5, False),
        (GOOD * 5 + [UpstreamDown()] * 5, True),
        (GOOD * 1500 + [UpstreamDown()] * 8, True),  # a route that dies under load
        ((GOOD * 3 + [UpstreamDown()]) * 50, False),  # one turn in four fails
        ([NotConfigured()] * 20, False),
    ],
)
def test_route_is_left_alone_when_enough_of_its_newest_outcomes_are_failures(
    outcomes: list[ChatError | None], left_alone: bool
) -> None:
    worker = Breakers()
    play(tell(worker, *outcomes))
    assert (worker.refusal(SICK) is not None) is left_alone
    assert RouteHealth.objects.filter(pk="sick", state=OPEN).exists() is left_alone


def test_request_that_was_refused_for_itself_says_nothing_of_the_route() -> None:
    error = UpstreamRefused()
    error.of_request = True
    worker = Breakers()
    play(tell(worker, *[error] * 20))
    assert worker.refusal(SICK) is None


def test_failures_of_long_ago_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Breakers()

    async def scenario() -> None:
        await tell(worker, *[UpstreamDown()] * 4)
        monkeypatch.setattr(route_state, "WINDOW_SECONDS", 0.0)
        await tell(worker, UpstreamDown())

    play(scenario())
    assert worker.refusal(SICK) is None


def test_one_refusal_that_says_for_how_long_is_obeyed_at_once() -> None:
    worker = Breakers()
    play(tell(worker, None, None, UpstreamBusy(retry_after=20)))
    refusal = worker.refusal(SICK)
    assert refusal is not None
    assert refusal.code == "upstream_busy"
    assert 19 < refusal.seconds <= 20


def test_pause_that_a_route_asks_for_is_bounded() -> None:
    worker = Breakers()
    play(tell(worker, UpstreamBusy(retry_after=86_400)))
    refusal = worker.refusal(SICK)
    assert refusal is not None
    assert refusal.seconds <= 300


def test_demo_is_never_left_alone() -> None:
    demo = RouteConfig("demo", "demo")
    worker = Breakers()

    async def scenario() -> None:
        for _ in range(20):
            leave = await worker.admit(demo)
            assert isinstance(leave, Leave)
            worker.ended(leave, UpstreamBusy(retry_after=60))

    play(scenario())
    assert worker.refusal(demo) is None
    assert not RouteHealth.objects.exists()


# Trying again


def test_one_turn_is_the_probe_and_its_first_text_lets_the_others_in(clock: Clock) -> None:
    async def scenario() -> None:
        worker = await opened()
        clock.forward(PAUSE)
        found = await asyncio.gather(*(worker.admit(SICK) for _ in range(5)))
        probes = [leave for leave in found if isinstance(leave, Leave)]
        assert len(probes) == 1
        assert (await db(row)).state == HALF_OPEN
        worker.answered(probes[0])
        assert worker.refusal(SICK) is None
        worker.ended(probes[0], None)
        await worker.settle()

    play(scenario())
    assert row().state == CLOSED


def test_probe_that_fails_doubles_the_pause_up_to_a_minute(clock: Clock) -> None:
    async def scenario() -> list[float]:
        worker, found = await opened(), []
        for _ in range(5):
            clock.forward(61)
            await tell(worker, UpstreamDown())
            found.append((await db(row)).cooldown)
        return found

    assert play(scenario()) == [10, 20, 40, 60, 60]


def test_probe_that_is_told_when_to_come_again_obeys(clock: Clock) -> None:
    async def scenario() -> None:
        worker = await opened()
        clock.forward(PAUSE)
        await tell(worker, UpstreamBusy(retry_after=100))
        clock.forward(90)
        assert worker.refusal(SICK) is not None
        clock.forward(11)
        assert worker.refusal(SICK) is None

    play(scenario())


def test_probe_that_was_stopped_leaves_the_next_turn_to_be_it(clock: Clock) -> None:
    async def scenario() -> None:
        worker = await opened()
        clock.forward(PAUSE)
        worker.returned(await leave_of(worker))
        await worker.settle()
        assert (await leave_of(worker)).probe

    play(scenario())


def test_probe_of_a_worker_that_died_is_another_ones_once_its_time_is_over(clock: Clock) -> None:
    async def scenario() -> None:
        other, dead = Breakers(), Breakers()
        await opened(other, dead)
        clock.forward(PAUSE)
        assert (await leave_of(dead)).probe
        await look(other)
        assert isinstance(await other.admit(SICK), Refusal)
        clock.forward(SICK.timeouts.first_token + breaker.PROBE_GRACE)
        assert (await leave_of(other)).probe

    play(scenario())


def test_turn_that_is_stopped_while_it_asks_to_probe_leaves_that_to_the_next(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, at_work, go_on = health.change, threading.Event(), threading.Event()

    def slow(*arguments: Any) -> Any:
        at_work.set()
        go_on.wait(10)
        return real(*arguments)

    async def scenario() -> None:
        worker = await opened()
        clock.forward(PAUSE)
        monkeypatch.setattr(health, "change", slow)
        asking = asyncio.create_task(worker.admit(SICK))
        await asyncio.to_thread(at_work.wait, 10)
        assert isinstance(await worker.admit(SICK), Refusal)
        asking.cancel()
        await asyncio.wait({asking})
        go_on.set()
        while worker._tasks:
            await asyncio.wait(worker._tasks)
        assert (await leave_of(worker)).probe

    play(scenario())


def test_turn_that_is_stopped_as_its_probe_is_granted_leaves_that_to_the_next(clock: Clock) -> None:
    async def scenario() -> None:
        worker = await opened()
        clock.forward(PAUSE)
        before = set(worker._tasks)
        asking = asyncio.create_task(worker.admit(SICK))
        await asyncio.sleep(0)
        (claim,) = worker._tasks - before
        claim.add_done_callback(lambda _: asking.cancel())
        await asyncio.wait({asking})
        assert asking.cancelled()
        await asyncio.sleep(0)
        await worker.settle()
        assert (await leave_of(worker)).probe

    play(scenario())


def test_probe_that_the_database_cannot_grant_is_not_waited_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("away")

    async def scenario() -> None:
        worker = await opened()
        clock.forward(PAUSE)
        monkeypatch.setattr(health, "change", away)
        assert isinstance(await worker.admit(SICK), Refusal)
        assert worker.refusal(SICK) is not None  # for a second nobody asks again

    play(scenario())


def test_late_news_of_a_turn_that_began_before_changes_nothing(clock: Clock) -> None:
    async def scenario() -> None:
        worker = Breakers()
        early = [await leave_of(worker) for _ in range(8)]
        await tell(worker, *[UpstreamDown()] * 5)
        worker.ended(early.pop(), None)
        assert worker.refusal(SICK) is not None
        clock.forward(PAUSE)
        await tell(worker, None)
        for leave in early:
            worker.ended(leave, UpstreamDown())
        assert worker.refusal(SICK) is None

    play(scenario())


def test_forced_turn_is_let_in_and_its_success_closes_the_route() -> None:
    async def scenario() -> None:
        worker = await opened()
        leave = await worker.admit(SICK, forced=True)
        assert isinstance(leave, Leave)
        worker.ended(leave, None)
        assert worker.refusal(SICK) is None
        await worker.settle()

    play(scenario())
    assert row().state == CLOSED
