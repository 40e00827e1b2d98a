"""The bytes of attachments in Django's default storage: put, opened, read, removed. Whose they are is `attachments.py`'s.

What the storage raises, whatever it stands on, ends here: callers hear Unavailable, or that nothing is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import structlog
from django.core.files import File
from django.core.files.storage import default_storage

from chat_app.domain.errors import Unavailable

logger = structlog.get_logger(__name__)
FULL = "The server cannot store files right now; try again shortly."


@contextmanager
def local_disk() -> Iterator[None]:
    """For an upload that passes over this machine's disk: what that refuses is told as Unavailable."""
    try:
        yield
    except OSError as error:
        logger.exception("file.no_room")
        raise Unavailable(FULL) from error


def put(name: str, stream: IO[bytes]) -> str:
    """Store all that the stream holds under a name that is free; returns where it lies. Raises Unavailable, and then
    nothing of it is left."""
    try:
        return default_storage.save(name, File(stream, name))
    except Exception as error:
        logger.exception("file.not_stored", file=name)
        remove(name)
        raise Unavailable(FULL) from error


def remove(name: str) -> None:
    """Delete what lies there, if anything. A storage that refuses is logged, and nobody else's trouble."""
    try:
        default_storage.delete(name)
    except Exception:
        logger.exception("file.not_removed", file=name)


def opened(name: str) -> IO[bytes] | None:
    """The bytes to read; None, and a line in the log, where they cannot be had."""
    try:
        file: Any = default_storage.open(name, "rb")
    except Exception:
        logger.exception("file.missing", file=name)
        return None
    stream: IO[bytes] = file
    return stream


def content(name: str) -> bytes | None:
    """All bytes at once; None, and a line in the log, where they cannot be had."""
    stream = opened(name)
    if stream is None:
        return None
    try:
        with stream:
            return stream.read()
    except Exception:
        logger.exception("file.unreadable", file=name)
        return None
