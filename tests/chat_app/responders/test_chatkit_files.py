"""Files and pictures between ChatKit's SDK and our attachments: whose they are, and that no item holds a picture's bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from chatkit.store import NotFoundError
from chatkit.types import (
    FileAttachment,
    GeneratedImage,
    GeneratedImageUpdated,
    ImageAttachment,
    ThreadItemAddedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
)

from chat_app.domain.events import Completed, ItemDone, ItemUpdated
from chat_app.domain.prompt import FilePart
from chat_app.models import Attachment
from chat_app.responders.chatkit_store import DjangoAttachments, DjangoStore, speaking
from chat_app.responders.files import FILES
from sessions_app.db import db
from tests.chat_app.responders.sdk import (
    OWNER,
    STRANGER,
    Scripted,
    answered,
    begin,
    done,
    execute,
    item,
    rows,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
URL = "data:image/png;base64,iVBORw=="


@pytest.fixture
async def store() -> AsyncIterator[DjangoStore]:
    async with speaking(OWNER):
        yield DjangoStore()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was given to be kept, in place of the service that keeps it."""
    given: list[tuple[Any, ...]] = []

    def store_image(*what: Any) -> dict[str, str]:
        given.append(what)
        return {"attachment_id": f"atc_{len(given)}"}

    def read(ids: Any, most: int) -> dict[str, FilePart]:
        return {name: FilePart("i.png", "image/png", b"\x89PNG") for name in ids if name == "atc_1"}

    monkeypatch.setattr(FILES, "store_image", store_image)
    monkeypatch.setattr(FILES, "read", read)
    return given


def picture(name: str, url: str | None = URL) -> Any:
    return item("generated_image", name, image={"id": "ig_1", "url": url} if url else None)


async def test_file_is_loaded_as_it_was_saved(store: DjangoStore) -> None:
    await store.save_thread(ThreadMetadata(id="thr_1", created_at=datetime.now()), {})
    file = FileAttachment(id="atc_f", mime_type="text/plain", name="a.txt", thread_id="thr_1")
    await store.save_attachment(file, {})
    assert await store.load_attachment("atc_f", {}) == file
    await store.save_attachment(file.model_copy(update={"name": "b.txt"}), {})
    assert (await store.load_attachment("atc_f", {})).name == "b.txt"


async def test_picture_is_loaded_without_what_has_no_column(store: DjangoStore) -> None:
    url: Any = "https://a.example/i.png"
    image = ImageAttachment(
        id="atc_i", mime_type="image/png", name="i.png", preview_url=url, metadata={"a": 1}
    )
    await store.save_attachment(image, {})
    loaded = await store.load_attachment("atc_i", {})
    assert isinstance(loaded, ImageAttachment)
    assert (str(loaded.preview_url), loaded.metadata) == ("attachment:atc_i", None)


async def test_what_uploaded_bytes_are_is_known_better(store: DjangoStore) -> None:
    await db(Attachment.objects.create, id="atc_1", owner=OWNER, mime_type="text/html", state="ready")
    await store.save_attachment(FileAttachment(id="atc_1", mime_type="image/png", name="x"), {})
    loaded = await store.load_attachment("atc_1", {})
    assert (loaded.name, loaded.mime_type) == ("x", "text/html")


async def test_deleted_file_is_gone(store: DjangoStore) -> None:
    await store.save_attachment(FileAttachment(id="atc_f", mime_type="text/plain", name="a"), {})
    await DjangoAttachments().delete_attachment("atc_f", {})
    await store.delete_attachment("atc_f", {})
    with pytest.raises(NotFoundError):
        await store.load_attachment("atc_f", {})


async def test_strangers_file_is_as_good_as_none(store: DjangoStore) -> None:
    file = FileAttachment(id="atc_f", mime_type="text/plain", name="a")
    await store.save_attachment(file, {})
    async with speaking(STRANGER):
        for asking in (
            store.load_attachment("atc_f", {}),
            store.delete_attachment("atc_f", {}),
            store.save_attachment(file, {}),
            store.read_attachment("atc_f", {}),
            store.load_attachment("atc_none", {}),
        ):
            with pytest.raises(NotFoundError):
                await asking
    assert (await store.load_attachment("atc_f", {})).name == "a"


async def test_file_can_be_read_where_its_bytes_are_there(store: DjangoStore, kept: Any) -> None:
    await db(Attachment.objects.create, id="atc_1", owner=OWNER, state="ready", size=4)
    assert await store.read_attachment("atc_1", {}) == b"\x89PNG"
    await db(Attachment.objects.create, id="atc_2", owner=OWNER)
    with pytest.raises(NotFoundError):
        await store.read_attachment("atc_2", {})


def test_picture_of_an_answer_is_kept_as_a_file_and_its_item_names_it(kept: Any) -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        yield ThreadItemAddedEvent(item=picture("g", None))
        partial = GeneratedImageUpdated(image=GeneratedImage(id="ig_1", url=URL), progress=0.5)
        yield ThreadItemUpdatedEvent(item_id="g", update=partial)
        yield done(picture("g", URL + "AA"))

    events, left, spec = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    assert kept == [(OWNER, spec.thread_id, URL + "AA")]
    assert left[0].data == {"image": {"id": "ig_1", "attachment_id": "atc_1"}}
    update = next(e for e in events if isinstance(e, ItemUpdated))
    assert (update.update["image"]["url"], update.item.data) == (URL, {})
    assert [e.item.data for e in events if isinstance(e, ItemDone)] == [left[0].data]


def test_server_gets_a_picture_with_its_bytes_and_saving_it_again_keeps_no_second_file(kept: Any) -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        yield done(picture("g"))
        page = await server.store.load_thread_items(thread.id, None, 9, "desc", {})
        assert page.data[0].image.url == "data:image/png;base64,iVBORw=="
        await server.store.save_item(thread.id, page.data[0], {})

    events, left, _ = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    assert len(kept) == len(left) == 1


def test_picture_whose_file_is_gone_has_an_address_of_ours_and_stays_the_same(kept: Any) -> None:
    async def respond(server: Any, thread: Any, _: Any) -> Any:
        first = picture("f", "data:image/gif;base64,AA==")
        yield done(first)
        yield done(picture("g"))
        loaded = (await server.store.load_thread_items(thread.id, None, 1, "desc", {})).data[0]
        assert loaded.image.url == "attachment:atc_2"
        await server.store.save_item(thread.id, loaded, {})

    events, left, _ = answered(respond)
    assert isinstance(events[-1], Completed), events[-1]
    assert left[1].data["image"]["attachment_id"] == "atc_2"


def test_picture_elsewhere_stays_where_it_is(kept: Any) -> None:
    spec = begin(Scripted(lambda *_: _one(picture("g", "https://a.example/i.png"))))
    execute(spec)
    assert rows(spec)[0].data == {"image": {"id": "ig_1", "url": "https://a.example/i.png"}}
    assert kept == []


async def _one(value: Any) -> Any:
    yield done(value)
