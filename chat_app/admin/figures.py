"""What happened lately, in one query over the turns of the last 24 hours. Numbers only; how they look is the pages'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q
from django.utils import timezone

from chat_app.admin.health import shown_error, standing_of
from chat_app.models import ModelConfig, Turn
from chat_app.models.fields import first_id

HOURS = 24
BAD = ("failed", "interrupted")


@dataclass(frozen=True, slots=True)
class Day:
    """Turns that asked for a model; how many of them failed, and how many another model answered."""

    turns: int = 0
    errors: int = 0
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Idle:
    """A model that is switched on, and why it cannot answer by its own route now."""

    row: ModelConfig
    why: str
    error: str = ""


def by_model() -> dict[str, Day]:
    """The last 24 hours of each model that was asked for."""
    since = timezone.now() - timedelta(hours=HOURS)
    # The id first: it is the one index that knows the time.
    rows = Turn.objects.filter(pk__gte=first_id("trn", since), created_at__gte=since).order_by()
    elsewhere = Q(state="completed") & ~Q(model=F("requested_model")) & ~Q(model="")
    counted = rows.values("requested_model").annotate(
        turns=Count("pk"),
        errors=Count("pk", filter=Q(state__in=BAD)),
        elsewhere=Count("pk", filter=elsewhere),
    )
    return {row["requested_model"]: Day(row["turns"], row["errors"], row["elsewhere"]) for row in counted}


def total(days: dict[str, Day]) -> Day:
    """All models together."""
    return Day(
        sum(day.turns for day in days.values()),
        sum(day.errors for day in days.values()),
        sum(day.elsewhere for day in days.values()),
    )


def running() -> int:
    """Turns under way on any worker."""
    return Turn.objects.filter(state__in=("queued", "running")).count()


def idle_models() -> list[Idle]:
    """The models that are switched on but lack something, or that are left alone because they fail, in the order of lists."""
    rows = ModelConfig.objects.filter(enabled=True).select_related("health")
    standings = [(row, standing_of(row)) for row in rows]
    return [Idle(row, how.words, shown_error(row, lately=True)) for row, how in standings if not how.works]
