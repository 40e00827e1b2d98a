"""Pictures that an answer made, as attachments of its thread. Sync, to be called by `db()`."""

from __future__ import annotations

from collections.abc import Mapping

from chat_app.chat import attachments
from chat_app.domain.errors import UpstreamError


def store_image(owner: str, thread_id: str | None, data_url: str) -> Mapping[str, str]:
    """Keep the picture of a `data:` URL: `{"attachment_id": ...}`. Raises UpstreamError for what is none or too large, what
    `attachments.keep` raises otherwise."""
    found = attachments.data_url(data_url)
    if found is None or not found[0].startswith("image/"):
        raise UpstreamError("The model made a picture that cannot be read.")
    mime_type, data = found
    name = f"picture.{mime_type.partition('/')[2]}"
    return {"attachment_id": attachments.keep(owner, thread_id, name, data, mime_type).id}
