"""What a ChatKit server changes of what its thread had before the turn: earlier items, and the thread itself."""

from __future__ import annotations

from typing import Any

import pytest
from chatkit.types import (
    LockedStatus,
    ProgressUpdateEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadUpdatedEvent,
    WidgetStreamingTextValueDelta,
)

from chat_app.domain.events import ItemDone, ItemRemoved, ThreadUpdated
from chat_app.models import Item, Thread
from tests.chat_app.responders.sdk import (
    OWNER,
    Scripted,
    answered,
    begin,
    card,
    changed,
    done,
    execute,
    plays,
    rows,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_item_of_an_earlier_turn_is_replaced_updated_and_removed() -> None:
    first = begin(Scripted(plays(*(done(card(name, "old")) for name in ("w", "v", "u")))))
    execute(first)
    ids = [row.pk for row in rows(first)]
    changes = plays(
        ThreadItemReplacedEvent(item=card(ids[0], "new")),
        changed(ids[1], WidgetStreamingTextValueDelta(component_id="t", delta="er", done=True)),
        ThreadItemRemovedEvent(item_id=ids[2]),
    )
    thread = Thread.objects.get(pk=first.thread_id)
    events = execute(begin(Scripted(changes), thread=thread))
    told = [e for e in events if isinstance(e, ItemDone | ItemRemoved)]
    assert all(e.earlier for e in told)
    left = rows(first)
    assert [row.pk for row in left] == ids[:2]
    assert [row.data["widget"]["children"][0]["value"] for row in left] == ["new", "older"]


def test_message_of_the_person_is_blotted_out() -> None:
    async def respond(server: Any, thread: Any, question: Any) -> Any:
        question.content[0].text = "…"
        yield ThreadItemReplacedEvent(item=question)

    _, _, spec = answered(respond)
    assert Item.objects.get(thread_id=spec.thread_id, kind="user_message").text == "…"


def test_thread_changes_field_by_field_as_they_happen() -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        assert thread.title is None  # its first words are no title
        thread.title = "A title"
        yield ProgressUpdateEvent(text="titled")
        thread.metadata["seen"] = 1
        thread.allowed_image_domains = ["pictures.example"]
        yield ProgressUpdateEvent(text="more")
        assert (await server.store.load_thread(thread.id, {})).title == "A title"
        thread.status = LockedStatus(reason="Enough")

    events, _, spec = answered(respond)
    told = [e for e in events if isinstance(e, ThreadUpdated)]
    assert told == [
        ThreadUpdated("A title", "active", ""),
        ThreadUpdated("A title", "active", "", ["pictures.example"]),
        ThreadUpdated("A title", "locked", "Enough", ["pictures.example"]),
    ]
    row = Thread.objects.get(pk=spec.thread_id)
    assert (row.title, row.status_reason, row.metadata) == ("A title", "Enough", {"seen": 1})
    assert row.allowed_image_domains == ["pictures.example"]


def test_thread_that_the_server_saves_or_tells_of_itself_is_told_once() -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        thread.title = "A title"
        await server.store.save_thread(thread, {})
        yield ThreadUpdatedEvent(thread={**thread.model_dump(), "items": {}})

    events, _, spec = answered(respond)
    assert [e for e in events if isinstance(e, ThreadUpdated)] == [ThreadUpdated("A title", "active", "")]
    assert Thread.objects.get(pk=spec.thread_id).title == "A title"
    assert Thread.objects.get(pk=spec.thread_id).owner == OWNER
