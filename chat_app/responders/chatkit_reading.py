"""What a thread holds for code written with ChatKit's SDK: its rows, and over them what the turn under way has made.

Nothing is written here. A stranger's thread and one that is not there are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatkit.store import NotFoundError
from chatkit.types import Page, ThreadItem

from chat_app.domain.events import ItemData
from chat_app.models import Turn
from chat_app.responders.chatkit_here import outside
from chat_app.responders.chatkit_items import to_item
from chat_app.responders.chatkit_scope import Scope
from chat_app.responders.chatkit_turn import Making
from chat_app.streaming import threads
from chat_app.streaming.threads import WHOLE

Rows = tuple[list[ItemData], bool]


def not_found() -> NotFoundError:
    """The same for what is not there and what is not theirs."""
    return NotFoundError("There is nothing here.")


async def making(scope: Scope, thread_id: str) -> Making | None:
    """The turn under way in this scope, if it is this thread's and its items are not stored yet."""
    turn = scope.turn
    if turn is None or turn.thread_id != thread_id:
        return None
    return None if turn.phase == "over" and turn.kept and await outside(has_ended, turn.turn_id) else turn


def has_ended(turn_id: str) -> bool:
    """Whether a turn's items are rows by now."""
    return not Turn.objects.filter(pk=turn_id, state__in=("queued", "running")).exists()


async def items(
    scope: Scope, thread_id: str, *, limit: int, after: str | None, ascending: bool
) -> Page[ThreadItem]:
    """A page of a thread's items, what is for the model alone too. Raises NotFoundError for a thread or a cursor that is not
    there."""
    turn = await making(scope, thread_id)
    limit = max(limit, 1)
    if turn is None:
        if await outside(threads.find, scope.owner, thread_id) is None:
            raise not_found()
        found, more = await _rows(scope, None, thread_id, limit, after, ascending)
    else:
        name = turn.id_of(after) if after is not None else None
        page = _forwards if ascending else _backwards
        found, more = await page(scope, turn, limit, name)
        found = [turn.changed.get(item.id, item) for item in found]
    url_of = await scope.pictures.addresses(found)
    shown = [item for data in found if (item := to_item(data, thread_id, url_of)) is not None]
    return Page(data=shown, has_more=more, after=found[-1].id if more else None)


async def item(scope: Scope, thread_id: str, name: str) -> ThreadItem:
    """One item of a thread. Raises NotFoundError, for one that is still being made too."""
    turn = await making(scope, thread_id)
    if turn is None:
        found = await outside(threads.item, scope.owner, thread_id, name)
    else:
        ours = turn.id_of(name)
        found = turn.done.get(ours) or turn.changed.get(ours) or await turn.row(ours)
    shown = to_item(found, thread_id, await scope.pictures.addresses([found])) if found is not None else None
    if shown is None:
        raise not_found()
    return shown


async def _forwards(scope: Scope, turn: Making, limit: int, after: str | None) -> Rows:
    made = list(turn.done.values())
    if after in turn.done:
        made = made[_place_of(made, after) + 1 :]
        return made[:limit], len(made) > limit
    found, more = await _rows(scope, turn, turn.thread_id, limit, after, True)
    if more:
        return found, True
    found += made
    return found[:limit], len(found) > limit


async def _backwards(scope: Scope, turn: Making, limit: int, after: str | None) -> Rows:
    made = list(turn.done.values())[::-1]
    if after in turn.done:
        made, after = made[_place_of(made, after) + 1 :], None
    elif after is not None:
        made = []
    if len(made) > limit:
        return made[:limit], True
    room = limit - len(made)
    found, more = await _rows(scope, turn, turn.thread_id, max(room, 1), after, False)
    return [*made, *found[:room]], more or len(found) > room


def _place_of(made: Sequence[ItemData], name: str | None) -> int:
    return next(number for number, item in enumerate(made) if item.id == name)


async def _rows(
    scope: Scope, turn: Making | None, thread_id: str, limit: int, after: str | None, ascending: bool
) -> Rows:
    if turn is not None and not turn.kept:
        return _aside(turn, limit, after, ascending)
    window = turn.window if turn is not None else WHOLE
    page = await outside(
        threads.items, scope.owner, thread_id, limit=limit, after=after, ascending=ascending, window=window
    )
    if page is None:
        raise not_found()
    return page


def _aside(turn: Making, limit: int, after: str | None, ascending: bool) -> Rows:
    """The same of a thread that nobody keeps."""
    held = [item for item in turn.aside if item.id not in turn.removed]
    held = held if ascending else held[::-1]
    if after is not None:
        if after not in {item.id for item in held}:
            raise not_found()
        held = held[_place_of(held, after) + 1 :]
    return held[:limit], len(held) > limit
