"""x"""

from typing import Any

from chat_app.domain.shapes import AttachmentInfo


def attachment(info: AttachmentInfo, preview_url: str | None, upload: Any = None) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "mime_type": info.mime_type,
        "type": info.kind,
        **({"preview_url": preview_url} if preview_url else {}),
    }
