"""The only door to turns for views and consumers: start, follow, cancel, retry, and a look at one.

Every verb takes `identify`, a sync callable that makes the credential a principal (and raises where it cannot): it runs
in the same trip to the database as the verb's own work. Async, to be awaited on the runner's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from django.utils import timezone

from chat_app.chat import again, openings, policy, retries, start, steps
from chat_app.chat.asks import Ask, Begun, Busy, Identify, Opening, Step
from chat_app.chat.runner import RESTARTING, RUNNER
from chat_app.chat.stored import info_of
from chat_app.conf import limit
from chat_app.domain.errors import NotFound, TurnRunning, Unavailable
from chat_app.domain.events import (
    Snapshot,
    Terminal,
)
from chat_app.domain.shapes import TurnInfo
from chat_app.domain.turn import ACTIVE, is_terminal
from chat_app.models import Turn
from chat_app.streaming.control import CONTROL
from chat_app.streaming.follow import Follower
from chat_app.streaming.shared import LOG, follower
from sessions_app.db import db
from sessions_app.principal import Principal

REPLACE_SECONDS = 5.0
ELSEWHERE_SECONDS = 1.0
__all__ = [
    "Ask",
    "Begun",
    "Following",
    "abandon",
    "cancel",
    "follow",
    "get",
    "join",
    "outcome",
    "retry",
    "start_turn",
    "stays",
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
    ended: bool = False  # before the follow began: all of it comes at once
    last: int = 0  # the number of the newest event known when it began, perhaps a moment old


async def start_turn(identify: Identify, ask: Ask) -> Begun:
    """Start a turn for a message, or attach to the one that the same idempotency key started.

    The turn runs from now on whether or not anyone follows. Raises ChatError or the credential's error; nothing is
    written then.
    """
    return await _begin(
        identify,
        lambda: start.begin(identify, ask, RUNNER.worker),
        ask.on_busy == "replace",
        same=(ask.idempotency_key, ask.digest),
    )


async def start_step(identify: Identify, step: Step) -> Begun:
    """Start a turn with something else than a message, in a thread that is there. Raises ChatError; nothing is written then."""
    same = (step.idempotency_key, step.digest)
    return await _begin(identify, lambda: steps.begin(identify, step, RUNNER.worker), same=same)


async def retry_after(identify: Identify, thread_id: str, item_id: str, key: str | None = None) -> Begun:
    """Answer anew what came behind an item of a thread; the old answer stays until the new one begins."""
    return await _begin(
        identify, lambda: retries.begin_after(identify, thread_id, item_id, RUNNER.worker, key)
    )


async def _begin(
    identify: Identify,
    work: Callable[[], Begun],
    replace_busy: bool = False,
    *,
    same: tuple[str | None, str] = (None, ""),
) -> Begun:
    """Begin a turn and run it; a turn in its way is stopped first where that is wanted, or whoever asked for it has left.
    `same` is the key and the digest by which a request is known again."""
    await RUNNER.startup()
    try:
        RUNNER.check_open()
    except Unavailable:
        known = await _here_already(identify, *same)
        if known is None:
            raise
        return known
    try:
        begun = await db(work)
    except Busy as busy:
        if not replace_busy and not busy.abandoned:
            raise
        await _make_way(identify, busy.turn_id)
        begun = await db(work)
    return _launch(begun)


async def _here_already(identify: Identify, key: str | None, digest: str) -> Begun | None:
    """The turn that this request has begun before. Raises Unavailable where another process writes its answer."""
    begun = await db(retries.attach, identify, key, digest) if key else None
    if begun is not None and not stays(begun.turn_id):
        raise Unavailable(RESTARTING, retry_after=ELSEWHERE_SECONDS)
    return begun


def stays(turn_id: str) -> bool:
    """Whether who follows a turn is served to its end by a process that drains: it runs here, or has ended here."""
    held = LOG.find(turn_id)
    return RUNNER.runs(turn_id) or (held is not None and not held.lost)


async def retry(identify: Identify, turn_id: str, model: str | None = None, key: str | None = None) -> Begun:
    """Answer the same message again in a new turn, by another model if one is named. The old answer stays until the new
    one begins."""
    return await _begin(identify, lambda: retries.begin_retry(identify, turn_id, model, RUNNER.worker, key))


def _launch(begun: Begun) -> Begun:
    if begun.spec is not None:
        RUNNER.launch(begun.spec)
        begun = replace(begun, spec=None)
    return begun


async def _make_way(identify: Identify, turn_id: str) -> None:
    """Cancel the thread's running turn and wait for its end."""
    await cancel(identify, turn_id)
    reader = follower(turn_id, None)
    try:
        async with asyncio.timeout(REPLACE_SECONDS):
            while await reader.next() is not None:
                pass
    except TimeoutError:
        raise TurnRunning("The running answer could not be stopped in time.") from None
    finally:
        reader.close()


