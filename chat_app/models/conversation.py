"""Thread, Item and Feedback: what was said. Who may see them is `chat/policy.py`'s business."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.db.models import Q
from django.utils import timezone

from chat_app.models.fields import new_id


class Thread(models.Model):
    """A conversation. `head` is its active leaf; `item_seq` is the number last given to an item."""

    STATUS = [("active", "active"), ("locked", "locked"), ("closed", "closed")]

    id = models.CharField(primary_key=True, max_length=40, default=partial(new_id, "thr"), editable=False)
    owner = models.CharField(max_length=255)
    title = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=8, choices=STATUS, default="active")
    status_reason = models.CharField(max_length=255, blank=True)
    head = models.ForeignKey("Turn", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    item_seq = models.PositiveBigIntegerField(default=0)
    metadata = models.JSONField(default=dict, blank=True)
    allowed_image_domains = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["owner", "-updated_at", "id"], name="thread_by_owner")]

    def __str__(self) -> str:
        return self.title or self.id


class Item(models.Model):
    """An entry in a thread. `seq` counts within the thread; `on_path` says whether it lies on the path from `head` to the
    root (an index of what `parent` says, so that history and prompt need no walk). A one-off turn's items have no thread.
    """

    id = models.CharField(primary_key=True, max_length=64, default=partial(new_id, "msg"), editable=False)
    thread = models.ForeignKey(Thread, null=True, blank=True, on_delete=models.CASCADE, related_name="items")
    turn = models.ForeignKey("Turn", null=True, blank=True, on_delete=models.CASCADE, related_name="items")
    seq = models.PositiveBigIntegerField(default=0)
    kind = models.CharField(max_length=32)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    model = models.CharField(max_length=64, blank=True)
    on_path = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["thread", "seq"], name="item_seq_in_thread")]
        indexes = [models.Index(fields=["thread", "on_path", "seq"], name="item_on_path")]

    def __str__(self) -> str:
        return self.id


class Feedback(models.Model):
    """What its owner thinks of an item."""

    KIND = [("positive", "positive"), ("negative", "negative")]

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="feedback")
    kind = models.CharField(max_length=8, choices=KIND)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["positive", "negative"]), name="feedback_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.item_id}"
