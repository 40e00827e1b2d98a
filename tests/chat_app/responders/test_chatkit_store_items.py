"""Items of threads in ChatKit's Store, outside of turns: order, pages, changes, ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from chatkit.store import NotFoundError
from chatkit.types import ThreadMetadata

from chat_app.models import Item, Thread
from chat_app.responders.chatkit_store import DjangoStore, speaking
from chat_app.streaming.control import CONTROL
from chat_app.streaming.threads import IdTaken
from sessions_app.db import db
from tests.chat_app.responders.sdk import OWNER, STRANGER, asked, card, note, said
from tests.chat_app.responders.test_chatkit_items import ONE_OF_EACH

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
async def store() -> AsyncIterator[DjangoStore]:
    async with speaking(OWNER):
        store = DjangoStore()
        await store.save_thread(ThreadMetadata(id="thr_1", created_at=datetime.now()), {})
        yield store


async def ids(
    store: DjangoStore, order: str = "asc", after: str | None = None, limit: int = 100
) -> list[str]:
    return [i.id for i in (await store.load_thread_items("thr_1", after, limit, order, {})).data]


async def test_items_of_all_kinds_are_loaded_as_they_were_saved_hidden_ones_too(store: DjangoStore) -> None:
    for item in ONE_OF_EACH.values():
        await store.add_thread_item("thr_1", item, {})
    assert (await store.load_thread_items("thr_1", None, 100, "asc", {})).data == list(ONE_OF_EACH.values())
    for item in ONE_OF_EACH.values():
        assert await store.load_item("thr_1", item.id, {}) == item


async def test_items_come_in_the_order_in_which_they_were_added(store: DjangoStore) -> None:
    for n in range(5):
        item = asked(f"msg_{n}", str(n))
        item.created_at = datetime.now() - timedelta(hours=n)  # the clock of whoever made it says nothing
        await store.add_thread_item("thr_1", item, {})
    assert await ids(store) == [f"msg_{n}" for n in range(5)]
    assert await ids(store, "desc") == [f"msg_{n}" for n in reversed(range(5))]


async def test_items_are_paged_both_ways(store: DjangoStore) -> None:
    for n in range(5):
        await store.add_thread_item("thr_1", said(f"msg_{n}", "x"), {})
    page = await store.load_thread_items("thr_1", None, 2, "asc", {})
    assert ([i.id for i in page.data], page.has_more, page.after) == (["msg_0", "msg_1"], True, "msg_1")
    page = await store.load_thread_items("thr_1", "msg_1", 3, "asc", {})
    assert ([i.id for i in page.data], page.has_more, page.after) == (
        ["msg_2", "msg_3", "msg_4"],
        False,
        None,
    )
    assert await ids(store, "desc", "msg_3", 2) == ["msg_2", "msg_1"]


async def test_saved_item_takes_the_place_of_the_one_before(store: DjangoStore) -> None:
    for item in (said("msg_1"), card("wdg_1", "one"), said("msg_2", "last")):
        await store.add_thread_item("thr_1", item, {})
    await store.save_item("thr_1", said("msg_1", "now with words"), {})
    await store.save_item("thr_1", card("wdg_1", "two"), {})
    assert await ids(store) == ["msg_1", "wdg_1", "msg_2"]
    loaded = await store.load_item("thr_1", "msg_1", {})
    assert loaded.content[0].text == "now with words"  # type: ignore[union-attr]


async def test_saved_item_that_was_not_there_is_added(store: DjangoStore) -> None:
    await store.save_item("thr_1", said("msg_1", "new"), {})
    assert await ids(store) == ["msg_1"]


async def test_deleted_item_is_not_found_and_deleting_it_again_does_nothing(store: DjangoStore) -> None:
    await store.add_thread_item("thr_1", said("msg_1", "x"), {})
    for _ in range(2):
        await store.delete_thread_item("thr_1", "msg_1", {})
    with pytest.raises(NotFoundError):
        await store.load_item("thr_1", "msg_1", {})
    assert await ids(store) == []


async def test_item_of_another_thread_is_not_found(store: DjangoStore) -> None:
    await store.save_thread(ThreadMetadata(id="thr_2", created_at=datetime.now()), {})
    await store.add_thread_item("thr_2", said("msg_1", "x"), {})
    with pytest.raises(NotFoundError):
        await store.load_item("thr_1", "msg_1", {})


async def test_id_of_a_strangers_item_cannot_be_taken(store: DjangoStore) -> None:
    await store.add_thread_item("thr_1", said("msg_1", "mine"), {})
    async with speaking(STRANGER):
        await store.save_thread(ThreadMetadata(id="thr_2", created_at=datetime.now()), {})
        with pytest.raises(IdTaken):
            await store.add_thread_item("thr_2", said("msg_1", "theirs"), {})
    assert (await store.load_item("thr_1", "msg_1", {})).content[0].text == "mine"  # type: ignore[union-attr]


async def test_items_that_the_sdk_does_not_know_are_passed_over(store: DjangoStore) -> None:
    def theirs() -> None:
        Item.objects.create(id="itm_1", thread_id="thr_1", seq=1, kind="of_an_unknown_kind")
        Thread.objects.filter(pk="thr_1").update(item_seq=1)

    await db(theirs)
    await store.add_thread_item("thr_1", said("msg_1", "x"), {})
    page = await store.load_thread_items("thr_1", None, 1, "asc", {})
    assert (page.data, page.has_more) == ([], True)
    assert await ids(store, after=page.after) == ["msg_1"]
    with pytest.raises(NotFoundError):
        await store.load_item("thr_1", "itm_1", {})


async def test_who_has_the_thread_open_is_told_of_an_item(store: DjangoStore) -> None:
    heard: list[object] = []
    await CONTROL.start("here")
    stop = CONTROL.subscribe("thread:thr_1", heard.append)
    await store.add_thread_item("thr_1", note("hid_1", "so"), {})
    await store.delete_thread_item("thr_1", "hid_1", {})
    stop()
    await CONTROL.stop()
    assert heard == [{"type": "items"}] * 2
