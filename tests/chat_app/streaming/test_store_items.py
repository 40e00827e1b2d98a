"""What a turn's rows hold of an answer that is more than text: its checkpoint, its end, what is kept when its worker dies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat_app.domain.events import Cancelled, Completed, Failed, Interrupted, ItemData, Snapshot, Terminal
from chat_app.domain.turn import ANSWER, answer_id
from chat_app.models import Item, Thread, Turn
from chat_app.streaming import kept, leases, store
from chat_app.streaming.stored import StoredTurn
from sessions_app.db import db
from tests.chat_app.scripts import USAGE
from tests.chat_app.streaming.orphaned import close_only

pytestmark = pytest.mark.django_db
MOMENT = timezone.now() - timedelta(minutes=1)


@pytest.fixture
def turn() -> Turn:
    thread = Thread.objects.create(owner="ext:1", item_seq=2)
    return Turn.objects.create(owner="ext:1", thread=thread, state="running", heartbeat=timezone.now())


def card(name: str, n: int = 1) -> ItemData:
    return ItemData(name, "widget", "", {"n": n}, "demo", MOMENT)


def said(turn: Turn, text: str) -> ItemData:
    return ItemData(answer_id(turn.pk), ANSWER, text, {}, "demo", MOMENT)


def check(turn: Turn, seq: int, text: str, items: Sequence[ItemData], going_on: Any = ()) -> Turn:
    """The turn after a checkpoint."""
    stands = kept.items_as_kept(items, going_on, text)
    leases.checkpoint(
        {turn.pk: turn.fence}, [leases.Checkpoint(turn.pk, turn.fence, seq, text, "demo", stands)]
    )
    turn.refresh_from_db()
    return turn


def end(turn: Turn, terminal: Terminal, items: Sequence[ItemData], **more: Any) -> list[Item]:
    """The turn's items once it has ended."""
    ending = store.Ending(turn.pk, turn.fence, turn.thread_id, 2, terminal, items, **more)
    assert store.save_ending(ending)
    return list(Item.objects.filter(turn=turn).order_by("seq"))


def test_checkpoint_gives_its_items_back_as_they_were(turn: Turn) -> None:
    items = [card("itm_1"), said(turn, "half"), ItemData("msg_2", ANSWER, "", {}, "demo", MOMENT)]
    check(turn, 5, "half", items, {answer_id(turn.pk)})
    assert kept.items_of(turn) == items
    assert kept.open_of(turn) == {answer_id(turn.pk)}
    check(turn, 9, "half and half", [*items[:1], said(turn, "half and half")])
    assert [item.text for item in kept.items_of(turn)] == ["", "half and half"]
    check(turn, 12, "", [])
    assert kept.items_of(turn) == []


def test_text_that_grows_is_no_change_of_the_items(turn: Turn) -> None:
    def items(text: str) -> kept.Kept:
        return kept.items_as_kept([card("itm_1"), said(turn, text)], {answer_id(turn.pk)}, text)

    assert items("half") == items("half and half")
    check(turn, 5, "half", [card("itm_1"), said(turn, "half")])
    leases.checkpoint(
        {turn.pk: turn.fence}, [leases.Checkpoint(turn.pk, turn.fence, 7, "half and half", "demo")]
    )
    turn.refresh_from_db()
    assert [item.text for item in kept.items_of(turn)] == ["", "half and half"]
    assert kept.items_of(turn)[1].created_at == MOMENT


def test_orphan_keeps_its_items_and_marks_what_was_not_whole(turn: Turn) -> None:
    whole = ItemData("msg_w", ANSWER, "whole", {}, "demo", MOMENT)
    check(turn, 5, "whole\n\nhalf", [card("itm_1"), whole, said(turn, "half")], {answer_id(turn.pk)})
    assert close_only()
    rows = Item.objects.filter(turn=turn).order_by("seq")
    assert [(row.kind, row.text, row.data) for row in rows] == [
        ("widget", "", {"n": 1}),
        (ANSWER, "whole", {}),
        (ANSWER, "half", {"state": "interrupted"}),
    ]
    assert {row.created_at for row in rows} == {MOMENT}
    turn.refresh_from_db()
    assert (turn.state, turn.partial_items) == ("interrupted", [])


def test_orphan_of_a_retry_takes_the_place_of_the_old_answer_with_its_items(turn: Turn) -> None:
    thread_id = turn.thread_id
    asked = Item.objects.create(thread_id=thread_id, seq=1, kind="user_message", text="?")
    old = Item.objects.create(thread_id=thread_id, seq=2, kind=ANSWER, text="old")
    Turn.objects.filter(pk=turn.pk).update(trigger="retry", input_item=asked, input={"trigger": "message"})
    turn.refresh_from_db()
    check(turn, 5, "", [card("itm_1")])
    assert close_only()
    old.refresh_from_db()
    assert not old.on_path
    assert Thread.objects.get(pk=thread_id).head_id == turn.pk


@pytest.mark.parametrize(
    "terminal",
    [Cancelled("a\n\nb", USAGE), Interrupted("a\n\nb"), Failed("upstream_down", "Down.", True, "a\n\nb")],
)
def test_end_is_marked_on_the_last_message_where_all_were_whole(turn: Turn, terminal: Terminal) -> None:
    first, second = (ItemData(f"msg_{text}", ANSWER, text, {}, "demo", MOMENT) for text in "ab")
    rows = end(turn, terminal, [first, second, card("itm_1")])
    assert ["state" in row.data for row in rows] == [False, True, False]


def test_items_take_the_number_kept_free_and_those_behind_it(turn: Turn) -> None:
    rows = end(turn, Completed("hi", "demo", USAGE), [card("itm_1"), said(turn, "hi"), card("itm_2")])
    assert [(row.pk, row.seq) for row in rows] == [("itm_1", 2), (answer_id(turn.pk), 3), ("itm_2", 4)]
    assert Thread.objects.get(pk=turn.thread_id).item_seq == 4


def test_items_come_behind_what_was_added_to_the_thread_meanwhile(turn: Turn) -> None:
    Item.objects.create(thread_id=turn.thread_id, seq=3, kind=ANSWER, text="by the server")
    Thread.objects.filter(pk=turn.thread_id).update(item_seq=3)
    rows = end(turn, Completed("hi", "demo", USAGE), [card("itm_1"), said(turn, "hi")])
    assert [row.seq for row in rows] == [4, 5]
    assert Thread.objects.get(pk=turn.thread_id).item_seq == 5


def test_end_without_items_leaves_the_numbers_as_they_are(turn: Turn) -> None:
    assert end(turn, Completed("", "demo", USAGE), []) == []
    assert Thread.objects.get(pk=turn.thread_id).item_seq == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
async def test_follower_without_the_log_is_told_what_goes_on_and_what_is_whole() -> None:
    def under_way() -> Turn:
        thread = Thread.objects.create(owner="ext:1")
        turn = Turn.objects.create(owner="ext:1", thread=thread, state="running")
        return check(turn, 5, "half", [card("itm_1"), said(turn, "half")], {answer_id(turn.pk)})

    turn = await db(under_way)
    (record,) = await StoredTurn(turn.pk, None).load()
    assert isinstance(record.event, Snapshot)
    assert [item.id for item in record.event.items] == ["itm_1", answer_id(turn.pk)]
    assert record.event.open == {answer_id(turn.pk)}
