"""The lease in a turn's row: who has it, what a heartbeat finds, and what becomes of the turn when its worker is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from chat_app.domain.events import Completed, ItemData
from chat_app.domain.turn import ANSWER, answer_id
from chat_app.models import Item, Thread, Turn
from chat_app.streaming import leases, store
from tests.chat_app.scripts import USAGE
from tests.chat_app.streaming.orphaned import claim_only, close_only

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn() -> Turn:
    thread = Thread.objects.create(owner="ext:1", item_seq=2)
    return Turn.objects.create(
        owner="ext:1", thread=thread, state="running", owner_worker="w", heartbeat=timezone.now()
    )


def stands(turn: Turn, text: str, seq: int) -> leases.Checkpoint:
    return leases.Checkpoint(turn.pk, turn.fence, seq, text, "demo")


def end(turn: Turn, text: str, seq: int) -> bool:
    item = ItemData(answer_id(turn.pk), ANSWER, text, model="demo")
    return store.save_ending(
        store.Ending(
            turn.pk, turn.fence, turn.thread_id, 2, Completed(text, "demo", USAGE), [item], last_seq=seq
        )
    )


def beat(*turns: Turn, before: timedelta | None = None) -> leases.Beaten:
    edge = None if before is None else timezone.now() + before
    return leases.checkpoint({turn.pk: turn.fence for turn in turns}, [], edge)


NOTHING = leases.Beaten(frozenset(), frozenset())


def test_checkpoint_that_comes_behind_the_end_leaves_no_text(turn: Turn) -> None:
    late = stands(turn, "half", 5)
    assert end(turn, "half and half", 9)
    assert leases.checkpoint({turn.pk: turn.fence}, [late]) == NOTHING
    turn.refresh_from_db()
    assert (turn.partial, turn.last_seq, turn.state) == ("", 9, "completed")


def test_turn_that_nothing_runs_is_not_kept_alive_by_its_worker(turn: Turn) -> None:
    other = Turn.objects.create(
        owner="ext:1", state="running", owner_worker="w", heartbeat=timezone.now() - timedelta(seconds=9)
    )
    now = timezone.now()
    beat(other)
    assert leases.orphans(now) == [(turn.pk, turn.fence)]


def test_heartbeat_names_a_turn_that_was_asked_to_stop(turn: Turn) -> None:
    assert beat(turn) == NOTHING
    Turn.objects.filter(pk=turn.pk).update(cancel_requested=timezone.now())
    assert beat(turn).cancelled == {turn.pk}


def test_heartbeat_names_a_turn_that_another_worker_has(turn: Turn) -> None:
    assert claim_only() is not None
    assert beat(turn) == leases.Beaten(frozenset(), frozenset({turn.pk}))
    Turn.objects.filter(pk=turn.pk).update(state="interrupted")
    assert beat(turn).lost == {turn.pk}


def test_heartbeat_under_an_old_fence_keeps_no_turn_alive(turn: Turn) -> None:
    other = Turn.objects.create(owner="ext:1", state="running", fence=7, heartbeat=timezone.now())
    Turn.objects.update(heartbeat=timezone.now() - timedelta(seconds=60))
    old = Turn.objects.get(pk=other.pk)
    Turn.objects.filter(pk=other.pk).update(fence=F("fence") + 1)
    beat(turn, old)
    assert leases.orphans(timezone.now() - timedelta(seconds=30)) == [(other.pk, 8)]


def test_heartbeat_stops_a_turn_whose_row_says_cancelled_or_is_gone(turn: Turn) -> None:
    Turn.objects.filter(pk=turn.pk).update(state="cancelled", fence=F("fence") + 1)
    gone = Turn(id="trn_gone", owner="ext:1")
    assert beat(turn, gone) == leases.Beaten(frozenset({turn.pk, "trn_gone"}), frozenset())


def test_turn_that_was_hung_up_on_is_named_once_its_grace_is_over(turn: Turn) -> None:
    Turn.objects.filter(pk=turn.pk).update(abandoned_at=timezone.now())
    assert beat(turn) == beat(turn, before=timedelta(seconds=-1)) == NOTHING
    assert beat(turn, before=timedelta(seconds=1)).cancelled == {turn.pk}
    Turn.objects.filter(pk=turn.pk).update(abandoned_at=None)
    assert beat(turn, before=timedelta(seconds=1)) == NOTHING


def test_orphan_is_claimed_once_and_by_nobody_while_its_worker_lives(turn: Turn) -> None:
    later, earlier = (timezone.now() + timedelta(seconds=s) for s in (1, -1))
    assert leases.claim(turn.pk, turn.fence, "b", earlier) is None
    claimed = leases.claim(turn.pk, turn.fence, "b", later)
    assert claimed is not None
    assert (claimed.fence, claimed.owner_worker) == (2, "b")
    assert leases.claim(turn.pk, turn.fence, "c", later) is None


def test_orphan_keeps_its_last_checkpoint_and_ends_beyond_what_was_seen(turn: Turn) -> None:
    leases.checkpoint({turn.pk: turn.fence}, [stands(turn, "half", 5)])
    assert close_only()
    turn.refresh_from_db()
    assert (turn.state, turn.model, turn.partial) == ("interrupted", "demo", "")
    assert turn.last_seq > 100_000
    answer = Item.objects.get(pk=answer_id(turn.pk))
    assert (answer.text, answer.seq, answer.data) == ("half", 3, {"state": "interrupted"})
    turn.fence = 1
    assert not end(turn, "late", 9)  # its worker has lost it for good


def test_orphan_that_was_asked_to_stop_ends_as_cancelled(turn: Turn) -> None:
    leases.checkpoint({turn.pk: turn.fence}, [stands(turn, "half", 5)])
    Turn.objects.filter(pk=turn.pk).update(cancel_requested=timezone.now())
    assert close_only()
    turn.refresh_from_db()
    assert (turn.state, turn.error_code, turn.output_tokens) == ("cancelled", "", 1)
