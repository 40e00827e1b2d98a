"""ChatKit's Store on our tables, outside of turns: threads, whose they are, and what is written of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chatkit.store import NotFoundError
from chatkit.types import ClosedStatus, LockedStatus, ThreadMetadata

from chat_app.models import Thread
from chat_app.responders.chatkit_store import DjangoStore, speaking
from sessions_app.db import db
from tests.chat_app.responders.sdk import OWNER, STRANGER, said

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
async def store() -> AsyncIterator[DjangoStore]:
    async with speaking(OWNER):
        yield DjangoStore()


def thread(name: str = "thr_1", **fields: Any) -> ThreadMetadata:
    return ThreadMetadata(**{"id": name, "created_at": datetime.now(), "title": "A title", **fields})


async def test_thread_is_loaded_as_it_was_saved(store: DjangoStore) -> None:
    made = thread(
        metadata={"a": {"b": [1, None]}}, status=LockedStatus(reason="Busy"), allowed_image_domains=["x"]
    )
    await store.save_thread(made, {})
    async with speaking(OWNER):
        assert await store.load_thread("thr_1", {}) == made
    row = await db(Thread.objects.get, pk="thr_1")
    assert (row.owner, row.metadata, row.created_at.tzinfo) == (OWNER, {"a": {"b": [1, None]}}, UTC)


async def test_thread_without_a_title_has_none(store: DjangoStore) -> None:
    await store.save_thread(thread(title=None), {})
    assert (await store.load_thread("thr_1", {})).title is None


async def test_thread_is_changed_and_overwritten(store: DjangoStore) -> None:
    made = thread()
    await store.save_thread(made, {})
    made.title, made.status, made.metadata["n"] = "Another", ClosedStatus(), 1
    await store.save_thread(made, {})
    loaded = await store.load_thread("thr_1", {})
    assert (loaded.title, loaded.status.type, loaded.metadata) == ("Another", "closed", {"n": 1})


async def test_only_what_differs_is_written(store: DjangoStore) -> None:
    await store.save_thread(thread(metadata={"a": 1}), {})
    loaded = await store.load_thread("thr_1", {})
    await db(Thread.objects.filter(pk="thr_1").update, title="Renamed", metadata={"a": 1, "theirs": 2})
    loaded.metadata["a"] = 3
    await store.save_thread(loaded, {})
    row = await db(Thread.objects.get, pk="thr_1")
    assert (row.title, row.metadata) == ("Renamed", {"a": 3, "theirs": 2})


async def test_each_copy_of_a_thread_counts_from_how_it_was_loaded(store: DjangoStore) -> None:
    await store.save_thread(thread(), {})
    first = await store.load_thread("thr_1", {})
    await db(Thread.objects.filter(pk="thr_1").update, title="Renamed")
    await store.load_thread("thr_1", {})
    first.metadata["n"] = 1
    await store.save_thread(first, {})
    assert (await store.load_thread("thr_1", {})).title == "Renamed"


async def test_pictures_may_come_from_anywhere_again(store: DjangoStore) -> None:
    made = thread(allowed_image_domains=["x"])
    await store.save_thread(made, {})
    made.allowed_image_domains = None
    await store.save_thread(made, {})
    assert (await store.load_thread("thr_1", {})).allowed_image_domains is None


async def test_threads_are_paged_by_the_time_they_were_made(store: DjangoStore) -> None:
    now = datetime.now()
    for n in range(3):
        await store.save_thread(thread(f"thr_{n}", created_at=now + timedelta(seconds=n)), {})
    first = await store.load_threads(2, None, "asc", {})
    assert ([t.id for t in first.data], first.has_more, first.after) == (["thr_0", "thr_1"], True, "thr_1")
    second = await store.load_threads(2, first.after, "asc", {})
    assert ([t.id for t in second.data], second.has_more, second.after) == (["thr_2"], False, None)
    newest = await store.load_threads(5, None, "desc", {})
    assert [t.id for t in newest.data] == ["thr_2", "thr_1", "thr_0"]


async def test_thread_is_deleted_with_its_items(store: DjangoStore) -> None:
    await store.save_thread(thread(), {})
    await store.add_thread_item("thr_1", said("msg_1", "hello"), {})
    await store.delete_thread("thr_1", {})
    with pytest.raises(NotFoundError):
        await store.load_thread("thr_1", {})
    assert not await db(Thread.objects.exists)


async def test_strangers_thread_is_as_good_as_none(store: DjangoStore) -> None:
    await store.save_thread(thread(), {})
    await store.add_thread_item("thr_1", said("msg_1", "hello"), {})
    async with speaking(STRANGER):
        for name in ("thr_1", "thr_none"):
            for asking in (
                store.load_thread(name, {}),
                store.delete_thread(name, {}),
                store.load_item(name, "msg_1", {}),
                store.load_thread_items(name, None, 9, "asc", {}),
                store.add_thread_item(name, said("msg_2", "mine"), {}),
            ):
                with pytest.raises(NotFoundError, match=r"^There is nothing here\.$"):
                    await asking
        with pytest.raises(NotFoundError):
            await store.save_thread(thread(title="Mine now"), {})
        await store.delete_thread_item("thr_1", "msg_1", {})
        assert (await store.load_threads(9, None, "asc", {})).data == []
    assert (await store.load_thread("thr_1", {})).title == "A title"
    assert [i.id for i in (await store.load_thread_items("thr_1", None, 9, "asc", {})).data] == ["msg_1"]


async def test_cursor_that_is_not_there_is_not_found(store: DjangoStore) -> None:
    await store.save_thread(thread(), {})
    with pytest.raises(NotFoundError):
        await store.load_threads(5, "thr_none", "asc", {})
    with pytest.raises(NotFoundError):
        await store.load_thread_items("thr_1", "msg_none", 5, "asc", {})


async def test_nobody_speaks_outside_of_a_scope() -> None:
    with pytest.raises(RuntimeError, match="on whose behalf"):
        await DjangoStore().load_thread("thr_1", {})
    with speaking(OWNER), pytest.raises(NotFoundError):
        await DjangoStore().load_thread("thr_1", {})
    with pytest.raises(RuntimeError):
        await DjangoStore().load_threads(5, None, "asc", {})


async def test_ids_have_their_prefixes_and_are_long_enough_to_be_unique(store: DjangoStore) -> None:
    here = thread()
    kinds = {"message": "msg", "tool_call": "tc", "task": "tsk", "workflow": "wf", "attachment": "atc"}
    for kind, prefix in kinds.items():
        name = store.generate_item_id(kind, here, {})  # type: ignore[arg-type]
        assert name.startswith(f"{prefix}_")
        assert len(name) == len(prefix) + 27
    assert store.generate_thread_id({}).startswith("thr_")
    assert len({store.generate_thread_id({}) for _ in range(100)}) == 100


async def test_ids_of_a_subclass_are_used(store: DjangoStore) -> None:
    class Own(DjangoStore):
        def generate_item_id(self, item_type: Any, thread: ThreadMetadata, context: Any) -> str:
            return f"{item_type}_custom_{thread.id}"

    own = Own()
    await own.save_thread(thread(), {})
    name = own.generate_item_id("message", thread(), {})
    await own.add_thread_item("thr_1", said(name, "hello"), {})
    assert (await own.load_item("thr_1", "message_custom_thr_1", {})).id == name


@pytest.mark.parametrize("name", ["", "x" * 65])
async def test_id_that_no_row_can_hold_is_refused(store: DjangoStore, name: str) -> None:
    await store.save_thread(thread(), {})
    with pytest.raises(ValueError, match="characters"):
        await store.add_thread_item("thr_1", said(name, "hello"), {})
    with pytest.raises(ValueError, match="characters"):
        await store.save_thread(thread(name), {})
