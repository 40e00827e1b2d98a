"""Attachment: a file that somebody sent, or that an answer made. Its bytes lie in Django's default storage."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from chat_app.models.conversation import Item, Thread
from chat_app.models.fields import new_id


def place(attachment: Attachment, name: str) -> str:
    """Where its bytes lie: by day and id, never by the name that a person gave."""
    return f"attachments/{attachment.created_at:%Y/%m/%d}/{attachment.pk}"


class Attachment(models.Model):
    """`pending` until its bytes have come, then `ready`. It belongs to its owner alone until a message names it, and to that
    message's thread from then on; one that no message ever named is an orphan, which the chores collect.

    `mime_type` is what the bytes are where they tell, else what was said of them. `kind` is `image` only for bytes that are
    one of the picture formats that every browser shows.
    """

    STATES = [("pending", "pending"), ("ready", "ready")]
    KINDS = [("file", "file"), ("image", "image")]

    id = models.CharField(primary_key=True, max_length=40, default=partial(new_id, "atc"), editable=False)
    owner = models.CharField(max_length=255)
    thread = models.ForeignKey(
        Thread, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    item = models.ForeignKey(
        Item, null=True, blank=True, on_delete=models.SET_NULL, related_name="attachments"
    )
    name = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=127)
    kind = models.CharField(max_length=8, choices=KINDS, default="file")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    state = models.CharField(max_length=8, choices=STATES, default="pending")
    generated = models.BooleanField(default=False)
    file = models.FileField(upload_to=place, blank=True, max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "created_at"], name="attachment_by_owner"),
            models.Index(
                fields=["created_at"], condition=models.Q(thread__isnull=True), name="attachment_orphans"
            ),
        ]

    def __str__(self) -> str:
        return self.id


def delete_file(instance: Attachment, **rest: Any) -> None:
    """The bytes go with the row, once that is certain."""
    name = instance.file.name
    if name:
        storage = instance.file.storage
        transaction.on_commit(lambda: storage.delete(name), robust=True)


models.signals.post_delete.connect(delete_file, sender=Attachment, dispatch_uid="chat.attachment_deleted")
