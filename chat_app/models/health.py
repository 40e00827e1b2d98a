"""RouteHealth: the breaker's state of a model's own route, shared by all workers, and its last error."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from chat_app.models.catalog import ModelConfig


class RouteHealth(models.Model):
    """One row for a model whose route has ever failed; none means healthy.

    `state` changes by compare-and-set on `version` alone, so that of two workers one wins. While `open`, the route is left
    alone until `until`; then one worker makes it `half_open` and lets one turn probe it, which must have told by `until`.
    `cooldown` is the pause of this opening, in seconds; it grows while probes fail.
    """

    CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
    STATES = [(CLOSED, "closed"), (OPEN, "open"), (HALF_OPEN, "half open")]

    model = models.OneToOneField(
        ModelConfig, primary_key=True, on_delete=models.CASCADE, related_name="health"
    )
    state = models.CharField(max_length=10, choices=STATES, default=CLOSED)
    version = models.PositiveBigIntegerField(default=0)
    until = models.DateTimeField(null=True, blank=True)
    cooldown = models.FloatField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "route health"
        verbose_name_plural = "route health"

    def __str__(self) -> str:
        return f"{self.model_id}: {self.state}"
