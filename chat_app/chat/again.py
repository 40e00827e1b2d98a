"""Requests that may be the same one: idempotency keys, and a start that another one overtook.

Sync, inside the transaction of a start. What is started is `start.py`'s and `steps.py`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import IntegrityError
from django.utils import timezone

from chat_app.chat import policy, quotas
from chat_app.chat.asks import Begun, Busy
from chat_app.conf import limit
from chat_app.domain.errors import IdempotencyConflict, InvalidInput, TurnRunning
from chat_app.models import IdempotencyKey, Turn, sql
from sessions_app.principal import Principal

TRIES_SECONDS: Final = 60.0  # longer than ChatKit's client repeats a request that was not answered
DERIVED: Final = "derived:"  # begins keys that were made of a request, not given by its caller
OWNERS: Final = "owner:"  # begins keys that mean one thing for the owner, whichever session asks


def one_at_a_time(work: Callable[[], Begun], key: str | None) -> Begun:
    """`work` in one transaction. Where transactions overlap, as on PostgreSQL, another one may come first: then it is done
    once more and sees the other, to which it attaches (if it has the same `key`) or which it is told of (Busy)."""
    for last in (False, True):
        try:
            with sql.atomic():
                return work()
        except Busy:
            if last or key is None:
                raise
        except IntegrityError:
            quotas.forget()  # one that was deleted a moment ago cannot be claimed from
            continue
    raise TurnRunning


def known(principal: Principal, key: str, digest: str) -> Turn | None:
    """The turn that this key started. Raises IdempotencyConflict where it was another request."""
    if len(key) > 255:
        raise InvalidInput(fields={"Idempotency-Key": ["At most 255 characters."]})
    found = sql.fetch(
        f"SELECT k.digest, k.turn_id, k.created_at FROM {sql.table(IdempotencyKey)} k "  # noqa: S608
        "WHERE k.owner = %s AND k.key = %s",
        [_scope(principal, key), key],
    )
    if not found:
        return None
    first, turn_id, created_at = found[0]
    if sql.moment(created_at) < timezone.now() - timedelta(hours=limit("IDEMPOTENCY_HOURS")):
        forget(principal, key)
        return None
    if first != digest:
        raise IdempotencyConflict
    turn = Turn.objects.select_related("input_item", "thread").get(pk=turn_id)
    return policy.owns_turn(principal, turn)


def remember(principal: Principal, key: str, digest: str, turn_id: str) -> None:
    """From now on the key stands for this turn."""
    sql.insert(IdempotencyKey(owner=_scope(principal, key), key=key, digest=digest, turn_id=turn_id))


def point(principal: Principal, key: str | None, turn_id: str) -> None:
    """The key stands for another turn now, which answers the same request anew."""
    if key is None:
        return
    IdempotencyKey.objects.filter(owner=_scope(principal, key), key=key).update(turn_id=turn_id)


def attached(principal: Principal, key: str, digest: str) -> Turn | None:
    """The turn that the same request has started, None where this one is a request of its own. Whoever hung up on that turn
    is back. Raises as `known` does."""
    turn = known(principal, key, digest)
    if turn is None:
        return None
    if key.startswith(DERIVED) and _is_over(turn):
        forget(principal, key)
        return None
    if turn.abandoned_at is not None:
        Turn.objects.filter(pk=turn.pk).update(abandoned_at=None)
    return turn


def _is_over(turn: Turn) -> bool:
    """Whether who says the same now means it anew: the answer was stopped, or is there for longer than a client tries."""
    if turn.state == "cancelled":
        return True
    return turn.ended_at is not None and turn.ended_at < timezone.now() - timedelta(seconds=TRIES_SECONDS)


def forget(principal: Principal, key: str) -> None:
    """The request that the key was made for is over: the same words again are a new request."""
    with sql.atomic():
        sql.delete(IdempotencyKey, owner=_scope(principal, key), key=key)


def _scope(principal: Principal, key: str) -> str:
    """Within what a key means one thing: a session, since a client may number its messages 1, 2, ... in each; else all
    that is the owner's. Keys of ChatKit's are the owner's: its client goes on with an answer after its session has ended
    and another one took its place."""
    if key.startswith((DERIVED, OWNERS)):
        return principal.owner
    return principal.session_id or principal.owner
