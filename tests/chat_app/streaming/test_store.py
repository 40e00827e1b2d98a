"""What the rows hold of a turn that runs, ends, or has lost its worker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat_app.domain.events import Completed, ItemData
from chat_app.domain.turn import ANSWER, answer_id
from chat_app.models import Item, Thread, Turn
from chat_app.streaming import store
from tests.chat_app.scripts import USAGE

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn() -> Turn:
    thread = Thread.objects.create(owner="ext:1", item_seq=2)
    return Turn.objects.create(
        owner="ext:1", thread=thread, state="running", owner_worker="w", heartbeat=timezone.now()
    )


def stands(turn: Turn, text: str, seq: int) -> store.Checkpoint:
    return store.Checkpoint(turn.pk, turn.fence, seq, text, "demo")


def end(turn: Turn, text: str, seq: int) -> bool:
    item = ItemData(answer_id(turn.pk), ANSWER, text, model="demo")
    return store.save_ending(
        store.Ending(
            turn.pk, turn.fence, turn.thread_id, 2, Completed(text, "demo", USAGE), [item], last_seq=seq
        )
    )


def test_checkpoint_that_comes_behind_the_end_leaves_no_text(turn: Turn) -> None:
    late = stands(turn, "half", 5)
    assert end(turn, "half and half", 9)
    store.checkpoint([turn.pk], [late])
    turn.refresh_from_db()
    assert (turn.partial, turn.last_seq, turn.state) == ("", 9, "completed")


def test_item_of_an_earlier_turn_is_changed_and_keeps_its_place(turn: Turn) -> None:
    assert end(turn, "old", 3)
    name, item = answer_id(turn.pk), Item.objects.get(pk=answer_id(turn.pk))
    made = store.change_item(item.thread_id or "", ItemData(name, "widget", "", {"n": 1}))
    item.refresh_from_db()
    assert (item.kind, item.text, item.data, item.created_at) == ("widget", "", {"n": 1}, made)


def test_item_of_another_thread_is_not_changed(turn: Turn) -> None:
    assert end(turn, "old", 3)
    other = Thread.objects.create(owner="ext:2")
    assert store.change_item(other.pk, ItemData(answer_id(turn.pk), "widget")) is None
    assert not store.take_away(other.pk, answer_id(turn.pk))
    assert Item.objects.get(pk=answer_id(turn.pk)).text == "old"


def test_item_that_was_taken_away_is_not_there_any_more(turn: Turn) -> None:
    assert end(turn, "old", 3)
    assert store.take_away(turn.thread_id or "", answer_id(turn.pk))
    assert not store.take_away(turn.thread_id or "", answer_id(turn.pk))
    assert store.change_item(turn.thread_id or "", ItemData(answer_id(turn.pk), "widget")) is None


def test_turn_that_nothing_runs_is_not_kept_alive_by_its_worker(turn: Turn) -> None:
    other = Turn.objects.create(
        owner="ext:1", state="running", owner_worker="w", heartbeat=timezone.now() - timedelta(seconds=9)
    )
    now = timezone.now()
    store.checkpoint([other.pk], [])
    assert [lost.pk for lost in store.orphans(now)] == [turn.pk]


def test_orphan_keeps_its_last_checkpoint_and_ends_beyond_what_was_seen(turn: Turn) -> None:
    store.checkpoint([turn.pk], [stands(turn, "half", 5)])
    (lost,) = store.orphans(timezone.now() + timedelta(seconds=1))
    assert store.close_orphan(lost)
    assert not store.close_orphan(lost)
    turn.refresh_from_db()
    assert (turn.state, turn.model, turn.partial) == ("interrupted", "demo", "")
    assert turn.last_seq > 100_000
    answer = Item.objects.get(pk=answer_id(turn.pk))
    assert (answer.text, answer.seq, answer.data) == ("half", 3, {"state": "interrupted"})
    assert not end(turn, "late", 9)  # its worker has lost it for good
