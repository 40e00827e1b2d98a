"""How a turn begins in the rows: policy, idempotency, one active turn a thread, user message and turn in one transaction.

Sync; `turns.py` calls it by `db()`. No model is spoken to and no event is made here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError
from django.utils import timezone

from chat_app.chat import catalog, context, policy, quotas
from chat_app.chat.asks import Ask, Begun, Busy, Identify, TurnSpec, session_thread
from chat_app.chat.catalog import Route
from chat_app.conf import limit
from chat_app.domain.errors import (
    IdempotencyConflict,
    InvalidInput,
    NotConfigured,
    NotFound,
    Superseded,
    TurnRunning,
    Unavailable,
    UnknownModel,
)
from chat_app.domain.turn import ENDED
from chat_app.models import IdempotencyKey, Item, ModelConfig, Thread, Turn, sql
from chat_app.models.fields import new_id
from sessions_app.principal import Principal

TITLE = 60  # characters


def begin(identify: Identify, ask: Ask, worker: str) -> Begun:
    """Start a turn for a message. One transaction; raises ChatError (or the credential's own error) with nothing written."""
    _check_text(ask.text)
    principal = identify()
    policy.may_chat(principal)
    if ask.one_off or ask.only_model:
        principal = policy.may_try(principal)

    def work() -> Begun:
        if ask.idempotency_key:
            known = _known(principal, ask.idempotency_key, ask.digest)
            if known is not None:
                return _again(principal, known, ask, worker)
        begun = _begin(principal, ask, worker)
        if ask.idempotency_key:
            _remember(principal, ask.idempotency_key, ask.digest, begun.turn_id)
        return begun

    return _one_at_a_time(work, ask.idempotency_key)


def begin_retry(
    identify: Identify, turn_id: str, model: str | None, worker: str, key: str | None = None
) -> Begun:
    """Start a new turn that answers the same message anew. The old answer stays until the new one begins."""
    principal = identify()
    policy.may_chat(principal)
    digest = hashlib.sha256(f"retry {turn_id} {model or ''}".encode()).hexdigest()

    def work() -> Begun:
        if key:
            known = _known(principal, key, digest)
            if known is not None:
                return Begun(known.pk, known.thread_id, principal)
        begun = _retry(principal, _own_turn(principal, turn_id), model, worker)
        if key:
            _remember(principal, key, digest, begun.turn_id)
        return begun

    return _one_at_a_time(work, key)


def _one_at_a_time(work: Callable[[], Begun], key: str | None) -> Begun:
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


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidInput(fields={"message": ["Say something."]})
    if len(text) > limit("MAX_MESSAGE"):
        raise InvalidInput(fields={"message": [f"At most {limit('MAX_MESSAGE'):,} characters."]})


def _scope(principal: Principal) -> str:
    """Within what a key means one thing: a session, since a client may number its messages 1, 2, ... in each; else all
    that is the owner's."""
    return principal.session_id or principal.owner


def _known(principal: Principal, key: str, digest: str) -> Turn | None:
    if len(key) > 255:
        raise InvalidInput(fields={"Idempotency-Key": ["At most 255 characters."]})
    row = (
        IdempotencyKey.objects.filter(owner=_scope(principal), key=key)
        .select_related("turn__input_item")
        .first()
    )
    if row is None:
        return None
    if row.created_at < timezone.now() - timedelta(hours=limit("IDEMPOTENCY_HOURS")):
        row.delete()
        return None
    if row.digest != digest:
        raise IdempotencyConflict
    return policy.owns_turn(principal, row.turn)


def _again(principal: Principal, turn: Turn, ask: Ask, worker: str) -> Begun:
    if turn.state in ("failed", "interrupted") and turn.input_item is not None:
        begun = _retry(principal, turn, ask.model, worker)
        IdempotencyKey.objects.filter(owner=_scope(principal), key=ask.idempotency_key).update(
            turn_id=begun.turn_id
        )
        return begun
    return Begun(turn.pk, turn.thread_id, principal)


def _remember(principal: Principal, key: str, digest: str, turn_id: str) -> None:
    IdempotencyKey.objects.create(owner=_scope(principal), key=key, digest=digest, turn_id=turn_id)


def _routes(principal: Principal, model: str | None) -> tuple[str, list[Route]]:
    catalogue = catalog.catalogue()
    model_id = policy.model_for(principal, catalogue, model)
    candidates = catalogue.candidates(model_id, guest=principal.guest)
    if not candidates:
        raise Unavailable("No route to this model can answer right now.", retry_after=10)
    if seconds := catalog.pause(candidates):
        raise Unavailable("Every route to this model fails at the moment.", retry_after=math.ceil(seconds))
    return model_id, candidates


def _only(model_id: str) -> tuple[str, list[Route]]:
    """This model's own route, switched on or not. Raises NotConfigured with what is missing."""
    catalog.catalogue()  # reads how the routes stand, so that a success here closes what is open
    row = ModelConfig.objects.filter(pk=model_id).first()
    if row is None:
        raise UnknownModel(f"There is no model named “{model_id[:64]}”.")
    route = catalog.route_of(row)
    if route.missing is not None:
        raise NotConfigured(route.missing)
    return model_id, [route]


def _begin(principal: Principal, ask: Ask, worker: str) -> Begun:
    model_id, candidates = _only(ask.model or "") if ask.only_model else _routes(principal, ask.model)
    place, charges = _claimed_place(principal, ask, model_id)
    turn_id, item_id, seq = new_id("trn"), new_id("msg"), place.item_seq + 1
    turn = Turn(
        id=turn_id,
        owner=principal.owner,
        thread_id=place.thread_id,
        one_off=place.thread_id is None,
        session_id=principal.session_id,
        parent_id=place.head_id,
        input_item_id=item_id,
        requested_model=model_id,
        state="running",
        owner_worker=worker,
        heartbeat=timezone.now(),
    )
    past: list[context.Exchange] = []
    if place.thread_id is not None:
        title = place.title or _title(ask.text)
        if place.is_new:
            thread = Thread(
                id=place.thread_id, owner=principal.owner, title=title, item_seq=seq + 1, head_id=turn_id
            )
            sql.insert(thread)
        else:
            past = context.history(place.thread_id, seq, context.room(candidates))
            changes = {"head": turn_id, "item_seq": seq + 1, "title": title, "updated_at": timezone.now()}
            sql.update(Thread, changes, id=place.thread_id)
    sql.insert(turn)
    sql.insert(
        Item(
            id=item_id,
            thread_id=place.thread_id,
            turn_id=turn_id,
            seq=seq,
            kind=context.QUESTION,
            text=ask.text,
        )
    )
    spec = TurnSpec(
        turn_id,
        principal.owner,
        place.thread_id,
        1,
        "message",
        model_id,
        ask.text,
        seq,
        seq + 1,
        candidates,
        past,
        forced=ask.only_model,
        charges=charges,
    )
    return Begun(turn_id, place.thread_id, principal, spec)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message goes: a thread as it stands, a thread to be made, or none (a one-off turn)."""

    thread_id: str | None
    is_new: bool = True
    head_id: str | None = None
    item_seq: int = 0
    title: str = ""


def _claimed_place(principal: Principal, ask: Ask, model_id: str) -> tuple[_Place, tuple[int, ...]]:
    """The place, and the allowances in which the turn is counted from here on; staff who try a model have none."""
    charges: tuple[int, ...] = ()
    busy, place = None, _Place(None)
    try:
        place = _place(principal, ask)
    except Busy as error:
        if ask.on_busy != "replace":
            raise
        busy = error
    if not ask.only_model:
        charges = quotas.claim(principal.owner, principal.session_id, model_id, timezone.now())
    # The claim came first, since who may not begin stops nothing; it goes with the transaction.
    if busy is not None:
        raise busy
    return place, charges


def _place(principal: Principal, ask: Ask) -> _Place:
    if ask.thread_id is not None:
        return _locked(principal, ask.thread_id) or _raise_not_found()
    if principal.session_id is not None:
        wanted = session_thread(principal.session_id)
        return _locked(principal, wanted) or _Place(wanted)
    one_off = ask.one_off or policy.is_one_off(principal)
    return _Place(None if one_off else new_id("thr"))


def _raise_not_found() -> _Place:
    raise NotFound


def _locked(principal: Principal, thread_id: str) -> _Place | None:
    """A thread, locked until the transaction ends, if this principal may add to it. Raises Busy while a turn runs in it;
    that no two begin at once is the database's own law (`one_active_turn`)."""
    threads, turns = sql.table(Thread), sql.table(Turn)
    rows = sql.fetch(
        f"SELECT t.owner, t.status, t.status_reason, t.head_id, t.item_seq, t.title, "  # noqa: S608
        f"(SELECT r.id FROM {turns} r WHERE r.thread_id = t.id AND r.state IN ('queued', 'running')) "
        f"FROM {threads} t WHERE t.id = %s{sql.for_update()}",
        [thread_id],
    )
    if not rows:
        return None
    owner, status, reason, head_id, item_seq, title, active = rows[0]
    policy.owns_thread(principal, owner)
    policy.may_write(status, reason)
    if sql.for_update():  # who waited for the lock has read the turns as they were before it
        running = f"SELECT id FROM {turns} WHERE thread_id = %s AND state IN ('queued', 'running')"  # noqa: S608
        active = next((row[0] for row in sql.fetch(running, [thread_id])), None)
    if active is not None:
        raise Busy(active)
    return _Place(thread_id, False, head_id, item_seq, title)


def _own_turn(principal: Principal, turn_id: str) -> Turn:
    turn = Turn.objects.select_related("input_item").filter(pk=turn_id).first()
    return policy.owns_turn(principal, turn)


def _retry(principal: Principal, old: Turn, model: str | None, worker: str) -> Begun:
    if old.state not in ENDED:
        raise Busy(old.pk)
    question = old.input_item
    if question is None:
        raise NotFound
    place = _Place(None, item_seq=1)
    if old.thread_id is not None:
        place = _locked(principal, old.thread_id) or _raise_not_found()
        if not question.on_path:
            raise Superseded
    model_id, candidates = _routes(principal, model or old.requested_model)
    session_id = principal.session_id or old.session_id
    charges = quotas.claim(principal.owner, session_id, model_id, timezone.now())
    seq = place.item_seq + 1
    turn = Turn(
        id=new_id("trn"),
        owner=principal.owner,
        thread_id=place.thread_id,
        one_off=old.one_off,
        session_id=session_id,
        parent_id=old.parent_id,
        trigger="retry",
        input_item_id=question.pk,
        requested_model=model_id,
        state="running",
        attempt=old.attempt + 1,
        owner_worker=worker,
        heartbeat=timezone.now(),
    )
    past: list[context.Exchange] = []
    if place.thread_id is not None:
        sql.update(Thread, {"item_seq": seq, "updated_at": timezone.now()}, id=place.thread_id)
        past = context.history(place.thread_id, question.seq, context.room(candidates))
    sql.insert(turn)
    spec = TurnSpec(
        turn.pk,
        principal.owner,
        turn.thread_id,
        1,
        "retry",
        model_id,
        question.text,
        question.seq,
        seq,
        candidates,
        past,
        charges=charges,
    )
    return Begun(turn.pk, turn.thread_id, principal, spec)


def _title(text: str) -> str:
    """The first words of a message as a title, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rsplit(" ", 1)[0] + "…"
