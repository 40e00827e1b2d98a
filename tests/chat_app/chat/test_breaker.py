"""When a route is left alone, when it is tried again, and that several workers agree on it: each is a Breakers of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

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
from chat_app.models import ModelConfig, RouteHealth
from chat_app.providers.base import RouteConfig, Timeouts
from sessions_app.db import db

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SICK = RouteConfig("sick", "openai", timeouts=Timeouts(first_token=1))


class Clock:
    """The time of day, which a test may put forward."""

    ahead = 0.0

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ModelConfig.objects.create(id="sick", label="Sick", provider="openai")
    monkeypatch.setattr(breaker, "JITTER", 0.0)
    found, real = Clock(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + found.ahead)
    return found


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


# Several workers


def test_other_worker_leaves_the_route_alone_when_it_has_read_the_row() -> None:
    async def scenario() -> None:
        other = Breakers()
        await opened()
        assert other.refusal(SICK) is None
        await look(other)
        refusal = other.refusal(SICK)
        assert refusal is not None
        assert refusal.code == "upstream_down"

    play(scenario())


def test_of_many_workers_one_probes_and_all_follow_it(clock: Clock) -> None:
    async def scenario() -> None:
        workers = [Breakers() for _ in range(4)]
        await opened(*workers)
        clock.forward(PAUSE)
        found = await asyncio.gather(*(w.admit(SICK) for w in workers for _ in range(3)))
        probes = [(n // 3, leave) for n, leave in enumerate(found) if isinstance(leave, Leave)]
        assert len(probes) == 1
        winner, leave = probes[0]
        workers[winner].ended(leave, None)
        await workers[winner].settle()
        for worker in workers:
            await look(worker)
            assert worker.refusal(SICK) is None

    play(scenario())


def test_worker_that_opens_what_another_has_changed_meanwhile_believes_the_other(clock: Clock) -> None:
    async def scenario() -> None:
        first, second = Breakers(), Breakers()
        await tell(first, None)
        await tell(second, *[UpstreamDown()] * 5)
        clock.forward(PAUSE)
        await tell(second, None)  # closed again: the row has moved on by three
        await tell(first, *[UpstreamDown()] * 5)
        assert first.refusal(SICK) is None
        await tell(first, *[UpstreamDown()] * 5)
        assert first.refusal(SICK) is not None

    play(scenario())
    assert (row().state, row().version) == (OPEN, 4)


def test_rows_that_were_read_before_a_change_here_do_not_undo_it() -> None:
    async def scenario() -> None:
        worker, began = Breakers(), time.monotonic()
        stale = await db(health.read)
        await tell(worker, *[UpstreamDown()] * 5)
        worker.learn(stale, ["sick"], began)
        assert worker.refusal(SICK) is not None

    play(scenario())


def test_without_a_database_the_process_still_leaves_the_route_alone(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("away")

    async def scenario() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(health, "change", away)
            worker = await opened()
        assert not await db(RouteHealth.objects.filter(state=OPEN).exists)
        await look(worker)
        assert worker.refusal(SICK) is not None
        clock.forward(PAUSE)
        assert (await leave_of(worker)).probe  # and once it is back, it goes on as it should

    play(scenario())


# What staff see and do


def test_last_error_is_kept_without_an_opening_and_the_newest_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "NOTE_SECONDS", 1.0)

    async def scenario() -> None:
        worker = Breakers()
        await tell(worker, UpstreamDown("First."))
        await asyncio.wait(worker._tasks)
        assert (await db(row)).error_detail == "First."
        await tell(worker, UpstreamTimeout("Second."), UpstreamRefused("Third."))
        assert len(worker._tasks) == 1
        await asyncio.wait(worker._tasks)

    play(scenario())
    assert (row().error_code, row().error_detail, row().state) == ("upstream_refused", "Third.", CLOSED)
    assert row().error_at is not None


def test_reset_lets_turns_in_here_at_once_and_elsewhere_with_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        other = Breakers()
        worker = await opened(other)
        monkeypatch.setattr(breaker, "BREAKERS", worker)
        assert await db(breaker.reset, ["sick", "nobody"]) == 1
        assert worker.refusal(SICK) is None
        await look(other)
        assert other.refusal(SICK) is None
        await tell(other, *[UpstreamDown()] * 4)
        assert other.refusal(SICK) is None  # what was counted before is forgotten

    play(scenario())
    assert breaker.reset(["sick"]) == 0


def test_state_is_told_in_a_sentence() -> None:
    soon = timezone.now() + timedelta(seconds=30)
    assert breaker.state_of(None).works
    assert not breaker.state_of(RouteHealth(state=OPEN, until=soon)).works
    assert "s more" in breaker.state_of(RouteHealth(state=OPEN, until=soon)).words
    assert "one turn" in breaker.state_of(RouteHealth(state=HALF_OPEN, until=soon)).words
    assert "next turn" in breaker.state_of(RouteHealth(state=OPEN, until=timezone.now())).words


def test_model_that_is_deleted_is_forgotten() -> None:
    async def scenario() -> None:
        worker = await opened()
        await db(ModelConfig.objects.filter(pk="sick").delete)
        worker.learn({}, [], time.monotonic())
        assert worker.refusal(SICK) is None
        assert worker._entries == {}

    play(scenario())
