"""Turn: a user message and the answer to it; and the keys that make its start idempotent."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.db.models import Q
from django.utils import timezone

from chat_app.models.conversation import Item, Thread
from chat_app.models.fields import new_id

ACTIVE = ["queued", "running"]


class Turn(models.Model):
    """One run of the engine. `fence` grows with each owner, so that a worker that lost its lease cannot write any more.

    `parent` is the turn before it on its path; `input_item` the user's message that it answers (a retry answers the same
    one); a turn that no message started has its beginning in `input` (an action, the result of a tool), and the item that it
    concerns as `input_item`. `partial` and `partial_items` are the checkpoint of an answer under way, its text and its other
    items, empty once they are stored. `abandoned_at` is when a client hung up that has no other way to say Stop. `thread` is
    absent for a one-off turn, and for one whose thread was deleted (`one_off` tells them apart): usage stays, text does not.
    """

    STATES = [(s, s) for s in (*ACTIVE, "completed", "failed", "cancelled", "interrupted")]
    TRIGGERS = [(t, t) for t in ("message", "retry", "action", "tool_output", "structured_input")]

    id = models.CharField(primary_key=True, max_length=40, default=partial(new_id, "trn"), editable=False)
    owner = models.CharField(max_length=255)
    thread = models.ForeignKey(Thread, null=True, blank=True, on_delete=models.SET_NULL, related_name="turns")
    one_off = models.BooleanField(default=False)
    session = models.ForeignKey(
        "sessions_app.ChatSession", null=True, blank=True, on_delete=models.SET_NULL, related_name="turns"
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    trigger = models.CharField(max_length=16, choices=TRIGGERS, default="message")
    input_item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    input = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=12, choices=STATES, default="queued")
    requested_model = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    # the lease
    attempt = models.PositiveIntegerField(default=1)
    fence = models.PositiveBigIntegerField(default=1)
    owner_worker = models.CharField(max_length=80, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.DateTimeField(null=True, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)
    partial = models.TextField(blank=True)
    partial_items = models.JSONField(default=list, blank=True)
    last_seq = models.PositiveBigIntegerField(default=0)  # of the newest event stored, in the end of the last
    # what it cost, when things happened, what went wrong
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    usage_estimated = models.BooleanField(default=False)
    cost = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    attempts = models.JSONField(default=list, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    error_retryable = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    first_token_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["thread"], condition=Q(state__in=ACTIVE, thread__isnull=False), name="one_active_turn"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "heartbeat"], condition=Q(state__in=ACTIVE), name="turn_active"),
            models.Index(fields=["owner", "-created_at"], name="turn_by_owner"),
        ]

    def __str__(self) -> str:
        return self.id


class Usage(Turn):
    """The turns as what they used: the admin's page of figures. The right to it is the one to view turns."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name_plural = "usage"


class IdempotencyKey(models.Model):
    """A caller's word that two requests are one. `digest` is of the request's body; kept for 24 hours."""

    owner = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key
