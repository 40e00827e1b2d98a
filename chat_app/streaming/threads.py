"""Threads and their items as rows, read and written beside turns: by Python that has items of its own to keep.

Sync, to be called by `db()`. Everything is asked on behalf of an owner, and finds nothing that is not theirs. What a turn
itself makes is `store.py`'s; who may ask is decided above.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from chat_app.domain.events import ItemData
from chat_app.domain.titles import first_words
from chat_app.domain.turn import ACTIVE
from chat_app.models import Item, Thread, Turn, sql
from chat_app.streaming.control import CONTROL


@dataclass(frozen=True, slots=True)
class Window:
    """What of a thread's path is looked at: not `without`, and not what lies between two numbers, the first excluded."""

    without: Collection[str] = ()
    gap: tuple[int, int] | None = None


WHOLE = Window()


class IdTaken(ValueError):
    """There is an item of that id in another thread."""

    def __init__(self) -> None:
        super().__init__("There is an item of that id already, in another thread.")


def find(owner: str, thread_id: str) -> Thread | None:
    """A thread of this owner's."""
    return Thread.objects.filter(pk=thread_id, owner=owner).first()


def listing(
    owner: str, *, limit: int, after: str | None, ascending: bool
) -> tuple[list[Thread], bool] | None:
    """A page of this owner's threads by the time they were made, and whether there are more; None for a cursor that is none of
    them."""
    rows = Thread.objects.filter(owner=owner)
    sign, behind = ("", "gt") if ascending else ("-", "lt")
    if after is not None:
        edge: datetime | None = rows.order_by().filter(pk=after).values_list("created_at", flat=True).first()
        if edge is None:
            return None
        later = Q(**{f"created_at__{behind}": edge})
        rows = rows.filter(later | Q(**{"created_at": edge, f"pk__{behind}": after}))
    found = list(rows.order_by(f"{sign}created_at", f"{sign}pk")[: limit + 1])
    return found[:limit], len(found) > limit


def create(owner: str, thread_id: str, values: Mapping[str, Any]) -> bool:
    """A new thread with that id, or the owner's own of that id changed. False where it is somebody else's."""
    with sql.atomic():
        row, is_new = Thread.objects.get_or_create(pk=thread_id, defaults={**values, "owner": owner})
        if not is_new and row.owner == owner and values:
            Thread.objects.filter(pk=thread_id).update(**values)
    return row.owner == owner


def change(owner: str, thread_id: str, values: Mapping[str, Any]) -> bool:
    """Change some columns of the owner's thread and no others. False where there is no such thread."""
    return bool(Thread.objects.filter(pk=thread_id, owner=owner).update(**values))


def change_metadata(owner: str, thread_id: str, set_: Mapping[str, Any], gone: Collection[str]) -> bool:
    """Set some keys of a thread's metadata and drop others; what another writer has set meanwhile stays. False where there is
    no such thread."""
    with sql.atomic():
        rows = Thread.objects.select_for_update(no_key=True)
        thread = rows.filter(pk=thread_id, owner=owner).first()
        if thread is None:
            return False
        kept = {key: value for key, value in thread.metadata.items() if key not in gone}
        Thread.objects.filter(pk=thread_id).update(metadata={**kept, **set_})
    return True


def is_named_by_first_words(thread: Thread) -> bool:
    """Whether a thread has its title for want of a better one."""
    asked = Item.objects.filter(thread_id=thread.pk, kind="user_message").order_by("seq")
    first = asked.first()
    if first is None:
        return False
    files = first.data.get("attachments") or [{"name": ""}]
    return thread.title == first_words(first.text or files[0]["name"])


def stop(thread_id: str, turn_ids: Collection[str]) -> None:
    """The thread is gone: its turns must not write any more. Any thread may call this."""
    Turn.objects.filter(pk__in=turn_ids, state__in=ACTIVE).update(
        state="cancelled",
        fence=F("fence") + 1,
        ended_at=timezone.now(),
        partial="",
        partial_items=[],
        cancel_requested=timezone.now(),
    )
    for turn_id in turn_ids:
        CONTROL.publish(f"turn:{turn_id}", {"type": "cancel"})


