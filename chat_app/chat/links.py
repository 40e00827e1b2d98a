"""Signed links to attachments: a right that travels in the URL, for who has no credential at hand. No row is read here.

A picture is loaded by a frame of another origin that has none of our cookies; an upload is made with a link that was given
out with its announcement. Each right is signed with a salt of its own, so that neither opens the other's door.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import quote

from django.core.signing import BadSignature, Signer

from chat_app.domain.errors import NotFound

PREVIEW_HOURS: Final = 2  # at most; the link is the same for an hour, so that browsers keep the picture
UPLOAD_SECONDS: Final = 1800
_PREVIEW: Final = "chat.attachment.preview"
_UPLOAD: Final = "chat.attachment.upload"


def preview(attachment_id: str) -> str:
    """Path and query under which a picture can be seen for one to two hours."""
    expires = (int(time.time()) // 3600 + PREVIEW_HOURS) * 3600
    return f"/api/attachments/{quote(attachment_id)}/preview?token={_token(_PREVIEW, attachment_id, expires)}"


def upload(attachment_id: str) -> str:
    """Path and query to which the bytes of a pending attachment can be sent for half an hour, by POST or PUT."""
    expires = int(time.time()) + UPLOAD_SECONDS
    return f"/api/attachments/{quote(attachment_id)}/upload?token={_token(_UPLOAD, attachment_id, expires)}"


def check_preview(attachment_id: str, token: str) -> int:
    """For how many more seconds this token shows this picture. Raises NotFound where it does not."""
    return _seconds_left(_PREVIEW, attachment_id, token)


def check_upload(attachment_id: str, token: str) -> None:
    """Raises NotFound unless this token lets one upload this attachment."""
    _seconds_left(_UPLOAD, attachment_id, token)


def _token(salt: str, attachment_id: str, expires: int) -> str:
    return f"{expires}.{Signer(salt=salt).signature(f'{attachment_id}.{expires}')}"


def _seconds_left(salt: str, attachment_id: str, token: str) -> int:
    expires, _, signature = token.partition(".")
    signer = Signer(salt=salt)
    try:
        signer.unsign(f"{attachment_id}.{expires}{signer.sep}{signature}")
    except BadSignature:
        raise NotFound from None
    left = int(expires) - int(time.time())
    if left <= 0:
        raise NotFound
    return left
