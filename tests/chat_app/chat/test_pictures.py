"""Pictures that answers made: kept as files of their thread, and read again."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from chat_app.chat import pictures
from chat_app.domain.errors import UpstreamError
from chat_app.models import Attachment, Thread
from chat_app.responders.files import FILES

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 32


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"


def test_picture_is_a_file_of_its_thread_that_can_be_read() -> None:
    thread = Thread.objects.create(owner="ext:1")
    name = str(FILES.store_image("ext:1", thread.pk, url(PNG))["attachment_id"])
    row = Attachment.objects.get(pk=name)
    assert (row.owner, row.thread_id, row.kind, row.generated) == ("ext:1", thread.pk, "image", True)
    assert FILES.read([name], 100)[name].content == PNG


@pytest.mark.parametrize("bad", ["data:image/png;base64,***", "https://a.example/i", url(PNG, "text/html")])
def test_what_is_no_picture_is_refused(bad: str) -> None:
    with pytest.raises(UpstreamError):
        pictures.store_image("ext:1", None, bad)
