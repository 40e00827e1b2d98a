"""A turn whose worker died before it had said anything, made ready to be run once more: the same turn, from its rows.

Sync; called by `db()`.
"""

from __future__ import annotations

from chat_app.chat import catalog, context, quotas, retries, saying
from chat_app.chat.asks import TurnSpec
from chat_app.models import Turn, sql
from chat_app.streaming import leases, store, threads
from chat_app.streaming.log import Past

GUEST = "guest:"


def spec_of(turn: Turn, told: Past) -> TurnSpec | None:
    """What the engine needs to run a claimed turn of a thread again, None where that cannot be done: its beginning is gone, no
    route to its model is there now, or it has written into its thread. `turn` has its thread and its input item joined."""
    question, trigger, thread = turn.input_item, retries.trigger_of(turn), turn.thread
    if thread is None or (question is None and trigger != "action"):
        return None
    candidates = catalog.catalogue().candidates(turn.requested_model, guest=turn.owner.startswith(GUEST))
    if trigger == "action":
        candidates = [route for route in candidates if route.config.kind == "python"]
    if not candidates:
        return None
    given = retries.given_of(turn, question, trigger, again=turn.trigger == "retry")
    after = retries.stays_of(turn, question)
    with sql.atomic():
        store.lock(thread.pk)
        answer_seq = leases.next_number(thread.pk)
        if not answer_seq or threads.put_since(thread.pk, turn.created_at):
            return None
        past = context.history(
            thread.pk, after if trigger == "message" else after + 1, context.room(candidates)
        )
    return TurnSpec(
        turn.pk,
        turn.owner,
        thread.pk,
        turn.fence,
        turn.trigger,
        turn.requested_model,
        retries.words_of(given),
        after,
        answer_seq,
        candidates,
        past,
        charges=quotas.charges_of(turn),
        given=given,
        files=saying.attached(question.data) if question is not None else (),
        title=thread.title if turn.input.get("new") and threads.is_named_by_first_words(thread) else None,
        past_events=told,
    )
