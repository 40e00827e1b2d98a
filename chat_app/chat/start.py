"""How a turn begins in the rows with a message: policy, idempotency, one active turn a thread, user message and turn in one
transaction.

Sync; `turns.py` calls it by `db()`. No model is spoken to and no event is made here. Turns that no message begins are
`steps.py`'s, those that answer one anew `retries.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from chat_app.chat import again, attachments, choice, context, openings, places, policy, retries, saying
from chat_app.chat.asks import Ask, Begun, Identify, Opening, TurnSpec
from chat_app.chat.catalog import Route
from chat_app.chat.places import Place
from chat_app.conf import limit
from chat_app.domain.errors import InvalidInput
from chat_app.domain.prompt import Given
from chat_app.domain.shapes import AttachmentInfo
from chat_app.domain.titles import first_words
from chat_app.models import Item, Thread, Turn, sql
from chat_app.models.fields import new_id
from sessions_app.principal import Principal


def begin(identify: Identify, ask: Ask, worker: str) -> Begun:
    """Start a turn for a message. One transaction; raises ChatError (or the credential's own error) with nothing written."""
    _check_text(ask)
    principal = identify()
    policy.may_chat(principal)
    if ask.one_off or ask.only_model:
        principal = policy.may_try(principal)

    def work() -> Begun:
        if ask.idempotency_key:
            known = retries.same(principal, ask.idempotency_key, ask.digest, worker, ask.model)
            if known is not None:
                return known
        begun = _begin(principal, ask, worker)
        if ask.idempotency_key:
            again.remember(principal, ask.idempotency_key, ask.digest, begun.turn_id)
        return begun

    return again.one_at_a_time(work, ask.idempotency_key)


def _check_text(ask: Ask) -> None:
    if not ask.text.strip() and not ask.attachments:
        raise InvalidInput(fields={"message": ["Say something."]})
    if len(ask.text) > limit("MAX_MESSAGE"):
        raise InvalidInput(fields={"message": [f"At most {limit('MAX_MESSAGE'):,} characters."]})


def _begin(principal: Principal, ask: Ask, worker: str) -> Begun:
    model_id, candidates = (
        choice.only(ask.model or "") if ask.only_model else choice.routes(principal, ask.model, ask.tool)
    )
    files = attachments.usable(principal, ask.attachments) if ask.attachments else []
    place, charges = places.claimed(principal, ask, model_id)
    now = timezone.now()
    expired = places.expire(places.pending_tools(place.thread_id, place.head_id)) if place.thread_id else ()
    turn_id = new_id("trn")
    item = _item(ask, place, turn_id, files, now)
    title = place.title or first_words(ask.text or (files[0].name if files else ""))
    past = _in_thread(place, item, title, principal.owner, candidates, now)
    sql.insert(
        Turn(
            id=turn_id,
            owner=principal.owner,
            thread_id=place.thread_id,
            one_off=place.thread_id is None,
            session_id=principal.session_id,
            parent_id=place.head_id,
            input_item_id=item.pk,
            input=_input(ask, place, expired),
            requested_model=model_id,
            state="running",
            owner_worker=worker,
            heartbeat=now,
            created_at=now,
        )
    )
    sql.insert(item)
    if files and place.thread_id is not None:
        attachments.link([file.id for file in files], place.thread_id, item.pk)
    spec = TurnSpec(
        turn_id,
        principal.owner,
        place.thread_id,
        1,
        "message",
        model_id,
        saying.question(ask.text, item.data),
        item.seq,
        item.seq + 1,
        candidates,
        past,
        forced=ask.only_model,
        charges=charges,
        given=Given("message", openings.data(item), tool=ask.tool),
        files=saying.attached(item.data),
        title=title if place.is_new else None,
    )
    info = place.info(title, now)
    opening = Opening(info, place.is_new, openings.item(item), expired) if info else None
    return Begun(turn_id, place.thread_id, principal, spec, opening)


def _item(ask: Ask, place: Place, turn_id: str, files: Sequence[AttachmentInfo], now: datetime) -> Item:
    """The user's message as the thread's next item."""
    return Item(
        id=new_id("msg"),
        thread_id=place.thread_id,
        turn_id=turn_id,
        seq=place.item_seq + 1,
        kind=context.QUESTION,
        text=ask.text,
        data=_data(ask.data, files),
        created_at=now,
    )


def _in_thread(
    place: Place, item: Item, title: str, owner: str, candidates: Sequence[Route], now: datetime
) -> list[context.Exchange]:
    """Make or move the thread on; what was said in it before."""
    if place.thread_id is None:
        return []
    if place.is_new:
        sql.insert(
            Thread(
                id=place.thread_id,
                owner=owner,
                title=title,
                item_seq=item.seq + 1,
                head_id=item.turn_id,
                created_at=now,
                updated_at=now,
            )
        )
        return []
    changes = {"head": item.turn_id, "item_seq": item.seq + 1, "title": title, "updated_at": now}
    sql.update(Thread, changes, id=place.thread_id)
    return context.history(place.thread_id, item.seq, context.room(candidates))


def _data(data: Mapping[str, Any], files: Sequence[AttachmentInfo]) -> dict[str, Any]:
    """What the message's item keeps beside its text."""
    if not files:
        return dict(data)
    named = [
        {"id": f.id, "name": f.name, "mime_type": f.mime_type, "type": f.kind, "size": f.size} for f in files
    ]
    return {**data, "attachments": named}


def _input(ask: Ask, place: Place, expired: tuple[str, ...]) -> dict[str, Any]:
    """What a second start with the same key has to know of this one, and a retry."""
    found: dict[str, Any] = {}
    if place.is_new and place.thread_id is not None:
        found["new"] = True
    if expired:
        found["expired"] = list(expired)
    if ask.tool is not None:
        found["tool"] = ask.tool
    return found
