"""How a turn begins in the rows: policy, idempotency, one active turn a thread, user message and turn in one transaction.

Sync; `turns.py` calls it by `db()`. No model is spoken to and no event is made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils import timezone

from chat_app.chat import catalog, context, policy
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
from chat_app.domain.turn import ACTIVE, ENDED
from chat_app.models import IdempotencyKey, Item, ModelConfig, Thread, Turn
from chat_app.models.fields import new_id
from sessions_app.principal import Principal

TITLE = 60  # characters
Identify = Callable[[], Principal]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller wants answered. `idempotency_key` is the caller's own. `one_off` makes a turn that belongs to no
    thread, and `only_model` one that no fallback may answer: both are for staff who try a model.
    """

    text: str
    thread_id: str | None = None
    model: str | None = None
    on_busy: Literal["reject", "replace"] = "reject"
    idempotency_key: str | None = None
    one_off: bool = False
    only_model: bool = False

    @property
    def digest(self) -> str:
        parts = (self.text, self.thread_id or "", self.model or "")
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class TurnSpec:
    """All that the engine needs to run a turn, as plain values: it reads no row until the turn's end."""

    turn_id: str
    owner: str
    thread_id: str | None
    fence: int
    trigger: str
    requested_model: str
    question: str
    question_seq: int
    answer_seq: int
    candidates: Sequence[Route]
    past: Sequence[context.Exchange]


@dataclass(frozen=True, slots=True)
class Begun:
    """The outcome of a start: a turn to follow, and what to run for it (None: it runs or ran already)."""

    turn_id: str
    thread_id: str | None
    principal: Principal
    spec: TurnSpec | None = None


class Busy(TurnRunning):
    """The thread's active turn stands in the way; `turn_id` names it, so that `replace` can cancel it."""

    def __init__(self, turn_id: str) -> None:
        super().__init__()
        self.turn_id = turn_id


def session_thread(session_id: str) -> str:
    """The id of a session's thread: the same for all who hold the session, before and after the thread exists."""
    return "thr_" + session_id.partition("_")[2]


def begin(identify: Identify, ask: Ask, worker: str) -> Begun:
    """Start a turn for a message. One transaction; raises ChatError (or the credential's own error) with nothing written."""
    _check_text(ask.text)
    principal = identify()
    if ask.one_off or ask.only_model:
        principal = policy.may_try(principal)
    with transaction.atomic():
        if ask.idempotency_key:
            known = _known(principal, ask.idempotency_key, ask.digest)
            if known is not None:
                return _again(principal, known, ask, worker)
        begun = _begin(principal, ask, worker)
        if ask.idempotency_key:
            _remember(principal, ask.idempotency_key, ask.digest, begun.turn_id)
    return begun


def begin_retry(
    identify: Identify, turn_id: str, model: str | None, worker: str, key: str | None = None
) -> Begun:
    """Start a new turn that answers the same message anew. The old answer stays until the new one begins."""
    principal = identify()
    digest = hashlib.sha256(f"retry {turn_id} {model or ''}".encode()).hexdigest()
    with transaction.atomic():
        if key:
            known = _known(principal, key, digest)
            if known is not None:
                return Begun(known.pk, known.thread_id, principal)
        begun = _retry(principal, _own_turn(principal, turn_id), model, worker)
        if key:
            _remember(principal, key, digest, begun.turn_id)
    return begun


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidInput(fields={"message": ["Say something."]})
    if len(text) > limit("MAX_MESSAGE"):
        raise InvalidInput(fields={"message": [f"At most {limit('MAX_MESSAGE'):,} characters."]})


