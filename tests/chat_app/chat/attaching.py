"""What the tests of attachments prepare with: an owner and a stranger, files that were sent, messages to put them in."""

from __future__ import annotations

import io
import os
from pathlib import Path

from chat_app.chat import attachments
from chat_app.models import Item, Thread
from sessions_app.principal import Principal
from tests.pictures import PNG

OWNER, STRANGER = Principal("ext:owner", "session"), Principal("ext:stranger", "session")
LARGE = PNG + os.urandom(9_000_000)


def sent(data: bytes = PNG, name: str = "a.png", mime_type: str = "image/png", by: Principal = OWNER) -> str:
    return attachments.save(by, None, name, mime_type, io.BytesIO(data)).id


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def message(thread: Thread | None = None) -> Item:
    thread = thread or Thread.objects.create(owner=OWNER.owner)
    thread.item_seq += 1
    return Item.objects.create(thread=thread, seq=thread.item_seq, kind="user_message")
