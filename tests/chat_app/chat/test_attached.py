"""Files in messages, those that answers made, and many read at once for a prompt or a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction

from chat_app.chat import attachments
from chat_app.domain.errors import InvalidInput, NotFound
from chat_app.domain.prompt import FilePart
from chat_app.models import Attachment, Thread
from tests.chat_app.chat.attaching import LARGE, OWNER, STRANGER, message, sent, stored
from tests.pictures import PDF, PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]

# In a message


def test_usable_files_are_told_in_order_each_once() -> None:
    first, second = sent(), sent(PDF)
    infos = attachments.usable(OWNER, [second, first, second])
    assert [info.id for info in infos] == [second, first]
    assert attachments.usable(OWNER, []) == []


def test_file_that_cannot_be_used_is_refused_by_what_is_wrong() -> None:
    used, item = sent(), message()
    attachments.link([used], item.thread_id, item.pk)
    pending = attachments.create(OWNER, "late.png", 5, "image/png").id
    refusals = {
        "part of a message": [sent(), used],
        "late.png has not been uploaded": [pending],
        "10 files": [sent() for _ in range(11)],
    }
    for words, ids in refusals.items():
        with pytest.raises(InvalidInput, match=words) as refused:
            attachments.usable(OWNER, ids)
        assert refused.value.fields
        assert list(refused.value.fields) == ["attachments"]
    for ids in ([sent(by=STRANGER)], [sent(), "atc_none"]):
        with pytest.raises(NotFound):
            attachments.usable(OWNER, ids)


def test_linked_file_belongs_to_its_thread() -> None:
    mine, item = sent(), message()
    attachments.link([mine, mine], item.thread_id, item.pk)
    assert attachments.get(OWNER, mine).thread_id == item.thread_id
    assert list(item.attachments.values_list("pk", flat=True)) == [mine]


def test_file_is_linked_to_one_message_alone() -> None:
    mine, other, item = sent(), sent(), message()
    attachments.link([mine], item.thread_id, item.pk)
    with pytest.raises(InvalidInput), transaction.atomic():
        attachments.link([other, mine], item.thread_id, message(item.thread).pk)
    assert attachments.get(OWNER, other).thread_id is None
    assert Attachment.objects.get(pk=mine).item_id == item.pk


def test_linking_is_one_update(django_assert_num_queries: Any) -> None:
    ids, item = [sent(), sent()], message()
    with django_assert_num_queries(1):
        attachments.link(ids, item.thread_id, item.pk)
    with django_assert_num_queries(0):
        attachments.link([], item.thread_id, item.pk)


# Made by an answer


def test_kept_file_is_ready_and_of_its_thread() -> None:
    thread = Thread.objects.create(owner=OWNER.owner)
    info = attachments.keep(OWNER.owner, thread.pk, "made.png", PNG, "image/jpeg")
    assert (info.mime_type, info.kind, info.state, info.thread_id) == (
        "image/png",
        "image",
        "ready",
        thread.pk,
    )
    with attachments.download(OWNER, info.id).stream as stream:
        assert stream.read() == PNG
    assert Attachment.objects.get().generated


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_file_of_a_thread_that_is_gone_is_not_kept(folder: Path) -> None:
    with pytest.raises(NotFound):
        attachments.keep(OWNER.owner, "thr_gone", "made.png", PNG, "image/png")
    assert (stored(folder), Attachment.objects.count()) == ([], 0)


# Many at once


def test_infos_are_one_query(django_assert_num_queries: Any) -> None:
    ids = [sent(), sent(PDF), "atc_none"]
    with django_assert_num_queries(1):
        found = attachments.infos(ids)
    assert {key: info.kind for key, info in found.items()} == {ids[0]: "image", ids[1]: "file"}
    with django_assert_num_queries(0):
        assert attachments.infos([]) == {}


def test_parts_hold_what_fits_of_the_files_named_first(caplog: pytest.LogCaptureFixture) -> None:
    newest, large, small, lost = sent(PDF, "n.pdf"), sent(LARGE), sent(PNG), sent(PDF)
    pending = attachments.create(OWNER, "late.png", 5, "image/png").id
    default_storage.delete(str(Attachment.objects.get(pk=lost).file))
    parts = attachments.parts([lost, pending, newest, newest, large, small], len(PDF) * 2 + len(PNG))
    assert list(parts) == [newest, small]
    assert parts[newest] == FilePart("n.pdf", "application/pdf", PDF)
    assert "file.missing" in caplog.text
    assert attachments.parts([], 10) == {}
