"""Where a turn goes: a thread as it stands, locked, a thread to be made, or none; and whether it may begin there.

Sync, inside the transaction of a start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from chat_app.chat import policy, quotas
from chat_app.chat.asks import Ask, Busy, session_thread
from chat_app.domain.errors import NotFound
from chat_app.domain.shapes import ThreadInfo
from chat_app.models import Item, Thread, Turn, sql
from chat_app.models.fields import new_id
from sessions_app.principal import Principal


@dataclass(frozen=True, slots=True)
class Place:
    """A thread as it stands, a thread to be made, or none (a one-off turn)."""

    thread_id: str | None
    is_new: bool = True
    head_id: str | None = None
    item_seq: int = 0
    title: str = ""
    created_at: datetime | None = None
    image_domains: Sequence[str] | None = None

    def info(self, title: str, moment: datetime) -> ThreadInfo | None:
        """The thread behind this start, None where there is none."""
        if self.thread_id is None:
            return None
        created = self.created_at or moment
        return ThreadInfo(
            self.thread_id, title, "active", created, moment, allowed_image_domains=self.image_domains
        )


def claimed(principal: Principal, ask: Ask, model_id: str) -> tuple[Place, tuple[int, ...]]:
    """The place of a message, and the allowances in which the turn is counted from here on; staff who try a model have none.

    Raises Busy, NotFound, Forbidden, QuotaExceeded."""
    charges: tuple[int, ...] = ()
    busy, place = None, Place(None)
    try:
        place = _of(principal, ask)
    except Busy as error:
        if ask.on_busy != "replace" and not error.abandoned:
            raise
        busy = error
    if not ask.only_model:
        charges = quotas.claim(principal.owner, principal.session_id, model_id, timezone.now())
    # The claim came first, since who may not begin stops nothing; it goes with the transaction.
    if busy is not None:
        raise busy
    return place, charges


def _of(principal: Principal, ask: Ask) -> Place:
    if ask.new_thread:
        return Place(new_id("thr"))
    own = session_thread(principal.session_id) if principal.session_id is not None else None
    if own is not None and ask.thread_id in (None, own):  # named or not: it may have to be made
        return locked(principal, own) or Place(own)
    if ask.thread_id is not None:
        return existing(principal, ask.thread_id)
    one_off = ask.one_off or policy.is_one_off(principal)
    return Place(None if one_off else new_id("thr"))


def existing(principal: Principal, thread_id: str) -> Place:
    """`locked`, for a thread that must be there. Raises NotFound too."""
    place = locked(principal, thread_id)
    if place is None:
        raise NotFound
    return place


def locked(principal: Principal, thread_id: str) -> Place | None:
    """A thread, locked until the transaction ends, if this principal may add to it. Raises Busy while a turn runs in it;
    that no two begin at once is the database's own law (`one_active_turn`)."""
    threads, turns = sql.table(Thread), sql.table(Turn)
    rows = sql.fetch(
        f"SELECT t.owner, t.status, t.status_reason, t.head_id, t.item_seq, t.title, t.created_at, "  # noqa: S608
        "t.allowed_image_domains, "
        f"(SELECT r.id FROM {turns} r WHERE r.thread_id = t.id AND r.state IN ('queued', 'running')) "
        f"FROM {threads} t WHERE t.id = %s{sql.for_update()}",
        [thread_id],
    )
    if not rows:
        return None
    owner, status, reason, head_id, item_seq, title, created_at, domains, active = rows[0]
    policy.owns_thread(principal, owner)
    policy.may_write(status, reason)
    if sql.for_update():  # who waited for the lock has read the turns as they were before it
        running = f"SELECT id FROM {turns} WHERE thread_id = %s AND state IN ('queued', 'running')"  # noqa: S608
        active = next((row[0] for row in sql.fetch(running, [thread_id])), None)
    if active is not None:
        raise Busy(active, abandoned=Turn.objects.filter(pk=active, abandoned_at__isnull=False).exists())
    return Place(thread_id, False, head_id, item_seq, title, sql.moment(created_at), sql.plain(domains))


def pending_tools(thread_id: str, head_id: str | None) -> list[Item]:
    """The client tools of the thread's newest turn that nobody has answered, newest first."""
    if head_id is None:
        return []
    any_call = f"SELECT 1 FROM {sql.table(Item)} WHERE turn_id = %s AND kind = %s LIMIT 1"  # noqa: S608
    if not sql.fetch(any_call, [head_id, "client_tool_call"]):
        return []  # nearly always: the ORM's query would be half of a start's price
    calls = Item.objects.filter(turn_id=head_id, thread_id=thread_id, kind="client_tool_call", on_path=True)
    return [call for call in calls.order_by("-seq") if call.data.get("status") != "completed"]


def expire(calls: Sequence[Item]) -> tuple[str, ...]:
    """Take calls off the path that will not be answered any more: no model is to wait for them. Their ids."""
    ids = tuple(call.pk for call in calls)
    if ids:
        Item.objects.filter(pk__in=ids).update(on_path=False)
    return ids
