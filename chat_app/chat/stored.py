"""Turns read from their rows: as callers are told of one, and as a follower reads one whose log is not held here.

Sync but for `StoredTurn.load`. Whether the caller may see it was checked before.
"""

from __future__ import annotations

from chat_app.domain.errors import NotFound
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
from chat_app.domain.turn import ACTIVE, ANSWER
from chat_app.models import Item, Turn
from chat_app.streaming import kept
from chat_app.streaming.log import Record
from sessions_app.db import db


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
    return [ItemData(r.pk, r.kind, r.text, r.data, r.model or None, r.created_at) for r in rows]


class StoredTurn:
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
            items = kept.items_of(turn)
            return [
                Record(
                    turn.last_seq,
                    Snapshot(turn.state, model, turn.partial, tuple(items), kept.open_of(turn)),
                )
            ]
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
