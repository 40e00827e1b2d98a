"""A turn's row as callers are told of one. Sync. Whether the caller may see it was checked before."""

from __future__ import annotations

from chat_app.domain.shapes import TurnInfo
from chat_app.domain.turn import ACTIVE
from chat_app.models import Turn
from chat_app.streaming import stored


def info_of(turn: Turn) -> TurnInfo:
    """A row as callers are told of it; the text of an ended turn is its items'."""
    items = stored.items_of(turn.pk) if turn.state not in ACTIVE else []
    ended = turn.ended_at is not None
    return TurnInfo(
        id=turn.pk,
        thread_id=turn.thread_id,
        state=turn.state,
        text=stored.text_of(items) if items else turn.partial,
        created_at=turn.created_at,
        model=turn.model or None,
        requested_model=turn.requested_model or None,
        usage=stored.usage_of(turn) if ended else None,
        error=(turn.error_code, turn.error_detail, turn.error_retryable) if turn.error_code else None,
        attempts=turn.attempts,
        first_token_at=turn.first_token_at,
        ended_at=turn.ended_at,
    )
