"""What a turn's row keeps of an answer under way: its items as JSON, and what they are to replace.

Pure functions of rows and values. When it is written is `store.py`'s business.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from chat_app.domain.events import ItemData
from chat_app.domain.turn import ANSWER, answer_id
from chat_app.models import Turn

Kept = list[dict[str, Any]]


def items_as_kept(items: Sequence[ItemData], going_on: Collection[str], text: str) -> Kept:
    """Items as a checkpoint keeps them. A text that is the whole answer's `text` is kept there alone."""
    found = []
    for item in items:
        moment = item.created_at.isoformat() if item.created_at else None
        own: dict[str, Any] = {"id": item.id, "kind": item.kind, "data": dict(item.data), "at": moment}
        if item.kind != ANSWER or item.text != text:
            own["text"] = item.text
        if item.id in going_on:
            own["open"] = True
        found.append(own)
    return found


def items_of(turn: Turn) -> list[ItemData]:
    """The items of a turn's last checkpoint, with the text that it holds."""
    model, text = turn.model or None, turn.partial
    if not turn.partial_items:
        return [ItemData(answer_id(turn.pk), ANSWER, text, {}, model, turn.created_at)] if text else []
    return [
        ItemData(
            own["id"],
            own["kind"],
            own.get("text", text),
            own["data"],
            model,
            datetime.fromisoformat(own["at"]) if own["at"] else None,
        )
        for own in turn.partial_items
    ]


def replaced_after(turn: Turn) -> int | None:
    """The number of the item behind which a retry's answer takes the place of what is there, None for any other turn."""
    if turn.trigger != "retry":
        return None
    asked = turn.input_item.seq if turn.input_item is not None else None
    after: int | None = turn.input.get("after", asked)
    return after


def open_of(turn: Turn) -> frozenset[str]:
    """The items of a turn's last checkpoint that were to go on."""
    if not turn.partial_items:
        return frozenset({answer_id(turn.pk)})
    return frozenset(own["id"] for own in turn.partial_items if own.get("open"))
