"""Threads and their items: list, read, rename, delete, export, feedback. Sync verbs, to be called by `db()` or in a view.

A turn is never started here; deleting a thread ends the turn that runs in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from chat_app.chat import openings, policy
from chat_app.domain.errors import InvalidInput, NotFound
from chat_app.domain.shapes import ItemInfo, Page, ThreadInfo
from chat_app.domain.turn import ACTIVE, HIDDEN
from chat_app.models import Feedback, Item, Thread, Turn
from chat_app.streaming import threads as stored
from chat_app.streaming.control import CONTROL
from sessions_app.principal import Principal


def active_turn(principal: Principal, thread_id: str, *, must_exist: bool = False) -> str | None:
    """The id of the turn that runs in a thread of this principal's, if any. A thread that is not there yet has none,
    unless it must exist: then NotFound."""
    thread = Thread.objects.filter(pk=thread_id).first()
    if thread is None and not must_exist:
        return None
    policy.owns_thread(principal, thread.owner if thread else None)
    return Turn.objects.filter(thread_id=thread_id, state__in=ACTIVE).values_list("pk", flat=True).first()


def find(principal: Principal, thread_id: str) -> Thread:
    """A thread of this principal's. Raises NotFound."""
    thread = Thread.objects.filter(pk=thread_id).first()
    if thread is None:
        raise NotFound
    policy.owns_thread(principal, thread.owner)
    return thread


def info(principal: Principal, thread_id: str) -> ThreadInfo:
    return _infos([find(principal, thread_id)])[0]


def create(principal: Principal, title: str = "") -> ThreadInfo:
    """A new, empty thread."""
    return _infos([Thread.objects.create(owner=principal.owner, title=title)])[0]


def rename(principal: Principal, thread_id: str, title: str) -> None:
    """Set the title alone: whatever else changes meanwhile stays."""
    find(principal, thread_id)
    Thread.objects.filter(pk=thread_id).update(title=title)
    CONTROL.publish(f"thread:{thread_id}", {"type": "thread", "title": title})


def delete(principal: Principal, thread_id: str) -> None:
    """Delete a thread and all its text. A running turn is stopped; usage stays with the turns."""
    if not stored.delete(find(principal, thread_id).owner, thread_id):
        raise NotFound


def listing(principal: Principal, *, q: str = "", **paging: Any) -> Page[ThreadInfo]:
    """This principal's threads, newest change first unless asked otherwise; `q` searches titles and texts."""
    rows = Thread.objects.filter(owner=principal.owner)
    if q:
        found = Item.objects.filter(thread__owner=principal.owner, on_path=True, text__icontains=q)
        rows = rows.filter(Q(title__icontains=q) | Q(pk__in=found.values("thread_id")))
    page = _page(rows, "updated_at", **{"order": "desc", **paging})
    return Page(_infos(page.data), page.has_more, page.next)


def items(principal: Principal, thread_id: str, **paging: Any) -> Page[ItemInfo]:
    """The items on a thread's path, oldest first unless asked otherwise."""
    find(principal, thread_id)
    rows = _visible(thread_id).select_related("feedback")
    page = _page(rows, "seq", **{"order": "asc", **paging})
    return Page([item_info(row) for row in page.data], page.has_more, page.next)


def export_items(principal: Principal, thread_id: str) -> tuple[ThreadInfo, Iterable[ItemInfo]]:
    """A thread and all items of its path, oldest first, read in batches."""
    thread = info(principal, thread_id)
    rows = _visible(thread_id).select_related("feedback").order_by("seq")
    return thread, (item_info(row) for row in rows.iterator(chunk_size=500))


def give_feedback(principal: Principal, item_id: str, kind: str | None, comment: str | None) -> ItemInfo:
    """Keep what the owner thinks of an answer; None takes it back. Raises NotFound, InvalidInput for a user's own message."""
    item = Item.objects.select_related("thread", "turn").filter(pk=item_id).first()
    if item is None or item.kind in HIDDEN:
        raise NotFound
    if item.thread is not None:
        policy.owns_thread(principal, item.thread.owner)
    else:
        policy.owns_turn(principal, item.turn)
    if item.kind == "user_message":
        raise InvalidInput("Only answers take feedback.", fields={"kind": ["Only answers take feedback."]})
    if kind is None:
        Feedback.objects.filter(item=item).delete()
    else:
        Feedback.objects.update_or_create(item=item, defaults={"kind": kind, "comment": comment or ""})
    return item_info(Item.objects.select_related("feedback").get(pk=item.pk))


def give_feedback_to(principal: Principal, thread_id: str, item_ids: Iterable[str], kind: str) -> list[str]:
    """Keep what the owner thinks of several items of a thread: the ids of those that take feedback and are there."""
    find(principal, thread_id)
    rows = _visible(thread_id).filter(pk__in=list(item_ids)).exclude(kind="user_message")
    for row in rows:
        Feedback.objects.update_or_create(item=row, defaults={"kind": kind})
    return [row.pk for row in rows]


def item_info(row: Item) -> ItemInfo:
    feedback = getattr(row, "feedback", None)
    return replace(openings.item(row), feedback=feedback.kind if feedback else None)


def _visible(thread_id: str) -> QuerySet[Item]:
    return Item.objects.filter(thread_id=thread_id, on_path=True).exclude(kind__in=HIDDEN)


def _infos(threads: Iterable[Thread]) -> list[ThreadInfo]:
    threads = list(threads)
    active = dict(
        Turn.objects.filter(thread__in=[t.pk for t in threads], state__in=ACTIVE).values_list(
            "thread_id", "pk"
        )
    )
    return [replace(openings.thread(t), active_turn_id=active.get(t.pk)) for t in threads]


def _page(
    rows: QuerySet[Any], by: str, *, limit: int = 20, after: str | None = None, order: str = "desc"
) -> Page[Any]:
    """One page by keyset: ordered by a column and the id, behind the row that `after` names."""
    sign, behind = ("-", "lt") if order == "desc" else ("", "gt")
    if after:
        edge: tuple[datetime | int, str] | None = (
            rows.order_by().filter(pk=after).values_list(by, "pk").first()
        )
        if edge is None:
            raise InvalidInput(fields={"after": ["There is no such entry in this list."]})
        rows = rows.filter(Q(**{f"{by}__{behind}": edge[0]}) | Q(**{by: edge[0], f"pk__{behind}": edge[1]}))
    found = list(rows.order_by(f"{sign}{by}", f"{sign}pk")[: limit + 1])
    has_more = len(found) > limit
    found = found[:limit]
    return Page(found, has_more, found[-1].pk if has_more else None)
