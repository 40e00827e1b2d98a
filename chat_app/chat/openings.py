"""What a turn changed in its thread by beginning, read from rows: for a start that attached to a turn begun before.

Sync. A fresh start makes its Opening of what it has just written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from chat_app.chat.asks import Opening
from chat_app.domain.events import ItemData
from chat_app.domain.shapes import ItemInfo, ThreadInfo
from chat_app.models import Item, Thread, Turn
from chat_app.streaming import kept as checkpoint

SHOWING: Final = ("message", "structured_input")  # triggers whose item the caller is told of


def of(turn: Turn) -> Opening | None:
    """The opening of a turn, None for one that belongs to no thread. `thread` and `input_item` are best joined already."""
    if turn.thread is None:
        return None
    return told(thread(turn.thread), turn, turn.input_item)


def told(info: ThreadInfo, turn: Turn, about: Item | None) -> Opening:
    """The opening of a turn in this thread; `about` is its input item."""
    first = turn.input
    shown = about is not None and (turn.trigger in SHOWING or first.get("shown"))
    return Opening(
        info,
        bool(first.get("new")),
        item(about) if shown and about is not None else None,
        tuple(first.get("expired", ())),
    )


def joined(turn: Turn) -> Opening | None:
    """The opening of a turn for who comes to it later and has read its thread: the thread is new to nobody, and what a retry's
    answer replaces is named."""
    opening = of(turn)
    return None if opening is None else replace(opening, is_new=False, replaces=_replaced(turn))


def _replaced(turn: Turn) -> tuple[str, ...]:
    """What stood where a retry's answer goes, or still does; older answers too, which nobody has any more."""
    after = checkpoint.replaced_after(turn)
    if after is None:
        return ()
    behind = Item.objects.filter(thread_id=turn.thread_id, seq__gt=after, created_at__lt=turn.created_at)
    return tuple(behind.exclude(turn=turn.pk).order_by("seq").values_list("pk", flat=True))


def kept(turn: Turn) -> dict[str, Any]:
    """What the turn that takes this one's place for the same request must have in its `input`, to open as this one does."""
    found = {name: turn.input[name] for name in ("new", "expired", "shown") if name in turn.input}
    return {**found, "shown": True} if turn.trigger in SHOWING else found


def thread(row: Thread) -> ThreadInfo:
    """A thread as callers are told of it, but for what runs in it."""
    return ThreadInfo(
        row.pk,
        row.title,
        row.status,
        row.created_at,
        row.updated_at,
        status_reason=row.status_reason,
        allowed_image_domains=row.allowed_image_domains,
    )


def item(row: Item) -> ItemInfo:
    """An item as callers are told of it, without feedback."""
    return ItemInfo(
        id=row.pk,
        thread_id=row.thread_id,
        turn_id=row.turn_id,
        seq=row.seq,
        kind=row.kind,
        text=row.text,
        created_at=row.created_at,
        model=row.model or None,
        data=row.data if isinstance(row.data, dict) else {},
    )


def data(row: Item) -> ItemData:
    """An item as a turn is given it."""
    return ItemData(row.pk, row.kind, row.text, row.data, row.model or None, row.created_at)