async def follow(identify: Identify, turn_id: str, after: int | None) -> Following:
    """Read a turn's events behind number `after`; None begins with a snapshot where the turn is under way.

    Raises NotFound for a turn that is not there or not this principal's, and Unavailable where this process drains and another
    one writes the answer: it has to be followed there.
    """
    await RUNNER.startup()
    principal, turn = await db(_owned, identify, turn_id)
    return await _following(principal, turn, after, after)


async def join(identify: Identify, turn_id: str, after: int | None) -> tuple[Following, Opening]:
    """`follow` from the turn's first event, whatever the caller has (its number is `after`), and what the turn changed in its
    thread by beginning: for a front end that shows the thread. Raises NotFound for a turn without one, too."""
    await RUNNER.startup()
    principal, turn, opening = await db(_owned_in_thread, identify, turn_id)
    return await _following(principal, turn, 0, after), opening


async def _following(principal: Principal, turn: Turn, begin: int | None, after: int | None) -> Following:
    """A follower from `begin` on, for a caller who has all up to `after`."""
    if RUNNER.draining and turn.state in ACTIVE and not stays(turn.pk):
        raise Unavailable(RESTARTING, retry_after=ELSEWHERE_SECONDS)
    if turn.abandoned_at is not None:
        await db(seen, turn.pk)
    held = LOG.find(turn.pk)
    last = held.last if held is not None and held.ended else turn.last_seq
    ended = turn.state not in ACTIVE
    over = ended and after is not None and after >= last
    newest = max(last, held.last if held is not None else 0)
    return Following(follower(turn.pk, begin), principal, turn.pk, turn.thread_id, over, ended, newest)


def watch(begun: Begun, after: int = 0) -> Following:
    """Follow a turn that this caller has just started or attached to, from its beginning or behind what it has seen."""
    return Following(follower(begun.turn_id, after), begun.principal, begun.turn_id, begun.thread_id)


async def outcome(begun: Begun) -> Terminal:
    """Wait for the one terminal event of a turn, and for nothing else."""
    held = LOG.find(begun.turn_id)
    if held is not None and not held.ended:
        ended = asyncio.get_running_loop().create_future()
        stop = held.watch(
            lambda: None if not (held.ended or held.lost) or ended.done() else ended.set_result(None)
        )
        try:
            await ended
        finally:
            stop()
    while True:
        reader = follower(begun.turn_id, 0)
        try:
            while (records := await reader.next()) is not None:
                if records and is_terminal(records[-1].event):
                    event = records[-1].event
                    assert not isinstance(event, Snapshot)
                    return event  # type: ignore[return-value]
        finally:
            reader.close()  # without an end it was lost to another worker: the next reader follows it there


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


def hung_up(begun: Begun) -> Awaitable[None]:
    """The caller of a thread's turn hung up and has no other way to say Stop (ChatKit's own client): the turn is stopped after
    a grace, unless the thread is read meanwhile (`seen`). Settings may say at once, or never."""
    return db(_hung_up, begun.turn_id, limit("CHATKIT_ON_DISCONNECT"))


def _hung_up(turn_id: str, means: str) -> None:
    turn = Turn.objects.filter(pk=turn_id, state__in=ACTIVE)
    if means == "grace":
        turn.update(abandoned_at=timezone.now())
    elif means == "cancel" and turn.update(cancel_requested=timezone.now()):
        CONTROL.publish(f"turn:{turn_id}", {"type": "cancel"})


def seen(turn_id: str) -> None:
    """Somebody reads the thread of a turn that was hung up on: it was no Stop. Sync, to be called inside `db()`."""
    Turn.objects.filter(pk=turn_id, abandoned_at__isnull=False).update(abandoned_at=None)


async def delivered(begun: Begun, key: str) -> None:
    """The whole answer has reached the caller: the same request again is a new one, whatever key was made for it."""
    await db(again.forget, begun.principal, key)


def abandon(begun: Begun) -> None:
    """The caller of a one-off turn hung up: stop it. A turn of a thread goes on."""
    if begun.thread_id is None:
        CONTROL.publish(f"turn:{begun.turn_id}", {"type": "cancel"})


def _owned(identify: Identify, turn_id: str) -> tuple[Principal, Turn]:
    principal = identify()
    return principal, policy.owns_turn(principal, Turn.objects.filter(pk=turn_id).first())


def _owned_in_thread(identify: Identify, turn_id: str) -> tuple[Principal, Turn, Opening]:
    principal = identify()
    found = Turn.objects.select_related("thread", "input_item").filter(pk=turn_id).first()
    turn = policy.owns_turn(principal, found)
    opening = openings.joined(turn)
    if opening is None:
        raise NotFound
    return principal, turn, opening


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
