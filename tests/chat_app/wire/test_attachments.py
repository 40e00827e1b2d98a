"""An attachment as ChatKit reads it, and a multipart body as browsers write it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from chatkit.types import Attachment
from pydantic import TypeAdapter
from requests import Request

from chat_app.domain.errors import InvalidInput
from chat_app.domain.shapes import AttachmentInfo
from chat_app.wire import attachments
from tests.pictures import PNG

READ: TypeAdapter[Any] = TypeAdapter(Attachment)
UPLOAD = {"url": "https://chat.example/api/attachments/atc_1/upload?token=t", "method": "PUT", "headers": {}}
SEEN = "https://chat.example/api/attachments/atc_1/preview?token=t"


def info(kind: str = "file", **fields: Any) -> AttachmentInfo:
    mime_type = "image/png" if kind == "image" else "text/plain"
    return AttachmentInfo("atc_1", "a.png", mime_type, kind, 5, "ready", **fields)


@pytest.mark.parametrize(
    "shape",
    [
        attachments.attachment(info()),
        attachments.attachment(info(thread_id="thr_1")),
        attachments.attachment(info(), None, UPLOAD),
        attachments.attachment(info("image"), SEEN),
        attachments.attachment(info("image", thread_id="thr_1"), SEEN, UPLOAD),
    ],
)
def test_attachment_is_what_chatkit_reads_and_writes(shape: dict[str, Any]) -> None:
    assert READ.dump_python(READ.validate_python(shape), mode="json", exclude_none=True) == shape


def test_picture_without_an_address_is_told_as_a_file() -> None:
    shape = attachments.attachment(info("image"))
    assert shape == {"id": "atc_1", "name": "a.png", "mime_type": "image/png", "type": "file"}
    assert "preview_url" not in attachments.attachment(info(), SEEN)


def multipart(*files: tuple[str, Any], data: Any = None) -> tuple[io.BytesIO, str, int]:
    made = Request("POST", "http://x", files=list(files), data=data).prepare()
    body = made.body
    assert isinstance(body, bytes)
    return io.BytesIO(body), made.headers["Content-Type"], len(body)


def test_file_of_a_form_is_found_among_other_fields() -> None:
    large = PNG + b"x" * 3_000_000
    upload = attachments.file_of(
        *multipart(
            ("other", ("o.txt", b"other")),
            ("file", ("größe 漢.png", large, "image/png")),
            ("file", ("second.png", b"second", "image/png")),
            data={"note": "x"},
        )
    )
    assert (upload.name, upload.mime_type) == ("größe 漢.png", "image/png")
    upload.stream.seek(0)
    assert upload.stream.read() == large


def test_form_without_a_file_is_refused_with_the_field_named() -> None:
    for body in (multipart(("other", ("o.txt", b"x"))), multipart(("x", ("x", b"")), data={"file": "text"})):
        with pytest.raises(InvalidInput) as refused:
            attachments.file_of(*body)
        assert refused.value.fields
        assert list(refused.value.fields) == ["file"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=ä", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"nothing of the kind"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx'),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 3000),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 2_000_000 + b"\r\n--b--\r\n",
        ),
    ],
)  # fmt: skip
def test_body_that_is_no_whole_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        attachments.file_of(io.BytesIO(body), content_type, len(body))
