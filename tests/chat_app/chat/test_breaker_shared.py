"""Several workers agree on a route's health, by rows; and what staff see of it and do."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from chat_app.chat import breaker, health
from chat_app.chat.breaker import Breakers
from chat_app.chat.health import CLOSED, HALF_OPEN, OPEN
from chat_app.chat.route_state import Leave
from chat_app.domain.errors import (
    UpstreamDown,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.models import ModelConfig, RouteHealth
from sessions_app.db import db
from tests.chat_app.chat.sick import PAUSE, SICK, Clock, leave_of, look, opened, play, row, tell

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("clock"),
]


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


def test_turn_that_asks_to_probe_what_another_worker_has_closed_is_let_in(clock: Clock) -> None:
    async def scenario() -> None:
        first, second = Breakers(), Breakers()
        await opened(first, second)
        clock.forward(PAUSE)
        await tell(first, None)
        assert not (await leave_of(second)).probe
        second.ended(await leave_of(second), UpstreamDown())  # counted like any other
        assert second.refusal(SICK) is None

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
