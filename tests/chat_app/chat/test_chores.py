"""What is swept up of attachments: those that nobody ever sent, and never those that a message holds."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from chat_app.chat import attachments, chores
from chat_app.models import Attachment, Item, Thread
from tests.chat_app.chat.attaching import OWNER
from tests.pictures import PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def aged(hours: float, state: str = "ready") -> str:
    """A file that was announced so long ago, and sent where it is to be ready."""
    pk = attachments.create(OWNER, "a.png", 5, "image/png").id
    if state == "ready":
        attachments.save(None, pk, "", "", io.BytesIO(PNG))
    Attachment.objects.filter(pk=pk).update(created_at=timezone.now() - timedelta(hours=hours))
    return pk


def test_orphans_are_deleted_and_what_is_used_or_new_stays() -> None:
    thread = Thread.objects.create(owner=OWNER.owner)
    item = Item.objects.create(thread=thread, seq=1, kind="user_message")
    alone = Item.objects.create(kind="user_message")
    gone = {aged(24.1), aged(1.1, "pending"), aged(48, "pending")}
    stay = {aged(23.9), aged(0.9, "pending"), used := aged(100), one_off := aged(100)}
    attachments.link([used], thread.pk, item.pk)
    attachments.link([one_off], None, alone.pk)
    assert chores.drop_orphan_attachments() == 3
    assert set(Attachment.objects.values_list("pk", flat=True)) == stay
    assert not gone & stay
    alone.delete()
    assert chores.drop_orphan_attachments() == 1


def test_orphans_go_with_their_bytes_so_many_in_a_run(
    folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    for n in range(3):
        aged(30 + n)
    for left in (1, 0):
        with django_capture_on_commit_callbacks(execute=True):
            assert chores.drop_orphan_attachments(most=2) == 2 - (left == 0)
        assert len(list(folder.rglob("atc_*"))) == left


def test_bytes_of_an_upload_that_a_crash_cut_off_are_found(
    folder: Path, django_capture_on_commit_callbacks: Any
) -> None:

    class Crash(BaseException):
        """The process ends here."""

    class Cut(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                raise Crash
            return data

    made = attachments.create(OWNER, "a.png", 5, "image/png").id
    with pytest.raises(Crash):
        attachments.save(None, made, "", "", Cut(PNG))
    assert len(list(folder.rglob("atc_*"))) == 1
    Attachment.objects.update(created_at=timezone.now() - timedelta(hours=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert chores.drop_orphan_attachments() == 1
    assert list(folder.rglob("atc_*")) == []
