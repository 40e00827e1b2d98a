"""Attachments as rows, for Python that answers: what is known of them, beside their bytes.

Sync, to be called by `db()`. Everything is asked on behalf of an owner, and finds nothing that is not theirs.
"""

from __future__ import annotations

from collections.abc import Collection

from chat_app.domain.shapes import AttachmentInfo
from chat_app.models import Attachment, Thread, sql


def find(owner: str, attachment_id: str) -> AttachmentInfo | None:
    """A file of this owner's."""
    row = Attachment.objects.filter(pk=attachment_id, owner=owner).first()
    if row is None:
        return None
    return AttachmentInfo(row.pk, row.name, row.mime_type, row.kind, row.size, row.state, row.thread_id)


def put(owner: str, attachment_id: str, name: str, mime_type: str, kind: str, thread_id: str | None) -> bool:
    """Change what is known of a file; one that is not there is announced, and has no bytes until they are uploaded. What its
    bytes are is known better once they have come. False for a stranger's file or thread."""
    with sql.atomic():
        row = Attachment.objects.filter(pk=attachment_id).first()
        if row is not None and row.owner != owner:
            return False
        if thread_id is not None and not Thread.objects.filter(pk=thread_id, owner=owner).exists():
            return False
        told = {"name": name[:255], "mime_type": mime_type[:127], "kind": kind}
        if row is None:
            Attachment.objects.create(pk=attachment_id, owner=owner, thread_id=thread_id, **told)
        else:
            told = {"name": told["name"]} if row.state == "ready" else told
            link = {"thread_id": thread_id} if thread_id is not None else {}
            Attachment.objects.filter(pk=attachment_id).update(**told, **link)
    return True


def link(owner: str, ids: Collection[str], thread_id: str) -> None:
    """Files that a message of this thread holds are no orphans."""
    if ids and Thread.objects.filter(pk=thread_id, owner=owner).exists():
        free = Attachment.objects.filter(pk__in=list(ids), owner=owner, thread__isnull=True)
        free.update(thread_id=thread_id)


def delete(owner: str, attachment_id: str) -> bool:
    """Delete a file, its bytes and all. False where there is none."""
    row = Attachment.objects.filter(pk=attachment_id, owner=owner).first()
    if row is None:
        return False
    row.delete()
    return True
