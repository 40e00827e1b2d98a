"""A thread as a front end that shows the whole of it opens it: its stored items, and over them the turn that runs in it.

`stored` verbs are sync, to be called by `db()`; what runs here is laid over them on the event loop, where the log is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from chat_app.chat import openings, policy, threads, turns
from chat_app.chat.asks import Identify
from chat_app.domain.errors import InvalidInput
from chat_app.domain.events import ItemData
from chat_app.domain.shapes import ItemInfo, Page, ThreadInfo
from chat_app.domain.turn import ACTIVE, HIDDEN
from chat_app.models import Thread, Turn
from chat_app.streaming import store
from chat_app.streaming.log import LOG
from sessions_app.db import db


@dataclass(frozen=True, slots=True)
class Opened:
    """A thread and one page of its items; `active_turn_id` is what runs in it."""

    thread: ThreadInfo
    items: Page[ItemInfo]
    active_turn_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """The turn that runs in a thread, as its row has it."""

    turn_id: str
    items: tuple[ItemData, ...]


async def opened(
    identify: Identify, thread_id: str, *, limit: int, order: str = "asc", after: str | None = None
) -> Opened:
    """A page of a thread as it stands this moment, oldest first unless asked otherwise: behind the stored items what the
    running turn has made so far. Whoever hung up on that turn is back. Raises NotFound, InvalidInput for a bad cursor."""
    found = await db(_stored, identify, thread_id, limit, order, after)
    page, running = found.page, found.running
    if page is None:
        # The cursor is no stored item. It may be one that is still being made: then nothing is behind it yet.
        if running is None or after not in {item.id for item in _live(running)}:
            raise InvalidInput(fields={"after": ["There is no such entry in this list."]})
        page = Page([], False)
    if running is None:
        return Opened(found.thread, page)
    active = replace(found.thread, active_turn_id=running.turn_id)
    return Opened(active, _with_live(page, running, thread_id, order, after), running.turn_id)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the rows say of a thread; `page` is None where they do not have the cursor."""

    thread: ThreadInfo
    page: Page[ItemInfo] | None
    running: _Running | None


def _stored(identify: Identify, thread_id: str, limit: int, order: str, after: str | None) -> _Stored:
    principal = identify()
    row = Thread.objects.filter(pk=thread_id).first()
    policy.owns_thread(principal, row.owner if row is not None else None)
    assert row is not None
    turn = Turn.objects.filter(thread_id=thread_id, state__in=ACTIVE).first()
    running = None
    if turn is not None:
        running = _Running(turn.pk, tuple(store.kept_items(turn)))
        if turn.abandoned_at is not None:
            turns.seen(turn.pk)
    try:
        page = threads.items(principal, thread_id, limit=limit, order=order, after=after)
    except InvalidInput:
        return _Stored(openings.thread(row), None, running)
    return _Stored(openings.thread(row), page, running)


def _live(running: _Running) -> Iterable[ItemData]:
    held = LOG.find(running.turn_id)
    return running.items if held is None else held.view.items


def _with_live(
    page: Page[ItemInfo], running: _Running, thread_id: str, order: str, after: str | None
) -> Page[ItemInfo]:
    data = list(page.data)
    known = {info.id for info in data}
    live = [
        _info(i, thread_id, running.turn_id)
        for i in _live(running)
        if i.kind not in HIDDEN and i.id not in known
    ]
    if after in {info.id for info in live}:
        live = []
    if order == "asc" and not page.has_more:
        data = [*data, *live]
    elif order == "desc" and after is None:
        data = [*live[::-1], *data]
    return Page(data, page.has_more, page.next)


def _info(item: ItemData, thread_id: str, turn_id: str) -> ItemInfo:
    assert item.created_at is not None
    return ItemInfo(
        item.id, thread_id, turn_id, 0, item.kind, item.text, item.created_at, item.model, data=item.data
    )
