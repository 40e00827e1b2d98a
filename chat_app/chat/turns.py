"""The only door to turns for views and consumers: start, follow, cancel, retry, and a look at one.

Every verb takes `identify`, a sync callable that makes the credential a principal (and raises where it cannot): it runs
in the same trip to the database as the verb's own work. Async, to be awaited on the runner's event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from django.db.models import F
from django.utils import timezone

from chat_app.chat import policy, start
from chat_app.chat.asks import Ask, Begun, Busy, Identify
from chat_app.chat.runner import RUNNER
from chat_app.domain.errors import NotFound, TurnRunning
from chat_app.domain.events import (
    Cancelled,
    Completed,
    Failed,
    Interrupted,
    ItemData,
    Snapshot,
    Terminal,
    UsageData,
)
from chat_app.domain.shapes import TurnInfo
from chat_app.domain.turn import ACTIVE, ANSWER, answer_id, is_terminal
from chat_app.models import Item, Turn
from chat_app.streaming.control import CONTROL
from chat_app.streaming.follow import Follower, LiveFollower, StoredFollower
from chat_app.streaming.log import LOG, Record
from sessions_app.db import db
from sessions_app.principal import Principal

REPLACE_SECONDS = 5.0
__all__ = [
    "Ask",
    "Begun",
    "Following",
    "abandon",
    "cancel",
    "follow",
    "get",
    "outcome",
    "retry",
    "start_turn",
    "watch",
]


@dataclass(frozen=True, slots=True)
class Following:
    """A follower, and what its caller needs to know beside it."""

    follower: Follower
    principal: Principal
    turn_id: str
    thread_id: str | None
    over: bool = False  # ended, and the caller has seen all of it


async def start_turn(identify: Identify, ask: Ask) -> Begun:
    """Start a turn for a message, or attach to the one that the same idempotency key started.

    The turn runs from now on whether or not anyone follows. Raises ChatError or the credential's error; nothing is
    written then.
    """
    await RUNNER.startup()
    RUNNER.check_open()
    try:
        begun = await db(start.begin, identify, ask, RUNNER.worker)
    except Busy as busy:
        if ask.on_busy != "replace":
            raise
        await _make_way(identify, busy.turn_id)
        begun = await db(start.begin, identify, ask, RUNNER.worker)
    return _launch(begun)


async def retry(identify: Identify, turn_id: str, model: str | None = None, key: str | None = None) -> Begun:
    """Answer the same message again in a new turn, by another model if one is named. The old answer stays until the new
    one begins."""
    await RUNNER.startup()
    RUNNER.check_open()
    return _launch(await db(start.begin_retry, identify, turn_id, model, RUNNER.worker, key))


def _launch(begun: Begun) -> Begun:
    if begun.spec is not None:
        RUNNER.launch(begun.spec)
        begun = replace(begun, spec=None)
    return begun


async def _make_way(identify: Identify, turn_id: str) -> None:
    """Cancel the thread's running turn and wait for its end."""
    await cancel(identify, turn_id)
    follower = _follower(turn_id, None)
    try:
        async with asyncio.timeout(REPLACE_SECONDS):
            while await follower.next() is not None:
                pass
    except TimeoutError:
        raise TurnRunning("The running answer could not be stopped in time.") from None
    finally:
        follower.close()


async def follow(identify: Identify, turn_id: str, after: int | None) -> Following:
    """Read a turn's events behind number `after`; None begins with a snapshot where the turn is under way.

    Raises NotFound for a turn that is not there or not this principal's.
    """
    await RUNNER.startup()
    principal, turn = await db(_owned, identify, turn_id)
    held = LOG.find(turn_id)
    last = held.last if held is not None and held.ended else turn.last_seq
    over = turn.state not in ACTIVE and after is not None and after >= last
    return Following(_follower(turn_id, after), principal, turn_id, turn.thread_id, over)


def watch(begun: Begun) -> Following:
    """Follow a turn from its beginning that this caller has just started or attached to."""
    return Following(_follower(begun.turn_id, 0), begun.principal, begun.turn_id, begun.thread_id)


async def outcome(begun: Begun) -> Terminal:
    """Wait for the one terminal event of a turn, and for nothing else."""
    held = LOG.find(begun.turn_id)
    if held is not None and not held.ended:
        ended = asyncio.get_running_loop().create_future()
        stop = held.watch(lambda: None if not held.ended or ended.done() else ended.set_result(None))
        try:
            await ended
        finally:
            stop()
    follower = _follower(begun.turn_id, 0)
    try:
        while (records := await follower.next()) is not None:
            if records and is_terminal(records[-1].event):
                event = records[-1].event
                assert not isinstance(event, Snapshot)
                return event  # type: ignore[return-value]
    finally:
        follower.close()
    raise NotFound


def _follower(turn_id: str, after: int | None) -> Follower:
    held = LOG.find(turn_id)
    if held is not None:
        return LiveFollower(held, after)
    return StoredFollower(_Row(turn_id, after).load)


