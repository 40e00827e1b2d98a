"""How a turn is answered anew: a new turn for the same beginning. The old answer stays until the new one begins.

Sync; `turns.py` calls it by `db()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.utils import timezone

from chat_app.chat import again, choice, context, openings, places, policy, quotas, saying
from chat_app.chat.asks import Begun, Busy, Identify, TurnSpec, digest_of
from chat_app.chat.catalog import Route
from chat_app.chat.places import Place
from chat_app.domain.errors import InvalidInput, NotFound, Superseded
from chat_app.domain.prompt import Given, Trigger
from chat_app.domain.turn import ENDED
from chat_app.models import Item, Thread, Turn, sql
from chat_app.models.fields import new_id
from sessions_app.principal import Principal

BROKEN: Final = ("failed", "interrupted")


def attach(identify: Identify, key: str, digest: str) -> Begun | None:
    """What the same request has begun before, for a process that begins nothing: None where that is nothing, or has broken."""
    principal = identify()
    with sql.atomic():
        turn = again.attached(principal, key, digest)
    if turn is None or turn.state in BROKEN:
        return None
    return Begun(turn.pk, turn.thread_id, principal, opening=openings.of(turn))


def same(principal: Principal, key: str, digest: str, worker: str, model: str | None = None) -> Begun | None:
    """What the same request has begun before: its turn, or another one in its place where that failed. None where this one is
    a request of its own. Inside a transaction; raises IdempotencyConflict and what `anew` raises."""
    turn = again.attached(principal, key, digest)
    if turn is None:
        return None
    if turn.state not in BROKEN:
        return Begun(turn.pk, turn.thread_id, principal, opening=openings.of(turn))
    begun = anew(principal, turn, model, worker, same_request=True)
    again.point(principal, key, begun.turn_id)
    return begun


def begin_retry(
    identify: Identify, turn_id: str, model: str | None, worker: str, key: str | None = None
) -> Begun:
    """Start a new turn that answers the same beginning anew, by another model if one is named."""
    principal = identify()
    policy.may_chat(principal)
    digest = digest_of(f"retry {turn_id} {model or ''}")

    def work() -> Begun:
        if key:
            known = same(principal, key, digest, worker, model)
            if known is not None:
                return known
        begun = anew(principal, _own_turn(principal, turn_id), model, worker)
        if key:
            again.remember(principal, key, digest, begun.turn_id)
        return begun

    return again.one_at_a_time(work, key)


def begin_after(identify: Identify, thread_id: str, item_id: str, worker: str, key: str | None) -> Begun:
    """The same for whichever turn followed an item of a thread: what came behind the item goes once the new answer begins.

    The item is a user's message, whose turn is meant, or any other, and then the turn behind it is.
    """
    principal = identify()
    policy.may_chat(principal)
    digest = digest_of(f"retry after {thread_id} {item_id}")

    def work() -> Begun:
        if key:
            known = same(principal, key, digest, worker)
            if known is not None:
                return known
        places.existing(principal, thread_id)
        begun = anew(principal, _turn_behind(thread_id, item_id), None, worker)
        if key:
            again.remember(principal, key, digest, begun.turn_id)
        return begun

    return again.one_at_a_time(work, key)


def _own_turn(principal: Principal, turn_id: str) -> Turn:
    turn = Turn.objects.select_related("input_item", "thread").filter(pk=turn_id).first()
    return policy.owns_turn(principal, turn)


def _turn_behind(thread_id: str, item_id: str) -> Turn:
    """The turn that a retry after this item means. Raises NotFound for no such item, InvalidInput where nothing followed."""
    item = Item.objects.filter(pk=item_id, thread_id=thread_id, on_path=True).first()
    if item is None:
        raise NotFound
    turns = Turn.objects.filter(thread_id=thread_id).select_related("input_item", "thread")
    if item.kind == context.QUESTION:
        found = turns.filter(input_item=item).order_by("-created_at", "-pk").first()
    else:
        behind = Item.objects.filter(thread_id=thread_id, on_path=True, seq__gt=item.seq, turn__isnull=False)
        next_turn = (
            behind.exclude(turn=item.turn_id).order_by("seq").values_list("turn_id", flat=True).first()
        )
        found = turns.filter(pk=next_turn).first() if next_turn else _without_items(turns, item)
    if found is None:
        raise InvalidInput("There is no answer behind this item to give again.")
    return found


def _without_items(turns: object, item: Item) -> Turn | None:
    """The newest turn begun behind an item, which left none of its own: it failed, or was stopped before its first word."""
    later = turns.order_by("-created_at", "-pk")  # type: ignore[attr-defined]
    newest = later.first()
    return newest if newest is not None and newest.pk != item.turn_id else None


def anew(
    principal: Principal, old: Turn, model: str | None, worker: str, *, same_request: bool = False
) -> Begun:
    """Answer what `old` answered; `same_request` says that its caller has yet to hear what `old` began with. Inside a
    transaction; raises Busy, NotFound, Superseded and what a start raises."""
    if old.state not in ENDED:
        raise Busy(old.pk, abandoned=old.abandoned_at is not None)
    question = old.input_item
    trigger = trigger_of(old)
    if question is None and trigger != "action":
        raise NotFound
    place = _place(principal, old, question)
    tool = old.input.get("tool")
    wanted = model or old.requested_model
    model_id, candidates = choice.routes(principal, wanted, tool, actions=trigger == "action")
    session_id = principal.session_id or old.session_id
    now = timezone.now()
    charges = quotas.claim(principal.owner, session_id, model_id, now)
    seq = place.item_seq + 1
    stays = stays_of(old, question)
    turn = Turn(
        id=new_id("trn"),
        owner=principal.owner,
        thread_id=place.thread_id,
        one_off=old.one_off,
        session_id=session_id,
        parent_id=old.parent_id,
        trigger="retry",
        input_item_id=question.pk if question is not None else None,
        input=_input(old, trigger, same_request),
        requested_model=model_id,
        state="running",
        attempt=old.attempt + 1,
        owner_worker=worker,
        heartbeat=now,
        created_at=now,
    )
    past = _moved_on(place, seq, stays if trigger == "message" else stays + 1, candidates)
    sql.insert(turn)
    given = given_of(old, question, trigger)
    spec = TurnSpec(
        turn.pk,
        principal.owner,
        turn.thread_id,
        1,
        "retry",
        model_id,
        words_of(given),
        stays,
        seq,
        candidates,
        past,
        charges=charges,
        given=given,
        files=saying.attached(question.data) if question is not None else (),
    )
    info = place.info(place.title, now)
    opening = openings.told(info, turn, question) if info is not None else None
    return Begun(turn.pk, turn.thread_id, principal, spec, opening)


def _moved_on(place: Place, seq: int, before: int, candidates: Sequence[Route]) -> list[context.Exchange]:
    """Keep a number of the thread free for the answer; what was said in it before what is answered."""
    if place.thread_id is None:
        return []
    sql.update(Thread, {"item_seq": seq, "updated_at": timezone.now()}, id=place.thread_id)
    return context.history(place.thread_id, before, context.room(candidates))


def _input(old: Turn, trigger: Trigger, same_request: bool) -> dict[str, Any]:
    """What the new turn has to know of the old one's beginning."""
    kept = {name: old.input[name] for name in ("tool", "after", "action") if name in old.input}
    return {**kept, **(openings.kept(old) if same_request else {}), "trigger": trigger}