def _known(principal: Principal, key: str, digest: str) -> Turn | None:
    if len(key) > 255:
        raise InvalidInput(fields={"Idempotency-Key": ["At most 255 characters."]})
    row = (
        IdempotencyKey.objects.filter(owner=principal.owner, key=key)
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
        IdempotencyKey.objects.filter(owner=principal.owner, key=ask.idempotency_key).update(
            turn_id=begun.turn_id
        )
        return begun
    return Begun(turn.pk, turn.thread_id, principal)


def _remember(principal: Principal, key: str, digest: str, turn_id: str) -> None:
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(owner=principal.owner, key=key, digest=digest, turn_id=turn_id)
    except IntegrityError:  # the same request came twice at once; the other one has it
        raise Unavailable("The same request is being handled right now.", retry_after=1) from None


def _routes(principal: Principal, model: str | None) -> tuple[str, list[Route]]:
    catalogue = catalog.catalogue()
    model_id = policy.model_for(principal, catalogue, model)
    candidates = catalogue.candidates(model_id)
    if not candidates:
        raise Unavailable("No route to this model can answer right now.", retry_after=10)
    return model_id, candidates


def _only(model_id: str) -> tuple[str, list[Route]]:
    """This model's own route, switched on or not. Raises NotConfigured with what is missing."""
    row = ModelConfig.objects.filter(pk=model_id).first()
    if row is None:
        raise UnknownModel(f"There is no model named “{model_id[:64]}”.")
    route = catalog.route_of(row)
    if route.missing is not None:
        raise NotConfigured(route.missing)
    return model_id, [route]


def _begin(principal: Principal, ask: Ask, worker: str) -> Begun:
    model_id, candidates = _only(ask.model or "") if ask.only_model else _routes(principal, ask.model)
    thread, is_new = _thread(principal, ask)
    turn_id, item_id = new_id("trn"), new_id("msg")
    seq = (thread.item_seq if thread else 0) + 1
    turn = Turn(
        id=turn_id,
        owner=principal.owner,
        thread=thread,
        one_off=thread is None,
        session_id=principal.session_id,
        parent_id=thread.head_id if thread else None,
        input_item_id=item_id,
        requested_model=model_id,
        state="running",
        owner_worker=worker,
        heartbeat=timezone.now(),
    )
    _insert(turn)
    Item.objects.bulk_create(
        [Item(id=item_id, thread=thread, turn_id=turn_id, seq=seq, kind=context.QUESTION, text=ask.text)]
    )
    past: list[context.Exchange] = []
    if thread is not None:
        if not is_new:
            past = context.history(thread.pk, seq, context.room(candidates))
        title = thread.title or _title(ask.text)
        Thread.objects.filter(pk=thread.pk).update(
            head_id=turn_id, item_seq=seq + 1, title=title, updated_at=timezone.now()
        )
    spec = TurnSpec(
        turn_id,
        principal.owner,
        turn.thread_id,
        1,
        "message",
        model_id,
        ask.text,
        seq,
        seq + 1,
        candidates,
        past,
    )
    return Begun(turn_id, turn.thread_id, principal, spec)


def _thread(principal: Principal, ask: Ask) -> tuple[Thread | None, bool]:
    """The thread that this message continues, and whether it is new; (None, True) for a one-off turn."""
    locked = Thread.objects.select_for_update()
    if ask.thread_id is not None:
        thread = policy.owns_thread(principal, locked.filter(pk=ask.thread_id).first())
        policy.may_write(thread)
        return thread, False
    if principal.session_id is not None:
        wanted = session_thread(principal.session_id)
        found = locked.filter(pk=wanted).first()
        if found is not None:
            policy.may_write(policy.owns_thread(principal, found))
            return found, False
        return _new_thread(Thread(id=wanted, owner=principal.owner)), True
    if ask.one_off or policy.is_one_off(principal):
        return None, True
    return _new_thread(Thread(owner=principal.owner)), True


def _new_thread(thread: Thread) -> Thread:
    try:
        with transaction.atomic():
            thread.save(force_insert=True)
    except IntegrityError:  # a first message in two tabs at once
        raise TurnRunning from None
    return thread


def _insert(turn: Turn) -> None:
    """Insert a turn; the database itself holds the law of one active turn a thread."""
    if turn.thread_id is not None:
        active = (
            Turn.objects.filter(thread_id=turn.thread_id, state__in=ACTIVE)
            .values_list("pk", flat=True)
            .first()
        )
        if active is not None:
            raise Busy(active)
    try:
        with transaction.atomic():
            turn.save(force_insert=True)
    except IntegrityError:
        raise TurnRunning from None


def _own_turn(principal: Principal, turn_id: str) -> Turn:
    turn = Turn.objects.select_related("input_item", "thread").filter(pk=turn_id).first()
    return policy.owns_turn(principal, turn)


def _retry(principal: Principal, old: Turn, model: str | None, worker: str) -> Begun:
    if old.state not in ENDED:
        raise Busy(old.pk)
    question, thread = old.input_item, old.thread
    if question is None or (thread is None and not old.one_off):
        raise NotFound
    if thread is not None:
        thread = Thread.objects.select_for_update().get(pk=thread.pk)
        policy.may_write(thread)
        if not question.on_path:
            raise Superseded
    model_id, candidates = _routes(principal, model or old.requested_model)
    seq = (thread.item_seq if thread else 1) + 1
    turn = Turn(
        id=new_id("trn"),
        owner=principal.owner,
        thread=thread,
        one_off=old.one_off,
        session_id=principal.session_id or old.session_id,
        parent_id=old.parent_id,
        trigger="retry",
        input_item_id=question.pk,
        requested_model=model_id,
        state="running",
        attempt=old.attempt + 1,
        owner_worker=worker,
        heartbeat=timezone.now(),
    )
    _insert(turn)
    past: list[context.Exchange] = []
    if thread is not None:
        Thread.objects.filter(pk=thread.pk).update(item_seq=seq, updated_at=timezone.now())
        past = context.history(thread.pk, question.seq, context.room(candidates))
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
    )
    return Begun(turn.pk, turn.thread_id, principal, spec)


def _title(text: str) -> str:
    """The first words of a message as a title, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rsplit(" ", 1)[0] + "…"
