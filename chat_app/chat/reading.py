"""A thread as a front end that shows the whole of it opens it: its stored items, and over them the turn that runs in it.

`stored` verbs are sync, to be called by `db()`; what runs here is laid over them on the event loop, where the log is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chat_app.chat import openings, policy, threads, turns
from chat_app.chat.asks import Identify
from chat_app.domain.errors import InvalidInput
from chat_app.domain.events import ItemData
from chat_app.domain.shapes import ItemInfo, Page, ThreadInfo
from chat_app.domain.turn import ACTIVE, HIDDEN
from chat_app.models import Thread, Turn
from chat_app.streaming import kept
from chat_app.streaming.shared import LOG
from sessions_app.db import db


@dataclass(frozen=True, slots=True)
class Opened:
    """A thread and one page of its items; `active_turn_id` is what runs in it."""

    thread: ThreadInfo
    items: Page[ItemInfo]
    active_turn_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """The turn that runs in a thread, as its row has it. What it says takes the place of the items behind `replaces_after`."""

    turn_id: str
    items: tuple[ItemData, ...]
    replaces_after: int | None = None


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the rows say of a thread. `behind` says whether they have the cursor, so that the page is what lies behind it."""

    thread: ThreadInfo
    page: Page[ItemInfo]
    running: _Running | None
    behind: bool = True


async def opened(
    identify: Identify, thread_id: str, *, limit: int, order: str = "asc", after: str | None = None
) -> Opened:
    """A page of a thread as it stands this moment, oldest first unless asked otherwise: behind the stored items what the
    running turn has made so far. Whoever hung up on that turn is back. Raises NotFound, InvalidInput for a bad cursor."""
    found = await db(_stored, identify, thread_id, limit, order, after)
    running = found.running
    if running is None:
        if not found.behind:
            raise _no_such_entry()
        return Opened(found.thread, found.page)
    active = replace(found.thread, active_turn_id=running.turn_id)
    data = _with_live(found, running, order, after)
    if len(data) > limit:
        return Opened(active, Page(data[:limit], True, data[limit - 1].id), running.turn_id)
    return Opened(active, Page(data, found.page.has_more, found.page.next), running.turn_id)


def _stored(identify: Identify, thread_id: str, limit: int, order: str, after: str | None) -> _Stored:
    principal = identify()
    row = Thread.objects.filter(pk=thread_id).first()
    policy.owns_thread(principal, row.owner if row is not None else None)
    assert row is not None
    here = Turn.objects.filter(thread_id=thread_id, state__in=ACTIVE)
    turn = here.select_related("input_item").first()
    running = None
    if turn is not None:
        running = _Running(turn.pk, tuple(kept.items_of(turn)), kept.replaced_after(turn))
        if turn.abandoned_at is not None:
            turns.seen(turn.pk)
    thread = openings.thread(row)
    try:
        page = threads.items(principal, thread_id, limit=limit, order=order, after=after)
    except InvalidInput:
        # The cursor is no stored item. It may be one that is still being made, behind all that is stored.
        page = Page([], False)
        if order == "desc":
            page = threads.items(principal, thread_id, limit=limit, order=order)
        return _Stored(thread, page, running, behind=False)
    return _Stored(thread, page, running)


def _with_live(found: _Stored, running: _Running, order: str, after: str | None) -> list[ItemInfo]:
    """The page with what the running turn has made and the rows do not have yet. Raises InvalidInput where neither has the
    cursor."""
    held = LOG.find(running.turn_id)
    made = running.items if held is None else held.view.items
    shown = [item for item in made if item.kind not in HIDDEN]
    first = running.replaces_after if shown else None
    data = [i for i in found.page.data if first is None or i.seq <= first or i.turn_id == running.turn_id]
    known = {info.id for info in data}
    live = [_info(item, found.thread.id, running.turn_id) for item in shown if item.id not in known]
    if not found.behind:
        place = next((n for n, info in enumerate(live) if info.id == after), None)
        if place is None:
            raise _no_such_entry()
        live = live[place + 1 :] if order == "asc" else live[:place]
    elif found.page.has_more if order == "asc" else after is not None:
        live = []  # their place is on another page
    return [*data, *live] if order == "asc" else [*live[::-1], *data]


def _no_such_entry() -> InvalidInput:
    return InvalidInput(fields={"after": ["There is no such entry in this list."]})


def _info(item: ItemData, thread_id: str, turn_id: str) -> ItemInfo:
    assert item.created_at is not None
    return ItemInfo(
        item.id, thread_id, turn_id, 0, item.kind, item.text, item.created_at, item.model, data=item.data
    )
