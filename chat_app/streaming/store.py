"""What the log writes into the rows: a turn's end, in one transaction. The checkpoint of one under way is `leases.py`'s.

Sync; called by `db()`. Every write names the fence, so that a worker that lost its lease cannot write into the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.db.models.functions import Round
from django.utils import timezone

from chat_app.domain.events import Failed, Interrupted, ItemData, Terminal, ThreadUpdated
from chat_app.domain.turn import ACTIVE, ANSWER, TERMINAL_STATE
from chat_app.models import Item, QuotaUse, Thread, Turn, sql


@dataclass(frozen=True, slots=True)
class Ending:
    """All that is stored at a turn's end, `open` the items that were not whole. `answer_seq` is the number kept free for the
    answer at the start; where `replaces_after` is set, the answer of a retry takes the place of what followed the item of that
    number. `charges` are the allowances that the tokens and the cost are added to."""

    turn_id: str
    fence: int
    thread_id: str | None
    answer_seq: int
    terminal: Terminal
    items: Sequence[ItemData] = ()
    open: Collection[str] = ()
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    cost: Decimal | None = None
    attempts: Sequence[Mapping[str, Any]] = field(default_factory=list)
    first_token_at: datetime | None = None
    last_seq: int = 0
    replaces_after: int | None = None
    charges: tuple[int, ...] = ()


def save_ending(ending: Ending) -> bool:
    """Store the answer, its usage and the state in one transaction; once, however often it is asked for. False when the lease
    was lost: nothing is written."""
    state = TERMINAL_STATE[type(ending.terminal)]
    now = timezone.now()
    used: dict[str, Any] = {
        "model": ending.model,
        "input_tokens": ending.input_tokens,
        "output_tokens": ending.output_tokens,
        "usage_estimated": ending.estimated,
        "cost": ending.cost,
        "attempts": list(ending.attempts),
        "first_token_at": ending.first_token_at,
    }
    values: dict[str, Any] = {
        "state": state,
        "partial": "",
        "partial_items": [],
        "last_seq": ending.last_seq,
        "ended_at": now,
        **used,
        **_error(ending.terminal),
    }
    with sql.atomic():
        if ending.replaces_after is not None or len(ending.items) > 1:
            lock(ending.thread_id)
        if not sql.update(Turn, values, id=ending.turn_id, fence=ending.fence, state=tuple(ACTIVE)):
            if _stored_before(ending, state):
                return True
            if _deleted_meanwhile(ending) and sql.update(Turn, used, id=ending.turn_id, output_tokens=0):
                _charge(ending)
            return False
        if ending.items:
            if ending.replaces_after is not None and ending.thread_id is not None:
                _take_place(ending.turn_id, ending.thread_id, ending.replaces_after)
            _add_items(ending, state, now)
        _charge(ending)
    return True


def _charge(ending: Ending) -> None:
    """Add what was used to its allowances, last in the transaction: the rows are shared, and locked from here on. Rounded,
    since SQLite adds decimals as floats."""
    tokens, cost = ending.input_tokens + ending.output_tokens, ending.cost or Decimal(0)
    if tokens or cost:
        for use in ending.charges:
            QuotaUse.objects.filter(pk=use).update(
                tokens=F("tokens") + tokens, cost=Round(F("cost") + cost, precision=6)
            )


def _stored_before(ending: Ending, state: str) -> bool:
    """Whether this very ending is there: the database went away behind the commit, before it had told of it."""
    same = Turn.objects.filter(pk=ending.turn_id, fence=ending.fence, state=state, last_seq=ending.last_seq)
    return same.exists()


def _deleted_meanwhile(ending: Ending) -> bool:
    """Whether the turn was ended by the deletion of its thread alone: its text went, what it used stays used."""
    gone = Turn.objects.filter(pk=ending.turn_id, fence=ending.fence + 1, state="cancelled", one_off=False)
    return gone.filter(thread__isnull=True, input_tokens=0, output_tokens=0).exists()


def lock(thread_id: str | None) -> None:
    """Lock a thread before its turns, the order of all who change both: the other way round two could wait for ever."""
    if thread_id is not None:
        Thread.objects.select_for_update(no_key=True).filter(pk=thread_id).first()


def holds(turn_id: str, fence: int, thread_id: str) -> bool:
    """Whether a turn of this thread is still its worker's, and stays so to the end of this transaction: for what a turn writes
    beside its answer."""
    lock(thread_id)
    mine = Turn.objects.select_for_update(no_key=True).filter(pk=turn_id, fence=fence, thread_id=thread_id)
    return mine.values_list("pk", flat=True).first() is not None


def _error(terminal: Terminal) -> dict[str, Any]:
    if isinstance(terminal, Failed):
        return {
            "error_code": terminal.code,
            "error_detail": terminal.detail[:500],
            "error_retryable": terminal.retryable,
        }
    if isinstance(terminal, Interrupted):
        return {
            "error_code": terminal.code,
            "error_detail": "The answer was cut off.",
            "error_retryable": terminal.retryable,
        }
    return {}


def _add_items(ending: Ending, state: str, now: datetime) -> None:
    mark: dict[str, Any] = {} if state == "completed" else {"state": state}
    if isinstance(ending.terminal, Failed):
        mark["error"] = {"code": ending.terminal.code, "detail": ending.terminal.detail[:500]}
    marked = _marked(ending)
    sql.insert(
        *(
            Item(
                id=item.id,
                thread_id=ending.thread_id,
                turn_id=ending.turn_id,
                seq=seq,
                kind=item.kind,
                text=item.text,
                data={**item.data, **(mark if item.id in marked else {})},
                model=item.model or "",
                created_at=item.created_at or now,
            )
            for seq, item in zip(_numbers(ending), ending.items, strict=True)
        )
    )


def _marked(ending: Ending) -> set[str]:
    """The messages that tell how the answer ended: those that were not whole, else the last one."""
    messages = [item.id for item in ending.items if item.kind == ANSWER]
    return {name for name in messages if name in ending.open} or set(messages[-1:])


def _numbers(ending: Ending) -> Sequence[int]:
    """The items' numbers in their thread: what was kept free for the answer, and as many more as it takes. Where something
    was added to the thread meanwhile, all of them come behind that."""
    first, count = ending.answer_seq, len(ending.items)
    if ending.thread_id is None or count == 1:
        return range(first, first + count)
    thread = Thread.objects.filter(pk=ending.thread_id)
    taken = thread.values_list("item_seq", flat=True).get()
    if taken != first:
        first = taken + 1
    thread.update(item_seq=first + count - 1)
    return range(first, first + count)


def change_item(thread_id: str, item: ItemData) -> datetime | None:
    """Change an item of an earlier turn of this thread: when it was made, None where it is not there to be changed."""
    rows = Item.objects.filter(pk=item.id, thread_id=thread_id, on_path=True)
    rows.update(kind=item.kind, text=item.text, data=dict(item.data))
    return rows.values_list("created_at", flat=True).first()


def take_away(thread_id: str, item_id: str) -> bool:
    """Take an item of an earlier turn off the path of this thread. False where it is not on it."""
    return bool(Item.objects.filter(pk=item_id, thread_id=thread_id, on_path=True).update(on_path=False))


def update_thread(
    thread_id: str, change: ThreadUpdated, unless_not: str | None = None
) -> ThreadUpdated | None:
    """Change a thread field by field; what is None stays. With `unless_not` only while that is its title: a person who has
    renamed it meanwhile is right. All of it as it stands then, None where nothing changed."""
    changes: dict[str, Any] = {}
    if change.title is not None:
        changes["title"] = change.title[:255]
    if change.status is not None:
        changes.update(status=change.status, status_reason=(change.reason or "")[:255])
    if change.image_domains is not None:
        changes["allowed_image_domains"] = list(change.image_domains)
    rows = Thread.objects.filter(pk=thread_id)
    if unless_not is not None:
        rows = rows.filter(title=unless_not)
    if not changes or not rows.update(**changes):
        return None
    fields = ("title", "status", "status_reason", "allowed_image_domains")
    return ThreadUpdated(*Thread.objects.values_list(*fields).get(pk=thread_id))


def begin_retry(turn_id: str, fence: int, thread_id: str, after_seq: int) -> None:
    """The new answer has begun: what followed the question leaves the path, and the thread's head is this turn. Nothing happens
    where another worker has the turn."""
    with sql.atomic():
        if holds(turn_id, fence, thread_id):
            _take_place(turn_id, thread_id, after_seq)


def _take_place(turn_id: str, thread_id: str, after_seq: int) -> None:
    behind = Item.objects.filter(thread_id=thread_id, on_path=True, seq__gt=after_seq)
    behind.exclude(turn_id=turn_id).update(on_path=False)
    Thread.objects.filter(pk=thread_id).update(head_id=turn_id, updated_at=timezone.now())
