"""Turns read from their rows: how one stands whose log this process does not hold, as records that a follower may be given.

Sync but for `StoredTurn.load`. Whether the caller may see it was checked before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

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
from chat_app.domain.turn import ACTIVE, ANSWER
from chat_app.models import Item, Turn
from chat_app.streaming import kept
from chat_app.streaming.log import Record
from sessions_app.db import db


@dataclass(frozen=True, slots=True)
class Standing:
    """A turn as its row has it: its state numbered as the log that its worker holds, and the terminal event of one that has
    ended, whose number is the next."""

    snapshot: Record
    terminal: Terminal | None = None


def usage_of(turn: Turn) -> UsageData:
    """What an ended turn used."""
    cost = None if turn.cost is None else str(turn.cost)
    return UsageData(turn.input_tokens, turn.output_tokens, turn.usage_estimated, cost)


def items_of(turn_id: str) -> list[ItemData]:
    """What a turn has answered, as it is stored at its end."""
    rows = Item.objects.filter(turn_id=turn_id).exclude(kind="user_message").order_by("seq")
    return [ItemData(r.pk, r.kind, r.text, r.data, r.model or None, r.created_at) for r in rows]


def text_of(items: Collection[ItemData]) -> str:
    """The visible answer."""
    return "\n\n".join(item.text for item in items if item.kind == ANSWER and item.text)


def standing(turn: Turn) -> Standing:
    """How a turn stands by its row, and by its items where it has ended."""
    model = turn.model or None
    if turn.state in ACTIVE:
        shown = Snapshot(turn.state, model, turn.partial, tuple(kept.items_of(turn)), kept.open_of(turn))
        return Standing(Record(turn.last_seq, shown))
    items = items_of(turn.pk)
    text = text_of(items)
    snapshot = Snapshot(turn.state, model, text, tuple(items))
    return Standing(Record(max(turn.last_seq - 1, 0), snapshot), _terminal(turn, text))


def look(turn_id: str) -> Standing:
    """How a turn stands now. Raises NotFound."""
    turn = Turn.objects.filter(pk=turn_id).first()
    if turn is None:
        raise NotFound
    return standing(turn)


def numbers(turn_ids: Collection[str]) -> dict[str, tuple[bool, int]]:
    """Of each turn that is there: whether it runs, and the number of the newest event that its row knows of."""
    rows = Turn.objects.filter(pk__in=turn_ids).values_list("pk", "state", "last_seq")
    return {turn_id: (state in ACTIVE, number) for turn_id, state, number in rows}


class StoredTurn:
    """Reads a turn whose log this process does not hold: a snapshot each time its checkpoint has moved on, numbered as the
    log that its worker holds, so that a caller may go on there from what it saw here."""

    def __init__(self, turn_id: str, after: int | None) -> None:
        self.turn_id = turn_id
        self.seq = after or 0

    async def load(self) -> list[Record]:
        records = self._new(await db(look, self.turn_id))
        if records:
            self.seq = records[-1].seq
        return records

    def _new(self, found: Standing) -> list[Record]:
        snapshot, terminal = found.snapshot, found.terminal
        if terminal is None:
            return [snapshot] if snapshot.seq > self.seq else []
        last = max(snapshot.seq + 1, self.seq + 1)
        records = [Record(last, terminal)]
        if self.seq < last - 1:
            records.insert(0, Record(last - 1, snapshot.event))
        return records


def _terminal(turn: Turn, text: str) -> Terminal:
    match turn.state:
        case "completed":
            return Completed(text, turn.model, usage_of(turn))
        case "cancelled":
            return Cancelled(text, usage_of(turn))
        case "failed":
            return Failed(turn.error_code, turn.error_detail, turn.error_retryable, text)
        case _:
            return Interrupted(text, turn.error_code or "interrupted", turn.error_retryable)
