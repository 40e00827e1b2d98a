"""Attachments on the wire: ChatKit's shape out, a multipart body in. The only place with their key names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from chat_app.domain.errors import InvalidInput
from chat_app.domain.shapes import AttachmentInfo
from chat_app.wire.requests import NotJson

FIELD = "file"
IN_MEMORY = 1_048_576  # bytes of an upload that are held in memory; the rest lies in a temporary file


def attachment(
    info: AttachmentInfo, preview_url: str | None = None, upload: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """ChatKit's Attachment without nulls. A picture is one only with the address where it can be seen; `upload` is
    `{url, method, headers}` of a file whose bytes are still to come."""
    picture = info.kind == "image" and preview_url is not None
    shape: dict[str, Any] = {
        "id": info.id,
        "name": info.name,
        "mime_type": info.mime_type,
        "type": "image" if picture else "file",
    }
    if picture:
        shape["preview_url"] = preview_url
    if upload is not None:
        shape["upload_descriptor"] = dict(upload)
    if info.thread_id is not None:
        shape["thread_id"] = info.thread_id
    return shape


class NotMultipart(NotJson):
    default_detail = "The file must be sent as multipart/form-data."


@dataclass(frozen=True, slots=True)
class Upload:
    """The file of a multipart body, as its sender describes it."""

    name: str
    mime_type: str
    stream: IO[bytes]


def spool() -> IO[bytes]:
    """Where an upload waits while it comes: memory, and a temporary file where it is large."""
    return SpooledTemporaryFile(max_size=IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR)


def is_multipart(content_type: str | None) -> bool:
    return (content_type or "").lower().startswith("multipart/form-data")


def file_of(body: IO[bytes], content_type: str, length: int) -> Upload:
    """The part named `file` of a multipart body of `length` bytes. Raises InvalidInput where there is none."""
    taken = _OneFile()
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": length}
    source: Any = body
    source.seek(0)
    try:
        MultiPartParser(meta, source, [taken]).parse()
    except (MultiPartParserError, SuspiciousOperation):
        raise InvalidInput("The body is not valid multipart/form-data.") from None
    if taken.upload is None:
        raise InvalidInput(fields={FIELD: ["This field is required, with a file name."]})
    return taken.upload


class _OneFile(FileUploadHandler):
    """Takes the first part of the right name and passes over all else."""

    def __init__(self) -> None:
        super().__init__()
        self.upload: Upload | None = None
        self._coming = spool()

    def new_file(self, field_name: str, *rest: Any, **options: Any) -> None:
        super().new_file(field_name, *rest, **options)
        if field_name != FIELD or self.upload is not None:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._coming.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        self.upload = Upload(self.file_name or "", self.content_type or "", self._coming)
