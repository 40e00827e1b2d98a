"""Attachments from their announcement to a message: whose they are, what is refused, what is left when storing fails."""

from __future__ import annotations

import io
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from chat_app.chat import attachments, threads
from chat_app.chat.attachments import AlreadyUsed
from chat_app.domain.errors import Forbidden, InvalidInput, NotFound, RateLimited, TooLarge, Unavailable
from chat_app.domain.shapes import AttachmentInfo
from chat_app.models import Attachment
from sessions_app.principal import Principal
from tests.chat_app.chat.attaching import LARGE, OWNER, STRANGER, message, sent, stored
from tests.pictures import HTML, PDF, PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


@pytest.fixture
def limits(settings: Any) -> Any:
    """`limits(MAX_ATTACHMENT=1)`"""

    def put(**values: int) -> None:
        settings.CHAT = {**settings.CHAT, **values}

    return put


# Announced and stored


def test_announced_file_is_what_was_said_until_its_bytes_come() -> None:
    info = attachments.create(OWNER, "a/photo.png", 5, "image/png; x=1")
    assert info == AttachmentInfo(info.id, "photo.png", "image/png", "image", 5, "pending")
    ready = attachments.save(None, info.id, "", "", io.BytesIO(PDF))
    assert ready == AttachmentInfo(info.id, "photo.png", "application/pdf", "file", len(PDF), "ready")
    assert attachments.get(OWNER, info.id) == ready


def test_bytes_lie_where_neither_name_nor_type_says_a_word(folder: Path) -> None:
    info = attachments.save(OWNER, None, "../../evil.html", "image/png", io.BytesIO(HTML))
    assert (info.name, info.mime_type, info.kind) == ("evil.html", "text/html", "file")
    (path,) = stored(folder)
    assert path.name == info.id
    assert path.read_bytes() == HTML


def test_upload_of_a_stream_that_was_read_begins_anew() -> None:
    stream = io.BytesIO(PNG)
    stream.read()
    with attachments.download(OWNER, attachments.save(OWNER, None, "a", "", stream).id).stream as found:
        assert found.read() == PNG


def test_second_upload_is_refused_and_the_first_one_stays(folder: Path) -> None:
    attachment_id = sent()
    with pytest.raises(AlreadyUsed):
        attachments.awaited(attachment_id)
    with pytest.raises(AlreadyUsed):
        attachments.save(None, attachment_id, "", "", io.BytesIO(PDF))
    assert [path.read_bytes() for path in stored(folder)] == [PNG]


def test_upload_of_a_file_that_is_deleted_meanwhile_leaves_nothing(folder: Path) -> None:
    info = attachments.create(OWNER, "a.png", 5, "image/png")

    class Deleting(io.BytesIO):
        """Its owner deletes the file when its last bytes are read."""

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                Attachment.objects.filter(pk=info.id).delete()
            return data

    with pytest.raises(NotFound):
        attachments.save(None, info.id, "", "", Deleting(PNG))
    assert stored(folder) == []


