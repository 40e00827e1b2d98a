"""Many attachments at once, by their ids, for who has found them in stored messages: encoders and prompts.

Reading alone, and no question of whose they are: the message that names them was asked for that.
"""

from __future__ import annotations

from collections.abc import Iterable

from chat_app.chat import files
from chat_app.domain.prompt import FilePart
from chat_app.domain.shapes import AttachmentInfo
from chat_app.models import Attachment


def info_of(row: Attachment) -> AttachmentInfo:
    return AttachmentInfo(
        id=row.pk,
        name=row.name,
        mime_type=row.mime_type,
        kind=row.kind,
        size=row.size,
        state=row.state,
        thread_id=row.thread_id,
    )


def infos(ids: Iterable[str]) -> dict[str, AttachmentInfo]:
    """What is known of these files, in one query; one that is no longer there is left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {row.pk: info_of(row) for row in Attachment.objects.filter(pk__in=wanted)}


def parts(ids: Iterable[str], most_bytes: int) -> dict[str, FilePart]:
    """These files as parts of a prompt, contents and all. Those named first come first: what no longer fits in `most_bytes`
    is left out, and so is, with a line in the log, what the storage does not give."""
    wanted = list(dict.fromkeys(ids))
    rows = {row.pk: row for row in Attachment.objects.filter(pk__in=wanted, state="ready")} if wanted else {}
    found: dict[str, FilePart] = {}
    left = most_bytes
    for row in (rows[attachment_id] for attachment_id in wanted if attachment_id in rows):
        if row.size > left:
            continue
        content = files.content(str(row.file))
        if content is not None:
            left -= len(content)
            found[row.pk] = FilePart(row.name, row.mime_type, content)
    return found
