"""What the rows hold of a turn that runs, ends, or has lost its worker."""

from __future__ import annotations

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


def end(turn: Turn, text: str, seq: int) -> bool:
    item = ItemData(answer_id(turn.pk), ANSWER, text, model="demo")
    return store.save_ending(
        store.Ending(
            turn.pk, turn.fence, turn.thread_id, 2, Completed(text, "demo", USAGE), [item], last_seq=seq
        )
    )


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


def test_ending_that_is_asked_for_twice_is_stored_once(turn: Turn) -> None:
    """The database went away behind the commit: nobody was told that it is stored."""
    assert end(turn, "whole", 3)
    assert end(turn, "whole", 3)
    assert Item.objects.get(turn=turn).text == "whole"
    assert not end(turn, "another", 4)


def test_retry_that_another_worker_has_replaces_nothing(turn: Turn) -> None:
    assert end(turn, "old", 3)
    retry = Turn.objects.create(owner="ext:1", thread=turn.thread, trigger="retry", state="running", fence=2)
    store.begin_retry(retry.pk, 1, turn.thread_id or "", 1)
    assert Item.objects.get(turn=turn).on_path
    store.begin_retry(retry.pk, 2, turn.thread_id or "", 1)
    assert not Item.objects.get(turn=turn).on_path
