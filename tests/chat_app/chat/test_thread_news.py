"""What an answer changes of its thread: written in order as it happens, and told of once it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chat_app.domain.events import Completed, ItemData, ItemDone, ItemRemoved, ThreadUpdated
from chat_app.domain.prompt import Prompt
from chat_app.models import Item, Thread, Turn
from chat_app.providers.python import provider as python
from tests.chat_app.chat.test_engine import execute
from tests.chat_app.chat.test_own_items import begin_with

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def _table_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_table", python._table)


def test_changes_of_a_thread_are_told_in_their_order_and_the_last_one_stays() -> None:
    def renames(prompt: Prompt) -> Iterator[Any]:
        for n in range(30):
            yield ThreadUpdated(f"Title {n}")

    spec = begin_with(renames)
    events = execute(spec)
    assert [e.title for e in events if isinstance(e, ThreadUpdated)] == [f"Title {n}" for n in range(30)]
    assert Thread.objects.get(pk=spec.thread_id).title == "Title 29"
    assert isinstance(events[-1], Completed)


def test_change_is_told_with_what_a_person_has_changed_meanwhile() -> None:
    def locks(prompt: Prompt) -> Iterator[Any]:
        Thread.objects.filter(pk=prompt.thread_id).update(title="The person's")
        yield ThreadUpdated(status="locked", reason="Enough")

    (told,) = (e for e in execute(begin_with(locks)) if isinstance(e, ThreadUpdated))
    assert (told.title, told.status, told.reason) == ("The person's", "locked", "Enough")


def test_change_of_an_earlier_item_is_told_with_the_moment_at_which_that_was_made() -> None:
    def changes(prompt: Prompt) -> Iterator[Any]:
        yield ItemDone(ItemData(shown.pk, "widget", data={"n": 2}), earlier=True)
        yield ItemRemoved(gone.pk, earlier=True)
        yield ItemRemoved("itm_of_nobody", earlier=True)
        yield "done"

    spec = begin_with(changes)
    shown, gone = (
        Item.objects.create(thread_id=spec.thread_id, seq=seq, kind="widget", data={"n": 1}) for seq in (7, 8)
    )
    events = execute(spec)
    (done,) = (e for e in events if isinstance(e, ItemDone) and e.earlier)
    assert done.item.created_at == shown.created_at
    assert [e.item_id for e in events if isinstance(e, ItemRemoved)] == [gone.pk]
    assert Item.objects.get(pk=shown.pk).data == {"n": 2}
    assert not Item.objects.get(pk=gone.pk).on_path


def test_answer_without_a_thread_changes_none() -> None:
    def renames(prompt: Prompt) -> Iterator[Any]:
        yield ThreadUpdated("Title")
        yield "done"

    events = execute(replace(begin_with(renames), thread_id=None))
    assert not [event for event in events if isinstance(event, ThreadUpdated)]


def test_worker_that_has_lost_the_turn_changes_nothing_of_its_thread() -> None:
    def changes(prompt: Prompt) -> Iterator[Any]:
        Turn.objects.filter(pk=spec.turn_id).update(fence=2)
        yield ThreadUpdated("Never")
        yield ItemDone(ItemData(shown.pk, "widget", data={"n": 2}), earlier=True)
        yield ItemRemoved(shown.pk, earlier=True)
        yield "done"

    spec = begin_with(changes)
    shown = Item.objects.create(thread_id=spec.thread_id, seq=7, kind="widget", data={"n": 1})
    told = execute(spec)
    assert not [e for e in told if isinstance(e, ThreadUpdated) or getattr(e, "earlier", False)]
    assert Thread.objects.get(pk=spec.thread_id).title != "Never"
    shown.refresh_from_db()
    assert (shown.data, shown.on_path) == ({"n": 1}, True)
