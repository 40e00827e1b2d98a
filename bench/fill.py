"""Fills threads with items by the ORM. Run by `product.fill_threads` in a management shell that has set THREADS and ITEMS.

Each pair of items is a completed turn: a question and an answer of ordinary length.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from chat_app.models import Item, Thread, Turn

THREADS: list[str] = globals().get("THREADS", [])
ITEMS: int = globals().get("ITEMS", 0)
QUESTION = "Which of the two is the better choice here, and what would you look at first? " * 2
ANSWER = (
    "It depends on what matters more to you: look at the cost of a mistake before the cost of the work. " * 8
)


def fill(thread: Thread, count: int) -> None:
    """`count` items of completed turns on the thread's path."""
    turns, items, parent, seq = [], [], thread.head, thread.item_seq
    for _ in range(count // 2):
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
            items.append(Item(thread=thread, turn=parent, seq=seq, kind=kind, text=text))
    Turn.objects.bulk_create(turns, batch_size=500)
    Item.objects.bulk_create(items, batch_size=500)
    thread.head, thread.item_seq = parent, seq
    thread.save(update_fields=["head", "item_seq"])


with transaction.atomic():
    for row in Thread.objects.filter(id__in=THREADS):
        fill(row, ITEMS)