def _place(principal: Principal, old: Turn, question: Item | None) -> Place:
    """Where the turn goes that answers `old` anew. Raises Busy, Superseded, NotFound."""
    if old.thread_id is None:
        return Place(None, item_seq=1)
    place = places.existing(principal, old.thread_id)
    if question is not None and not question.on_path:
        raise Superseded
    return place


def stays_of(old: Turn, question: Item | None) -> int:
    """The number of the item behind which the answer goes: what a retry finds there leaves the path."""
    return int(old.input.get("after", question.seq if question is not None else 0))


def given_of(old: Turn, question: Item | None, trigger: Trigger, *, again: bool = True) -> Given:
    """What a turn answers, from its row."""
    item = openings.data(question) if question is not None else None
    return Given(trigger, item, old.input.get("action"), old.input.get("tool"), again=again)


def words_of(given: Given) -> str:
    """What began the turn, for a model."""
    if given.trigger == "message" and given.item is not None:
        return saying.question(given.item.text, given.item.data)
    return saying.beginning(given)


def trigger_of(old: Turn) -> Trigger:
    """What began a turn in the first place, itself or by way of retries."""
    trigger: Trigger = old.input.get("trigger", "message") if old.trigger == "retry" else old.trigger  # type: ignore[assignment]
    return trigger
