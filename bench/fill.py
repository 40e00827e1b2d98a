"""Fills threads with items by the ORM: each pair is a completed turn, a question and an answer of ordinary length.

Imported in a management shell of the product alone (`product.fill_threads`), where Django is set up.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from chat_app.models import Item, Thread, Turn

QUESTION = "Which of the two is the better choice here, and what would you look at first? " * 2
ANSWER = (
    "It depends on what matters more to you: look at the cost of a mistake before the cost of the work. " * 8
)


def fill_all(threads: Sequence[str], items: int) -> None:
    """Add `items` items to each of these threads."""
    with transaction.atomic():
        for thread in Thread.objects.filter(id__in=threads):
            _fill(thread, items)


def _fill(thread: Thread, items: int) -> None:
    turns, rows, parent, seq = [], [], thread.head, thread.item_seq
    for _ in range(items // 2):
        parent = Turn(
            owner=thread.owner,
            thread=thread,
            parent=parent,
            state="completed",
            model="demo",
            ended_at=timezone.now(),
        )
        turns.append(parent)
        for kind, text in (("user_message", QUESTION), ("assistant_message", ANSWER)):
            seq += 1
            rows.append(Item(thread=thread, turn=parent, seq=seq, kind=kind, text=text))
    Turn.objects.bulk_create(turns, batch_size=500)
    Item.objects.bulk_create(rows, batch_size=500)
    thread.head, thread.item_seq = parent, seq
    thread.save(update_fields=["head", "item_seq"])
