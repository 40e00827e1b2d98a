"""What becomes of a dead worker's turn: what it had said decides; one that cannot be closed keeps no other from it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from chat_app.chat import orphans, runner, start
from chat_app.chat.asks import Ask, TurnSpec
from chat_app.chat.orphans import Orphans
from chat_app.domain.events import (
    ClientEffect,
    Event,
    Failed,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    Progress,
    RouteChosen,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.turn import ANSWER
from chat_app.models import Item, Turn
from chat_app.streaming.log import Past
from chat_app.streaming.redis_log.log import Seized
from sessions_app.principal import Principal

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
USER = Principal("ext:1", "session")
ROUTE = RouteChosen("demo", 1)
SAID: list[Event] = [ROUTE, ItemAdded(ItemData("msg_1", ANSWER, model="demo")), TextDelta("msg_1", "half")]


class Shared:
    """A shared log in which a dead worker has left these events; None where nothing is known of it."""

    class writer:
        up = True

    def __init__(self, events: list[Event] | None) -> None:
        self.events = events

    async def seize(self, turn_id: str, fence: int) -> Seized | None:
        return None if self.events is None else Seized(len(self.events), 1, tuple(self.events))


def orphan(text: str = "hello") -> str:
    begun = start.begin(lambda: USER, Ask(text, model="demo", new_thread=True), "dead")
    Turn.objects.filter(pk=begun.turn_id).update(heartbeat=timezone.now() - timedelta(minutes=1))
    return begun.turn_id


def sweep(monkeypatch: pytest.MonkeyPatch, left: list[Event] | None) -> list[TurnSpec]:
    """What is run again by one sweep."""
    launched: list[TurnSpec] = []
    monkeypatch.setattr(orphans, "REDIS", Shared(left))

    def launch(spec: TurnSpec) -> bool:
        launched.append(spec)
        return True

    asyncio.run(Orphans("w", lambda turn_id: False, launch).sweep())
    return launched


def test_turn_that_had_said_nothing_is_run_again_from_where_it_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_id, left = orphan(), [ROUTE, Progress("Looking"), ThreadUpdated("A title")]
    (spec,) = sweep(monkeypatch, left)
    assert (spec.turn_id, spec.fence, spec.past_events) == (turn_id, 2, Past(None, tuple(left)))
    assert Turn.objects.values_list("state", "fence", "owner_worker").get() == ("running", 2, "w")


@pytest.mark.parametrize(
    "left",
    [
        None,
        SAID,
        [*SAID, ItemRemoved("msg_1")],
        [ROUTE, ItemDone(ItemData("itm_1", "widget"), earlier=True)],
        [ROUTE, ItemRemoved("itm_1", earlier=True)],
        [ROUTE, ItemDone(ItemData("itm_1", "hidden_context_item"))],
        [ROUTE, ClientEffect("confetti")],
    ],
    ids=["unknown", "text", "withdrawn", "changed", "taken away", "hidden", "effect"],
)
def test_turn_of_which_something_was_seen_is_ended(
    left: list[Event] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan()
    assert sweep(monkeypatch, left) == []
    turn = Turn.objects.get()
    assert (turn.state, turn.error_retryable) == ("interrupted", True)
    said = Item.objects.filter(kind=ANSWER).values_list("text", flat=True)
    assert list(said) == (["half"] if left is SAID else [])


def test_turn_that_lost_its_second_worker_too_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    orphan()
    Turn.objects.update(fence=2)
    assert sweep(monkeypatch, [ROUTE]) == []
    assert Turn.objects.get().state == "interrupted"


def test_turn_that_nobody_waits_for_any_more_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    for change in ("cancel_requested", "abandoned_at"):
        turn_id = orphan()
        Turn.objects.filter(pk=turn_id).update(**{change: timezone.now()})
        assert sweep(monkeypatch, [ROUTE]) == []
    assert sorted(Turn.objects.values_list("state", flat=True)) == ["cancelled", "interrupted"]


def test_turn_whose_followers_were_told_of_its_end_ends_under_that_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orphan()
    assert sweep(monkeypatch, [*SAID, Failed("internal", "Broken.", True, "half")]) == []
    turn = Turn.objects.get()
    assert (turn.state, turn.last_seq) == ("interrupted", 4)
    assert Item.objects.get(kind=ANSWER).text == "half"


def test_turn_that_cannot_be_closed_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sick, well = orphan(), [orphan() for _ in range(4)]
    end = orphans._store_end

    def broken(turn: Turn, *rest: Any) -> Any:
        if turn.pk == sick:
            raise ValueError("a bug")
        return end(turn, *rest)

    monkeypatch.setattr(orphans, "_store_end", broken)
    sweep(monkeypatch, None)
    assert set(Turn.objects.filter(state="interrupted").values_list("pk", flat=True)) == set(well)


def test_database_that_goes_away_ends_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    orphan()

    def away(*_: Any) -> Any:
        raise OperationalError

    monkeypatch.setattr(orphans, "_store_end", away)
    with pytest.raises(OperationalError):
        sweep(monkeypatch, SAID)


def test_sweep_that_takes_long_stops_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BEAT_SECONDS", 0.1)

    async def scenario() -> None:
        worker = runner.Runner()
        swept = asyncio.Event()

        async def long(self: Orphans) -> None:
            swept.set()
            await asyncio.sleep(60)

        monkeypatch.setattr(Orphans, "sweep", long)
        await worker.startup()
        try:
            await asyncio.wait_for(swept.wait(), 5)
            await asyncio.sleep(0.5)
            assert worker.state().beaten < 0.3
        finally:
            await worker.shutdown()

    asyncio.run(scenario())


def test_first_requests_that_come_at_once_start_a_worker_once(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = 0

    class Log:
        async def start(self, worker: str) -> None:
            nonlocal starts
            starts += 1
            await asyncio.sleep(0.05)

        async def stop(self) -> None:
            return

    monkeypatch.setattr(runner, "LOG", Log())

    async def scenario() -> None:
        worker = runner.Runner()
        await asyncio.gather(*(worker.startup() for _ in range(5)))
        assert worker.state().beating
        await worker.shutdown()

    asyncio.run(scenario())
    assert starts == 1