def delete(owner: str, thread_id: str) -> bool:
    """Delete a thread and all its text; a running turn is stopped, usage stays with the turns. False where there is none."""
    with sql.atomic():
        rows = Thread.objects.select_for_update(no_key=True)
        thread = rows.filter(pk=thread_id, owner=owner).first()
        if thread is None:
            return False
        turns = Turn.objects.filter(thread_id=thread_id)
        stop(thread_id, list(turns.filter(state__in=ACTIVE).values_list("pk", flat=True)))
        turns.update(partial="", partial_items=[], thread=None)
        thread.delete()
    return True


def data(row: Item) -> ItemData:
    """An item as plain values."""
    return ItemData(row.pk, row.kind, row.text, row.data, row.model or None, row.created_at)


def items(
    owner: str, thread_id: str, *, limit: int, after: str | None, ascending: bool, window: Window = WHOLE
) -> tuple[list[ItemData], bool] | None:
    """A page of what lies on a thread's path, what is for the model alone too, and whether there is more; None for a cursor
    that is not there."""
    rows = _path(owner, thread_id, window)
    if after is not None:
        edge = rows.order_by().filter(pk=after).values_list("seq", flat=True).first()
        if edge is None:
            return None
        rows = rows.filter(seq__gt=edge) if ascending else rows.filter(seq__lt=edge)
    found = list(rows.order_by("seq" if ascending else "-seq")[: limit + 1])
    return [data(row) for row in found[:limit]], len(found) > limit


def item(owner: str, thread_id: str, item_id: str, window: Window = WHOLE) -> ItemData | None:
    """One item on a thread's path."""
    row = _path(owner, thread_id, window).filter(pk=item_id).first()
    return data(row) if row is not None else None


def _path(owner: str, thread_id: str, window: Window) -> QuerySet[Item]:
    rows = Item.objects.filter(thread_id=thread_id, thread__owner=owner, on_path=True)
    if window.without:
        rows = rows.exclude(pk__in=list(window.without))
    if window.gap is not None:
        rows = rows.exclude(seq__gt=window.gap[0], seq__lte=window.gap[1])
    return rows


def put(owner: str, thread_id: str, item: ItemData) -> bool:
    """Add an item behind all that is in the thread, or change the one of that id; who has the thread open is told. False where
    there is no such thread. Raises IdTaken."""
    with sql.atomic():
        rows = Thread.objects.select_for_update(no_key=True)
        thread = rows.filter(pk=thread_id, owner=owner).first()
        if thread is None:
            return False
        values = {"kind": item.kind, "text": item.text, "data": dict(item.data)}
        known = Item.objects.filter(pk=item.id).values_list("thread_id", flat=True).first()
        if known == thread_id:
            Item.objects.filter(pk=item.id).update(**values, on_path=True)
        elif known is not None or Item.objects.filter(pk=item.id).exists():
            raise IdTaken
        else:
            moment = item.created_at or timezone.now()
            seq = thread.item_seq + 1
            Item.objects.create(id=item.id, thread_id=thread_id, seq=seq, created_at=moment, **values)
            Thread.objects.filter(pk=thread_id).update(item_seq=seq, updated_at=timezone.now())
    CONTROL.publish(f"thread:{thread_id}", {"type": "items"})
    return True


def put_since(thread_id: str, moment: datetime) -> bool:
    """Whether anything was added to a thread since then beside what its turns say."""
    return Item.objects.filter(thread_id=thread_id, turn__isnull=True, created_at__gte=moment).exists()


def take_off(owner: str, thread_id: str, item_id: str) -> bool:
    """An item is no longer part of the conversation. False where it was not."""
    gone = bool(_path(owner, thread_id, WHOLE).filter(pk=item_id).update(on_path=False))
    if gone:
        CONTROL.publish(f"thread:{thread_id}", {"type": "items"})
    return gone
