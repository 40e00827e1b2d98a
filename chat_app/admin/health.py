"""How a model's own route does, in the admin: what is shown of its breaker and its last error, and the filter by it.

The breaker's own words are `chat/breaker.py`'s; nothing is decided here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from chat_app.admin.lists import moment
from chat_app.chat import breaker, catalog
from chat_app.chat.breaker import Standing
from chat_app.models import ModelConfig, RouteHealth

LATELY = timedelta(hours=24)  # how long a list still speaks of an error
DOWN = ~Q(health__state=RouteHealth.CLOSED) & Q(health__isnull=False)


def health_of(row: ModelConfig) -> RouteHealth | None:
    """The row of a model's health, None where its route never failed. No query where it was selected with the model."""
    try:
        return row.health
    except RouteHealth.DoesNotExist:
        return None


def standing_of(row: ModelConfig) -> Standing:
    """Whether turns go to a model's own route, and in words why not: what it lacks, else what its breaker says."""
    missing = catalog.route_of(row).missing
    if missing is not None:
        return Standing(False, missing)
    return breaker.state_of(health_of(row))


def shown_standing(row: ModelConfig) -> str:
    """The same as a page shows it."""
    standing = standing_of(row)
    if standing.works:
        return format_html('<span class="chat-good">{}</span>', "works")
    return format_html('<span class="chat-bad">{}</span>', standing.words)


def shown_error(row: ModelConfig, *, lately: bool = False) -> str:
    """A route's last error with its time, empty where there was none (or none `lately`)."""
    health = health_of(row)
    if health is None or health.error_at is None or (lately and health.error_at < timezone.now() - LATELY):
        return ""
    return format_html(
        '<span class="chat-quiet">{}: {} ({})</span>',
        moment(health.error_at), health.error_detail, health.error_code,
    )  # fmt: skip


class HealthFilter(admin.SimpleListFilter):
    """Models whose route is left alone now, and those that failed within the last day."""

    title = "health"
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("down", "Left alone now"),
            ("failed", "Failed in the last 24 h"),
            ("quiet", "No error in the last 24 h"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ModelConfig]) -> QuerySet[ModelConfig]:
        failed = Q(health__error_at__gte=timezone.now() - LATELY)
        match self.value():
            case "down":
                return queryset.filter(DOWN)
            case "failed":
                return queryset.filter(failed)
            case "quiet":
                return queryset.exclude(failed)
        return queryset
