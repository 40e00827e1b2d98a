"""The breaker's rows: read, changed by compare-and-set, never judged. Sync; what they mean is `breaker.py`'s business."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from chat_app.models import RouteHealth, sql

CLOSED, OPEN, HALF_OPEN = RouteHealth.CLOSED, RouteHealth.OPEN, RouteHealth.HALF_OPEN


@dataclass(frozen=True, slots=True)
class Health:
    """How a route stands for all workers. `until` is in seconds since the epoch, `cooldown` in seconds, `code` that of the
    last error."""

    state: str = CLOSED
    until: float = 0.0
    cooldown: float = 0.0
    version: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class LastError:
    """What a route failed with last, in words that staff may read."""

    code: str
    detail: str
    at: datetime


def of_row(row: RouteHealth) -> Health:
    """A row as plain values."""
    until = row.until.timestamp() if row.until is not None else 0.0
    return Health(row.state, until, row.cooldown, row.version, row.error_code)


def read() -> dict[str, Health]:
    """All rows, by the id of the model."""
    return {row.model_id: of_row(row) for row in RouteHealth.objects.all()}


def change(model_id: str, version: int, after: Health) -> tuple[bool, Health | None]:
    """Make the row as `after` if it still has this version (0: or is not there yet). Whether that was so, and the row as it
    stands then; None where the model is gone."""
    values = {
        "state": after.state,
        "until": datetime.fromtimestamp(after.until, UTC) if after.state != CLOSED else None,
        "cooldown": after.cooldown,
        "version": version + 1,
        "changed_at": timezone.now(),
    }
    try:
        with sql.atomic():
            if version == 0:
                _ensure(model_id)
            won = RouteHealth.objects.filter(model_id=model_id, version=version).update(**values) == 1
    except IntegrityError:
        return False, None
    row = RouteHealth.objects.filter(model_id=model_id).first()
    return won, of_row(row) if row is not None else None


def note(model_id: str, error: LastError) -> None:
    """Keep an error for staff to see; the state stays as it is. Nothing is kept of a model that is gone."""
    values = {"error_code": error.code[:40], "error_detail": error.detail[:500], "error_at": error.at}
    try:
        with sql.atomic():
            if not RouteHealth.objects.filter(model_id=model_id).update(**values):
                _ensure(model_id)
                RouteHealth.objects.filter(model_id=model_id).update(**values)
    except IntegrityError:
        return


def close(model_ids: Iterable[str]) -> int:
    """Close these routes whatever their state. How many were not closed."""
    rows = RouteHealth.objects.filter(model_id__in=list(model_ids)).exclude(state=CLOSED)
    return rows.update(
        state=CLOSED, until=None, cooldown=0, version=F("version") + 1, changed_at=timezone.now()
    )


def _ensure(model_id: str) -> None:
    RouteHealth.objects.bulk_create([RouteHealth(model_id=model_id)], ignore_conflicts=True)
