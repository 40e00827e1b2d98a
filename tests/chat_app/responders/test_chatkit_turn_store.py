"""The Store within a turn: its server reads what it has just made, and what it writes becomes part of the answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from chatkit.store import NotFoundError
from chatkit.types import ProgressUpdateEvent, ThreadItemAddedEvent, ThreadItemRemovedEvent, ThreadMetadata

from chat_app.chat.engine import Run
from chat_app.domain.events import Completed, Failed, ItemDone, ItemRemoved
from chat_app.domain.prompt import Given
from chat_app.models import Item, Thread, Turn
from chat_app.responders.chatkit_server import ChatKitResponder
from chat_app.responders.chatkit_store import DjangoStore
from chat_app.streaming.log import MemoryLog
from sessions_app.db import db
from tests.chat_app.responders.sdk import (
    OWNER,
    Scripted,
    answered,
    asked,
    begin,
    card,
    done,
    execute,
    note,
    rows,
    said,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


async def ids(server: Any, thread: Any, order: str = "asc", after: str | None = None, limit: int = 99) -> Any:
    page = await server.store.load_thread_items(thread.id, after, limit, order, {})
    return [item.id for item in page.data]


def test_server_reads_what_is_done_and_not_what_is_under_way() -> None:
    seen: list[Any] = []

    async def respond(server: Any, thread: Any, question: Any) -> Any:
        yield done(card("w", "one"))
        yield ThreadItemAddedEvent(item=said("a", "half"))
        seen.append(
            [i.type for i in (await server.store.load_thread_items(thread.id, None, 9, "asc", {})).data]
        )
        with pytest.raises(NotFoundError):
            await server.store.load_item(thread.id, "a", {})
        yield done(said("a", "whole"))
        loaded = await server.store.load_item(thread.id, "a", {})
        seen.append(loaded.content[0].text)

    events, _, _ = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    assert seen == [["user_message", "widget"], "whole"]


def test_pages_go_on_from_rows_to_what_the_turn_has_made_and_back() -> None:
    seen: dict[str, Any] = {}

    async def respond(server: Any, thread: Any, question: Any) -> Any:
        for n in range(3):
            yield done(card(f"w{n}", str(n)))
        every = await ids(server, thread)
        assert every[0] == question.id
        for order in ("asc", "desc"):
            for limit in (1, 2, 3, 4, 5):
                walked, after = [], None
                while True:
                    page = await server.store.load_thread_items(thread.id, after, limit, order, {})
                    walked += [item.id for item in page.data]
                    if not page.has_more:
                        break
                    after = page.after
                seen[f"{order} {limit}"] = walked == (every if order == "asc" else every[::-1])
        assert await ids(server, thread, after="w1") == every[3:]

    events, _, _ = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    assert all(seen.values())
    assert len(seen) == 10


def test_what_the_server_writes_itself_is_part_of_the_answer() -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        await server.store.add_thread_item(thread.id, note("n", "for the model"), {})
        await server.store.add_thread_item(thread.id, card("w", "one"), {})
        await server.store.save_item(thread.id, card("w", "two"), {})
        await server.store.add_thread_item(thread.id, said("gone", "x"), {})
        await server.store.delete_thread_item(thread.id, "gone", {})
        await server.store.delete_thread_item(thread.id, "nobody", {})
        yield done(said("a", "so"))

    events, left, spec = answered(respond)
    assert [row.kind for row in left] == ["hidden_context_item", "widget", "assistant_message"]
    assert left[1].data["widget"]["children"][0]["value"] == "two"
    assert {row.turn_id for row in left} == {spec.turn_id}
    assert [type(e) for e in events[1:-1]] == [ItemDone, ItemDone, ItemDone, ItemDone, ItemRemoved, ItemDone]


def test_earlier_items_are_read_as_this_turn_leaves_them() -> None:
    async def first(*_: Any) -> Any:
        yield done(card("w", "old"))
        yield done(said("a", "so"))

    async def second(server: Any, thread: Any, question: Any) -> Any:
        widget, answer = (await ids(server, thread))[1:3]
        await server.store.save_item(thread.id, card(widget, "new"), {})
        loaded = await server.store.load_item(thread.id, widget, {})
        assert loaded.widget.children[0].value == "new"
        await server.store.delete_thread_item(thread.id, answer, {})
        assert await ids(server, thread) == [*(await ids(server, thread))[:1], widget, question.id]
        with pytest.raises(NotFoundError):
            await server.store.load_item(thread.id, answer, {})
        yield ProgressUpdateEvent(text="so")

    spec = begin(Scripted(first))
    execute(spec)
    events = execute(begin(Scripted(second), thread=Thread.objects.get(pk=spec.thread_id)))
    assert isinstance(events[-1], Completed), events[-1]
    assert [row.kind for row in rows(spec)] == ["widget"]


def test_retry_does_not_see_the_answer_that_it_replaces() -> None:
    async def first(*_: Any) -> Any:
        yield done(said("a", "old"))

    async def again(server: Any, thread: Any, question: Any) -> Any:
        seen = await ids(server, thread)
        assert seen == [question.id]
        yield done(said("a", "new"))
        assert len(await ids(server, thread)) == 2

    spec = begin(Scripted(first))
    execute(spec)
    question = Item.objects.get(turn_id=spec.turn_id, kind="user_message")
    given = Given("message", spec.given.item, again=True)
    options: dict[str, Any] = {"trigger": "retry", "input_item": question, "input": {"trigger": "message"}}
    retry = begin(Scripted(again), given, thread=Thread.objects.get(pk=spec.thread_id), **options)
    events = execute(retry)
    assert isinstance(events[-1], Completed), events[-1]
    assert "new" in [row.text for row in rows(spec)]


def test_message_in_the_persons_words_is_a_row_of_its_own() -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        name = server.store.generate_item_id("message", thread, {})
        await server.store.add_thread_item(thread.id, asked(name, "and this"), {})
        assert name in await ids(server, thread)
        yield done(said("a", "so"))

    events, _, spec = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    told = Item.objects.filter(thread_id=spec.thread_id, kind="user_message").order_by("seq")
    assert [row.text for row in told] == ["hello", "and this"]


def test_other_thread_of_the_owner_is_written_at_once_and_a_strangers_is_not_there() -> None:
    Thread.objects.create(id="thr_theirs", owner="ext:2")

    async def respond(server: Any, thread: Any, _: Any) -> Any:
        other = ThreadMetadata(id=server.store.generate_thread_id({}), created_at=thread.created_at)
        await server.store.save_thread(other, {})
        name = server.store.generate_item_id("message", other, {})
        await server.store.add_thread_item(other.id, said(name, "elsewhere"), {})
        assert await db(Item.objects.filter(pk=name, thread_id=other.id).exists)
        with pytest.raises(NotFoundError):
            await server.store.load_thread("thr_theirs", {})
        yield done(said("a", "so"))

    events, left, _ = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    assert [row.text for row in left] == ["so"]


def test_tasks_of_the_server_write_into_the_turn_and_behind_it_into_rows() -> None:
    behind: list[asyncio.Task[None]] = []

    async def later(server: Any, thread: Any) -> None:
        await asyncio.sleep(0.05)
        await server.store.add_thread_item(thread.id, note("late", "afterwards"), {})

    async def respond(server: Any, thread: Any, _: Any) -> Any:
        await asyncio.create_task(server.store.add_thread_item(thread.id, note("n", "within"), {}))
        behind.append(asyncio.create_task(later(server, thread)))
        yield done(said("a", "so"))

    spec = begin(Scripted(respond))

    async def scenario() -> None:
        await Run(spec, MemoryLog()).execute()
        await asyncio.wait_for(behind[0], 5)

    asyncio.run(scenario())
    left = rows(spec)
    assert [row.data.get("content", row.text) for row in left] == ["within", "so", "afterwards"]
    assert [row.turn_id == spec.turn_id for row in left] == [True, True, False]


def test_rename_in_mid_answer_stays() -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        await db(Thread.objects.filter(pk=thread.id).update, title="Renamed")
        thread.metadata["n"] = 1
        yield done(said("a", "so"))

    _, _, spec = answered(respond)
    row = Thread.objects.get(pk=spec.thread_id)
    assert (row.title, row.metadata) == ("Renamed", {"n": 1})


def test_one_off_turn_has_a_thread_that_nobody_keeps() -> None:
    async def respond(server: Any, thread: Any, question: Any) -> Any:
        assert await ids(server, thread) == [question.id]
        thread.metadata["n"] = 1
        thread.title = "Nowhere"
        yield done(card("w", "one"))
        assert (await server.store.load_thread(thread.id, {})).metadata == {"n": 1}
        assert len(await ids(server, thread, "desc")) == 2
        yield ThreadItemRemovedEvent(item_id="w")
        yield done(said("a", f"{question.content[0].text} there"))

    spec = begin(Scripted(respond))
    Turn.objects.filter(pk=spec.turn_id).update(thread=None, one_off=True)
    events = execute(replace(spec, thread_id=None))
    assert isinstance(events[-1], Completed), events[-1]
    assert events[-1].text == "hello there"
    assert Thread.objects.get(pk=spec.thread_id).metadata == {}
    assert Thread.objects.filter(owner=OWNER).count() == 1


def test_thread_that_is_gone_when_the_turn_begins_is_not_found() -> None:
    async def respond(*_: Any) -> Any:
        yield done(said("a", "so"))

    spec = begin(Scripted(respond))
    Turn.objects.filter(pk=spec.turn_id).update(thread=None)
    Thread.objects.filter(pk=spec.thread_id).delete()
    ending = execute(spec)[-1]
    assert isinstance(ending, Failed)
    assert ending.code == "not_found"


def test_servers_store_is_ours_unless_it_is_a_kind_of_it() -> None:
    class Own(DjangoStore):
        pass

    kept = Scripted(lambda *_: None, Own())  # type: ignore[arg-type]
    assert type(ChatKitResponder(kept).server.store) is Own
    other = Scripted(lambda *_: None, object())  # type: ignore[arg-type]
    assert type(ChatKitResponder(other).server.store) is DjangoStore
