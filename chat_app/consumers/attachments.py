"""Attachments over HTTP: sent directly or in two phases, seen by a signed link, downloaded, deleted.

These are consumers, and not views, since a file is as large as twenty bodies: it is read and written piece by piece. What
is not a picture never leaves with a type that a browser would show.
"""

from __future__ import annotations

import asyncio

from django.utils.http import content_disposition_header

from chat_app.chat import attachments, links
from chat_app.chat.asks import Identify
from chat_app.chat.attachments import Opened
from chat_app.chat.media import UNKNOWN
from chat_app.consumers.base import Gone, HttpConsumer
from chat_app.consumers.uploads import PIECE, STALL_SECONDS, UploadConsumer
from chat_app.domain.shapes import AttachmentInfo
from chat_app.wire import attachments as wire
from chat_app.wire import requests
from sessions_app.db import db
from sessions_app.principal import Principal

Headers = list[tuple[bytes, bytes]]
HARMLESS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]


class _Receiving(UploadConsumer):
    """What both ways in share: a multipart body, and the shape of the answer."""

    def part(self) -> wire.Upload:
        return wire.file_of(self.stream, self.header(b"content-type") or "", self.size)

    def must_be_multipart(self) -> None:
        if not wire.is_multipart(self.header(b"content-type")):
            raise wire.NotMultipart

    def describe(self, info: AttachmentInfo) -> dict[str, object]:
        picture = info.kind == "image"
        return wire.attachment(info, self.base_url() + links.preview(info.id) if picture else None)


class Attachments(_Receiving):
    """`POST /api/attachments` multipart `file` -> 201 and ChatKit's Attachment."""

    status = 201
    principal: Principal

    async def admit(self) -> None:
        token = requests.query(self.scope["query_string"]).get("session_id")
        self.principal = await db(self._known, self.identify(token))
        self.must_be_multipart()

    def _known(self, identify: Identify) -> Principal:
        principal = identify()
        attachments.room(principal)
        return principal

    def store(self) -> AttachmentInfo:
        upload = self.part()
        with upload.stream:
            return attachments.save(self.principal, None, upload.name, upload.mime_type, upload.stream)


class AttachmentUpload(_Receiving):
    """`POST` (multipart `file`) and `PUT` (the bytes) `/api/attachments/{id}/upload?token=`: the link is the right."""

    methods = ("POST", "PUT")

    async def admit(self) -> None:
        self.attachment_id = self.path("attachment_id") or ""
        links.check_upload(self.attachment_id, requests.query(self.scope["query_string"]).get("token", ""))
        await db(attachments.awaited, self.attachment_id)
        if self.scope["method"] == "POST":
            self.must_be_multipart()

    def store(self) -> AttachmentInfo:
        if self.scope["method"] == "PUT":
            return attachments.save(None, self.attachment_id, "", "", self.stream)
        upload = self.part()
        with upload.stream:
            return attachments.save(None, self.attachment_id, "", "", upload.stream)


class _Giving(HttpConsumer):
    """Sends a file."""

    async def give(self, opened: Opened, headers: Headers) -> None:
        """The whole response, with the bytes as they are read."""
        length = (b"content-length", b"%d" % opened.info.size)
        try:
            await self.start(200, [*HARMLESS, length, *headers])
            while data := await db(opened.stream.read, PIECE):
                async with asyncio.timeout(STALL_SECONDS):
                    await self.write(data)
            await self.write(b"", more=False)
        except TimeoutError:
            raise Gone from None
        finally:
            opened.stream.close()


class AttachmentPreview(_Giving):
    """`GET /api/attachments/{id}/preview?token=`: a picture, for any page of any origin that has the link."""

    methods = ("GET",)

    async def respond(self) -> None:
        attachment_id = self.path("attachment_id") or ""
        token = requests.query(self.scope["query_string"]).get("token", "")
        left = links.check_preview(attachment_id, token)
        opened = await db(attachments.picture, attachment_id)
        await self.give(
            opened,
            [
                (b"content-type", opened.info.mime_type.encode()),
                (b"content-disposition", b"inline"),
                (b"cache-control", b"private, immutable, max-age=%d" % left),
                (b"access-control-allow-origin", b"*"),
                (b"cross-origin-resource-policy", b"cross-origin"),
            ],
        )


class AttachmentFile(_Giving):
    """`GET /api/attachments/{id}`: its owner downloads a file. `DELETE`: 204, while no message holds it."""

    methods = ("GET", "DELETE")

    async def respond(self) -> None:
        identify = self.identify(requests.query(self.scope["query_string"]).get("session_id"))
        attachment_id = self.path("attachment_id") or ""
        if self.scope["method"] == "DELETE":
            await db(lambda: attachments.delete(identify(), attachment_id))
            await self.start(204, [])
            await self.write(b"", more=False)
            return
        opened = await db(lambda: attachments.download(identify(), attachment_id))
        info = opened.info
        named = content_disposition_header(as_attachment=True, filename=info.name) or "attachment"
        kind = info.mime_type if info.kind == "image" else UNKNOWN
        await self.give(
            opened,
            [
                (b"content-type", kind.encode()),
                (b"content-disposition", named.encode("latin-1")),
                (b"cache-control", b"private, no-cache"),
            ],
        )
