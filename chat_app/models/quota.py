"""Quota: an allowance for a period, and how much of it each user or key has used."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from chat_app.models.catalog import ModelConfig


class Quota(models.Model):
    """What a user or a backend key may use in a period. Absent limits do not limit; absent `subject` means each of them.

    `kind` says what `subject` names: an owner (`ext:42`) or a backend key (`key_...`, or `env` for BACKEND_KEY). `model`
    absent counts all models together. A period is the calendar's, in UTC.
    """

    KINDS = [("user", "user"), ("key", "backend key")]
    PERIODS = [("hour", "hour"), ("day", "day"), ("month", "month")]

    kind = models.CharField(max_length=8, choices=KINDS, default="user")
    subject = models.CharField(
        max_length=255, blank=True, help_text="An owner such as ext:42, or a key's id."
    )
    model = models.ForeignKey(ModelConfig, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    period = models.CharField(max_length=8, choices=PERIODS, default="day")
    turns = models.PositiveIntegerField(null=True, blank=True)
    tokens = models.PositiveBigIntegerField(null=True, blank=True, help_text="Prompt and answer together.")
    cost = models.DecimalField(
        max_digits=14,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="USD.",
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "subject", "period"]

    def __str__(self) -> str:
        return f"{self.subject or f'each {self.get_kind_display()}'}, per {self.period}"


class QuotaUse(models.Model):
    """How much of an allowance one subject has used in one period. Counters are added to in SQL alone, never read first."""

    quota = models.ForeignKey(Quota, on_delete=models.CASCADE, related_name="uses")
    subject = models.CharField(max_length=255)
    period_start = models.DateTimeField()
    turns = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quota", "subject", "period_start"], name="quota_use_once"),
        ]
        indexes = [models.Index(fields=["period_start"], name="quota_use_age")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.turns} turns, {self.tokens} tokens"