async def get(identify: Identify, turn_id: str) -> TurnInfo:
    """A turn as it stands, its text as far as it has come. Raises NotFound."""
    info = await db(_info, identify, turn_id)
    held = LOG.find(turn_id)
    if held is not None and info.state in ACTIVE:
        snapshot = held.snapshot().event
        assert isinstance(snapshot, Snapshot)
        info = replace(info, text=snapshot.text, model=snapshot.model or info.model)
    return info


async def cancel(identify: Identify, turn_id: str) -> TurnInfo:
    """Ask for a turn's end: the intent is a row, the hint reaches the worker that runs it. Ending it is the engine's.

    Returns the turn as it stood when the intent was stored; a turn that has ended is left as it is. Raises NotFound.
    """
    info = await db(_request_cancel, identify, turn_id)
    CONTROL.publish(f"turn:{turn_id}", {"type": "cancel"})
    return info


def abandon(begun: Begun) -> None:
    """The caller of a one-off turn hung up: stop it. A turn of a thread goes on."""
    if begun.thread_id is None:
        CONTROL.publish(f"turn:{begun.turn_id}", {"type": "cancel"})


def _owned(identify: Identify, turn_id: str) -> tuple[Principal, Turn]:
    principal = identify()
    return principal, policy.owns_turn(principal, Turn.objects.filter(pk=turn_id).first())


def _request_cancel(identify: Identify, turn_id: str) -> TurnInfo:
    info = _info(identify, turn_id)
    if info.state in ACTIVE:
        Turn.objects.filter(pk=turn_id, state__in=ACTIVE, cancel_requested__isnull=True).update(
            cancel_requested=timezone.now()
        )
    return info


def _info(identify: Identify, turn_id: str) -> TurnInfo:
    turn = policy.owns_turn(identify(), Turn.objects.filter(pk=turn_id).first())
    return info_of(turn)


def info_of(turn: Turn) -> TurnInfo:
    """A row as callers are told of it; the text of an ended turn is its items'."""
    items = _items(turn.pk) if turn.state not in ACTIVE else []
    text = (
        "\n\n".join(item.text for item in items if item.kind == ANSWER and item.text)
        if items
        else turn.partial
    )
    ended = turn.ended_at is not None
    return TurnInfo(
        id=turn.pk,
        thread_id=turn.thread_id,
        state=turn.state,
        text=text,
        created_at=turn.created_at,
        model=turn.model or None,
        requested_model=turn.requested_model or None,
        usage=_usage(turn) if ended else None,
        error=(turn.error_code, turn.error_detail, turn.error_retryable) if turn.error_code else None,
        attempts=turn.attempts,
        first_token_at=turn.first_token_at,
        ended_at=turn.ended_at,
    )


def _usage(turn: Turn) -> UsageData:
    cost = None if turn.cost is None else str(turn.cost)
    return UsageData(turn.input_tokens, turn.output_tokens, turn.usage_estimated, cost)


def _items(turn_id: str) -> list[ItemData]:
    rows = Item.objects.filter(turn_id=turn_id).exclude(kind="user_message").order_by("seq")
    return [ItemData(r.pk, r.kind, r.text, r.data, r.model or None) for r in rows]


class _Row:
    """Reads a turn whose log this process does not hold: a snapshot each time its checkpoint has moved on, numbered as the
    log that its worker holds, so that a caller may go on there from what it saw here."""

    def __init__(self, turn_id: str, after: int | None) -> None:
        self.turn_id = turn_id
        self.seq = after or 0

    async def load(self) -> list[Record]:
        records = await db(self._load)
        if records:
            self.seq = records[-1].seq
        return records

    def _load(self) -> list[Record]:
        turn = Turn.objects.filter(pk=self.turn_id).first()
        if turn is None:
            raise NotFound
        model = turn.model or None
        if turn.state in ACTIVE:
            if turn.last_seq <= self.seq:
                return []
            text = turn.partial
            items = [ItemData(answer_id(turn.pk), ANSWER, text, model=model)] if text else []
            return [Record(turn.last_seq, Snapshot(turn.state, model, text, tuple(items)))]
        items = _items(turn.pk)
        text = "\n\n".join(i.text for i in items if i.kind == ANSWER and i.text)
        last = max(turn.last_seq, self.seq + 1)
        records = [Record(last, _terminal(turn, text))]
        if self.seq < last - 1:
            records.insert(0, Record(last - 1, Snapshot(turn.state, model, text, tuple(items))))
        return records


def _terminal(turn: Turn, text: str) -> Terminal:
    match turn.state:
        case "completed":
            return Completed(text, turn.model, _usage(turn))
        case "cancelled":
            return Cancelled(text, _usage(turn))
        case "failed":
            return Failed(turn.error_code, turn.error_detail, turn.error_retryable, text)
        case _:
            return Interrupted(text, turn.error_code or "interrupted", turn.error_retryable)


def stop_thread(thread_id: str, turn_ids: list[str]) -> None:
    """The thread is gone: its turns must not write any more. Any thread may call this."""
    Turn.objects.filter(pk__in=turn_ids, state__in=ACTIVE).update(
        state="cancelled",
        fence=F("fence") + 1,
        ended_at=timezone.now(),
        partial="",
        cancel_requested=timezone.now(),
    )
    for turn_id in turn_ids:
        CONTROL.publish(f"turn:{turn_id}", {"type": "cancel"})
