"""The lease of a turn in its row: owner, heartbeat, fence; the checkpoint that goes with a heartbeat; and how the lease of a
worker that is gone is taken.

Sync; called by `db()`. The fence grows with each owner, and every write names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from chat_app.domain.events import Cancelled, Interrupted, Snapshot, Terminal, UsageData
from chat_app.domain.prompt import estimate_tokens
from chat_app.domain.turn import ACTIVE
from chat_app.models import Thread, Turn, sql
from chat_app.streaming import kept, store

CRASH_GAP = 1_000_000  # more events than followers of a lost worker can have seen since its last checkpoint


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How a running turn stands behind event number `seq`: what a follower on another worker is shown, and what is kept
    should its own worker die. `items` are what it has made, as `kept.py` has them, None where that is stored already: text that
    grows is no change of them."""

    turn_id: str
    fence: int
    seq: int
    text: str
    model: str
    items: kept.Kept | None = None


@dataclass(frozen=True, slots=True)
class Beaten:
    """What a heartbeat found: the turns that are to be stopped, and those whose lease another worker has."""

    cancelled: frozenset[str]
    lost: frozenset[str]


def checkpoint(
    running: Mapping[str, int], moved: Sequence[Checkpoint], abandoned_before: datetime | None = None
) -> Beaten:
    """One write for all turns that run in a worker (id -> fence): their heartbeat, and how those stand that moved on. To be
    stopped are those that someone asked to cancel, or hung up on before that moment."""
    with sql.atomic():
        if moved:
            _save(moved)
        _under(running).update(heartbeat=timezone.now())
        found = Turn.objects.filter(pk__in=list(running))
        rows = {row.pk: row for row in found.only("state", "fence", "cancel_requested", "abandoned_at")}
    # Of a turn whose thread was deleted the row says cancelled, under another fence; a row that is not there was purged.
    gone = {name for name in running if (row := rows.get(name)) is None or row.state == "cancelled"}
    lost = {name for name, fence in running.items() if name not in gone and rows[name].fence != fence}
    stopped = {name for name in running if name not in gone | lost and _stopped(rows[name], abandoned_before)}
    return Beaten(frozenset(gone | stopped), frozenset(lost))


def _stopped(turn: Turn, abandoned_before: datetime | None) -> bool:
    left = turn.abandoned_at
    hung_up = left is not None and abandoned_before is not None and left < abandoned_before
    return turn.state in ACTIVE and (turn.cancel_requested is not None or hung_up)


def _under(running: Mapping[str, int]) -> QuerySet[Turn]:
    """Those that are still held under their fence, which is the first one of nearly all."""
    by_fence: dict[int, list[str]] = {}
    for turn_id, fence in running.items():
        by_fence.setdefault(fence, []).append(turn_id)
    held = Q()
    for fence, turn_ids in by_fence.items():
        held |= Q(pk__in=turn_ids, fence=fence)
    return Turn.objects.filter(held, state__in=ACTIVE)


def _save(moved: Sequence[Checkpoint]) -> None:
    table = connection.ops.quote_name(Turn._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET partial = %s, last_seq = %s, model = %s "  # noqa: S608
            "WHERE id = %s AND fence = %s AND state IN ('queued', 'running')",
            [(c.text, c.seq, c.model, c.turn_id, c.fence) for c in moved],
        )
    for stands in moved:
        if stands.items is not None:
            rows = Turn.objects.filter(pk=stands.turn_id, fence=stands.fence, state__in=ACTIVE)
            rows.update(partial_items=stands.items)


def orphans(before: datetime, limit: int = 100) -> list[tuple[str, int]]:
    """Turns that are said to run, without a heartbeat since `before`, and their fences."""
    rows = Turn.objects.filter(state__in=ACTIVE, heartbeat__lt=before).order_by("heartbeat")
    return list(rows.values_list("pk", "fence")[:limit])


def claim(turn_id: str, fence: int, worker: str, before: datetime) -> Turn | None:
    """Take the lease of a turn whose worker is gone: the turn under its new fence, as its last checkpoint left it. None when
    another was first, or its worker has come back."""
    mine = Turn.objects.filter(pk=turn_id, fence=fence, state__in=ACTIVE, heartbeat__lt=before)
    if not mine.update(fence=F("fence") + 1, owner_worker=worker, heartbeat=timezone.now()):
        return None
    return Turn.objects.select_related("thread", "input_item").filter(pk=turn_id, fence=fence + 1).first()


def next_number(thread_id: str | None) -> int:
    """A number of the thread for an answer that goes behind all that is there; 0 where there is no thread (any more). Inside
    a transaction in which the thread is locked."""
    if not thread_id:
        return 0
    Thread.objects.filter(pk=thread_id).update(item_seq=F("item_seq") + 1)
    return Thread.objects.filter(pk=thread_id).values_list("item_seq", flat=True).first() or 0


def end(
    turn: Turn,
    shown: Snapshot,
    last_seq: int,
    charges: tuple[int, ...] = (),
    price: Callable[[str, int], Decimal | None] = lambda model, tokens: None,
) -> Terminal | None:
    """End a claimed turn as interrupted (or as cancelled, where that was asked for), keeping what was shown. The terminal
    event, numbered `last_seq`; None when the lease is not ours any more.

    What it used is estimated by its text, at the `price` of so many tokens of the model that gave it, and added to `charges`.
    """
    tokens, model = estimate_tokens(shown.text), shown.model or ""
    cost = price(model, tokens)
    terminal: Terminal = Interrupted(shown.text)
    if turn.cancel_requested is not None:
        spent = UsageData(0, tokens, True, None if cost is None else str(cost))
        terminal = Cancelled(shown.text, spent)
    with sql.atomic():
        store.lock(turn.thread_id)
        ended = store.save_ending(
            store.Ending(
                turn_id=turn.pk,
                fence=turn.fence,
                thread_id=turn.thread_id,
                answer_seq=next_number(turn.thread_id),
                terminal=terminal,
                items=shown.items,
                open=shown.open,
                model=model,
                output_tokens=tokens,
                estimated=True,
                cost=cost,
                attempts=turn.attempts,
                first_token_at=turn.first_token_at,
                last_seq=last_seq,
                replaces_after=kept.replaced_after(turn),
                charges=charges,
            )
        )
    return terminal if ended else None
