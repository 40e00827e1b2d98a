"""Which turn a retry after an item means."""

from __future__ import annotations

import pytest

from chat_app.chat import retries
from chat_app.models import Item, Thread, Turn

pytestmark = pytest.mark.django_db


def test_item_that_no_turn_made_does_not_hide_the_turn_behind_it() -> None:
    thread = Thread.objects.create(owner="ext:1")
    first, second = [Turn.objects.create(owner="ext:1", thread=thread, state="completed") for _ in range(2)]
    kinds = [
        ("user_message", first),
        ("assistant_message", first),
        ("widget", None),
        ("user_message", second),
    ]
    items = [
        Item.objects.create(thread=thread, turn=turn, seq=n, kind=kind)
        for n, (kind, turn) in enumerate(kinds)
    ]
    assert retries._turn_behind(thread.pk, items[1].pk) == second