@pytest.mark.parametrize(
    ("name", "size", "error"),
    [("a", -1, InvalidInput), ("a", 20 * 1_048_576 + 1, TooLarge), ("", 1, InvalidInput), ("a\0", 1, InvalidInput)],
)  # fmt: skip
def test_bad_announcement_is_refused(name: str, size: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        attachments.create(OWNER, name, size, "text/plain")
    assert not Attachment.objects.exists()


def test_file_that_is_empty_or_too_large_is_refused(limits: Any, folder: Path) -> None:
    limits(MAX_ATTACHMENT=len(PNG))
    sent()
    with pytest.raises(TooLarge):
        sent(PNG + b"x")
    with pytest.raises(InvalidInput):
        sent(b"")
    assert len(stored(folder)) == Attachment.objects.count() == 1


def test_only_so_many_files_wait_for_a_message(limits: Any) -> None:
    limits(ATTACHMENTS_UNUSED=2)
    used = sent()
    attachments.link([used], message().thread_id, message().pk)
    attachments.keep(OWNER.owner, None, "made.png", PNG, "image/png")
    waiting = [sent(), attachments.create(OWNER, "b", 1, "").id]
    for call in (attachments.room, lambda who: sent(by=who)):
        with pytest.raises(RateLimited):
            call(OWNER)
    sent(by=STRANGER)
    attachments.delete(OWNER, waiting[0])
    sent()


def test_key_that_may_not_chat_may_not_attach() -> None:
    with pytest.raises(Forbidden):
        attachments.room(Principal("key:1", "key", scopes=frozenset({"sessions"})))
    with pytest.raises(Forbidden):
        sent(by=Principal("key:1", "key", scopes=frozenset({"sessions"})))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_calls_at_once_do_not_get_past_the_limit(limits: Any) -> None:
    limits(ATTACHMENTS_UNUSED=3)

    def announce(n: int) -> bool:
        try:
            attachments.create(OWNER, f"{n}.png", 1, "image/png")
        except RateLimited:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        allowed = sum(pool.map(announce, range(24)))
    assert allowed == Attachment.objects.count() <= 3


# A storage that fails


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_is_unavailable_and_leaves_neither_row_nor_bytes(folder: Path) -> None:
    with full_disk(8_000_000), pytest.raises(Unavailable):
        sent(LARGE)
    assert stored(folder) == []
    assert not Attachment.objects.exists()
    sent(LARGE)


def test_announced_file_can_be_sent_again_after_a_full_disk(folder: Path) -> None:
    info = attachments.create(OWNER, "a.png", len(LARGE), "image/png")
    with full_disk(8_000_000), pytest.raises(Unavailable):
        attachments.save(None, info.id, "", "", io.BytesIO(LARGE))
    assert attachments.get(OWNER, info.id).state == "pending"
    assert stored(folder) == []
    assert attachments.save(None, info.id, "", "", io.BytesIO(LARGE)).state == "ready"


def test_storage_that_is_no_folder_is_unavailable(folder: Path) -> None:
    (folder / "attachments").write_text("in the way")
    with pytest.raises(Unavailable):
        attachments.keep(OWNER.owner, None, "a.png", PNG, "image/png")
    assert not Attachment.objects.exists()


# Seen and deleted


def test_strangers_file_is_told_as_one_that_is_not_there() -> None:
    mine = sent()
    for verb in (attachments.get, attachments.download, attachments.delete):
        told = []
        for attachment_id in (mine, "atc_" + "0" * 26):
            with pytest.raises(NotFound) as refused:
                verb(STRANGER, attachment_id)
            told.append((refused.value.detail, refused.value.fields))
        assert told[0] == told[1]
    with pytest.raises(NotFound):
        attachments.save(STRANGER, mine, "", "", io.BytesIO(PNG))
    assert attachments.get(OWNER, mine).state == "ready"


def test_only_a_picture_with_bytes_is_seen() -> None:
    with attachments.picture(sent()).stream as stream:
        assert stream.read() == PNG
    pending = attachments.create(OWNER, "a.png", 5, "image/png").id
    for attachment_id in (sent(HTML), sent(PDF), pending, "atc_none"):
        with pytest.raises(NotFound):
            attachments.picture(attachment_id)


def test_deleted_file_takes_its_bytes_along(folder: Path, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        attachments.delete(OWNER, sent())
    assert stored(folder) == []


def test_file_of_a_message_is_deleted_with_its_thread_alone(
    folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    mine, item = sent(), message()
    attachments.link([mine], item.thread_id, item.pk)
    with pytest.raises(AlreadyUsed):
        attachments.delete(OWNER, mine)
    with django_capture_on_commit_callbacks(execute=True):
        threads.delete(OWNER, str(item.thread_id))
    assert (stored(folder), Attachment.objects.count()) == ([], 0)
