"""How a turn begins without a message: with what a client tool returned, with answers to a structured input, with an action.

Sync; `turns.py` calls it by `db()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from chat_app.chat import again, choice, context, openings, places, policy, quotas, retries, saying
from chat_app.chat.asks import Begun, Identify, Opening, Step, TurnSpec
from chat_app.domain.errors import InvalidInput, NotFound
from chat_app.domain.prompt import Given
from chat_app.models import Item, Thread, Turn, sql
from chat_app.models.fields import new_id
from sessions_app.principal import Principal


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What the step found and changed: the item that it is about, what it shows of it, what went."""

    item: Item | None
    shown: Item | None = None
    expired: tuple[str, ...] = ()


def begin(identify: Identify, step: Step, worker: str) -> Begun:
    """Start the turn of a step. One transaction; raises ChatError with nothing written: NotFound for an item that is not
    there, InvalidInput where nothing waits for it, Busy while a turn runs."""
    principal = identify()
    policy.may_chat(principal)

    def work() -> Begun:
        if step.idempotency_key:
            known = retries.same(principal, step.idempotency_key, step.digest, worker)
            if known is not None:
                return known
        begun = _begin(principal, step, worker)
        if step.idempotency_key:
            again.remember(principal, step.idempotency_key, step.digest, begun.turn_id)
        return begun

    return again.one_at_a_time(work, step.idempotency_key)


def _begin(principal: Principal, step: Step, worker: str) -> Begun:
    place = places.existing(principal, step.thread_id)
    head = Turn.objects.filter(pk=place.head_id).values_list("requested_model", flat=True).first()
    model_id, candidates = choice.routes(principal, head, actions=step.trigger == "action")
    now = timezone.now()
    charges = quotas.claim(principal.owner, principal.session_id, model_id, now)
    found = _beginning(step, place)
    seq = place.item_seq + 1
    given = Given(step.trigger, openings.data(found.item) if found.item else None, dict(step.action) or None)
    turn = Turn(
        id=new_id("trn"),
        owner=principal.owner,
        thread_id=step.thread_id,
        session_id=principal.session_id,
        parent_id=place.head_id,
        trigger=step.trigger,
        input_item_id=found.item.pk if found.item else None,
        input=_input(step, place.item_seq, found.expired),
        requested_model=model_id,
        state="running",
        owner_worker=worker,
        heartbeat=now,
        created_at=now,
    )
    past = context.history(step.thread_id, seq, context.room(candidates))
    sql.update(Thread, {"head": turn.pk, "item_seq": seq, "updated_at": now}, id=step.thread_id)
    sql.insert(turn)
    spec = TurnSpec(
        turn.pk,
        principal.owner,
        step.thread_id,
        1,
        step.trigger,
        model_id,
        saying.beginning(given),
        place.item_seq,
        seq,
        candidates,
        past,
        charges=charges,
        given=given,
    )
    info = place.info(place.title, now)
    assert info is not None
    shown = openings.item(found.shown) if found.shown is not None else None
    return Begun(turn.pk, step.thread_id, principal, spec, Opening(info, False, shown, found.expired))


def _input(step: Step, after: int, expired: tuple[str, ...]) -> dict[str, Any]:
    """What a retry has to know: where the thread stood, and the action."""
    found: dict[str, Any] = {"after": after}
    if step.action:
        found["action"] = dict(step.action)
    if expired:
        found["expired"] = list(expired)
    return found


def _beginning(step: Step, place: places.Place) -> _Beginning:
    calls = places.pending_tools(step.thread_id, place.head_id)
    match step.trigger:
        case "tool_output":
            if not calls:
                raise InvalidInput("No client tool waits for a result in this thread.")
            call, *older = calls
            call.data = {**call.data, "status": "completed", "output": step.result}
            call.save(update_fields=["data"])
            return _Beginning(call, None, places.expire(older))
        case "structured_input":
            item = _item(step, "structured_input")
            if item.data.get("status", "pending") != "pending":
                raise InvalidInput("These questions were answered before.")
            item.data = answered(item.data, step.answers)
            item.save(update_fields=["data"])
            return _Beginning(item, item, places.expire(calls))
        case "action":
            sender = _item(step, "widget") if step.item_id else None
            return _Beginning(sender, None, places.expire(calls))


def _item(step: Step, kind: str) -> Item:
    """The item that a step names. Raises NotFound for one that is not on the thread's path, InvalidInput for another kind."""
    item = Item.objects.filter(pk=step.item_id, thread_id=step.thread_id, on_path=True).first()
    if item is None or item.kind in ("hidden_context_item", "sdk_hidden_context"):
        raise NotFound
    if item.kind != kind:
        raise InvalidInput("The item is of another kind.", fields={"item_id": ["It is of another kind."]})
    return item


def answered(data: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A structured input with its answers: `given` is `{status, answers: {id: {values, skipped}}}`. What was not answered
    counts as skipped; where one choice is allowed the first counts."""
    skipped = given.get("status") == "skipped"
    answers = given.get("answers") or {}
    inputs = []
    for asked in data.get("inputs", ()):
        answer = answers.get(asked.get("id")) or {}
        values = list(answer.get("values") or ())
        if skipped or answer.get("skipped") or not values:
            found: dict[str, Any] = {"values": [], "skipped": True}
        else:
            single = asked.get("type") == "multiple_choice" and not asked.get("multiple")
            found = {"values": values[:1] if single else values, "skipped": False}
        inputs.append({**asked, "answer": found})
    return {**data, "status": "skipped" if skipped else "answered", "inputs": inputs}
