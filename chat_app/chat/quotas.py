"""Quotas: how much a user or a backend key may use in a period. Claimed when a turn starts; what the turn then used is added
at its end by `streaming/store.py`.

Sync; called inside the transaction of the start, so that a turn that does not begin has claimed nothing. Counters are
compared and added to in one statement, never read first: of many turns at once no more begin than the limit says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import F, Q, QuerySet

from chat_app.chat.kept import Kept
from chat_app.domain.errors import QuotaExceeded
from chat_app.models import Quota, QuotaUse, Turn
from sessions_app.models import ChatSession

KEY_OWNER = "key:"
KEY_PREFIXES = ("env", "key_")  # what `ChatSession.issued_by` holds where a backend key issued it

Applying = Sequence[tuple[Quota, str]]  # each with the subject that it counts for


def _load() -> Sequence[Quota]:
    return list(Quota.objects.filter(enabled=True).order_by("pk"))


_kept = Kept(_load)


def forget() -> None:
    """Read the quotas anew at the next turn; called when one was saved or deleted in this process."""
    _kept.forget()


def span(period: str, moment: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the calendar's hour, day or month around a moment, in UTC."""
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if period == "hour":
        return start, start + timedelta(hours=1)
    start = start.replace(hour=0)
    if period == "day":
        return start, start + timedelta(days=1)
    start = start.replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1)


def claim(owner: str, session_id: str | None, model_id: str, now: datetime) -> tuple[int, ...]:
    """Count one turn in every allowance that applies to it: the owner's and those of the key that speaks or that issued the
    session, for this model or for all.

    Returns the ids of the uses that the turn's tokens and cost belong to. Raises QuotaExceeded where one is used up; the
    caller's transaction then takes back what was counted in the others.
    """
    applying = _applying(owner, session_id, model_id)
    if not applying:
        return ()
    uses = _find(applying, now)
    missing = [(quota, subject) for quota, subject in applying if quota.pk not in uses]
    if missing:
        QuotaUse.objects.bulk_create(
            [
                QuotaUse(quota=quota, subject=subject, period_start=span(quota.period, now)[0])
                for quota, subject in missing
            ],
            ignore_conflicts=True,
        )
        uses |= _find(missing, now)
    # In the order of the quotas' ids, here and at the end: no two turns wait for each other.
    for quota, _ in applying:
        if not _within(quota, uses[quota.pk]).update(turns=F("turns") + 1):
            raise _exceeded(quota, now)
    return tuple(uses[quota.pk] for quota, _ in applying)


def charges_of(turn: Turn) -> tuple[int, ...]:
    """What `claim` gave a turn, found again from its row: its worker is gone and took it along."""
    if turn.one_off and not turn.owner.startswith(KEY_OWNER):
        return ()  # staff's 'try it', which no allowance counts
    applying = _applying(turn.owner, turn.session_id, turn.requested_model)
    uses = _find(applying, turn.created_at) if applying else {}
    return tuple(uses[quota.pk] for quota, _ in applying if quota.pk in uses)


def _applying(owner: str, session_id: str | None, model_id: str) -> Applying:
    """The quotas that count this turn. One that names its subject takes the place of the one for each subject."""
    quotas = _kept.get()
    if not quotas:
        return ()
    by_key = any(quota.kind == "key" for quota in quotas)
    subjects = {
        "user": "" if owner.startswith(KEY_OWNER) else owner,
        "key": _key_of(owner, session_id) if by_key else "",
    }
    found = [
        (quota, subject)
        for quota in quotas
        if (subject := subjects[quota.kind])
        and quota.subject in ("", subject)
        and quota.model_id in (None, model_id)
    ]
    named = {(quota.kind, quota.model_id, quota.period) for quota, _ in found if quota.subject}
    return [
        (quota, subject)
        for quota, subject in found
        if quota.subject or (quota.kind, quota.model_id, quota.period) not in named
    ]


def _key_of(owner: str, session_id: str | None) -> str:
    """The backend key that speaks, or that issued the session; empty where there is none."""
    if owner.startswith(KEY_OWNER):
        return owner.removeprefix(KEY_OWNER)
    if session_id is None:
        return ""
    issuer = ChatSession.objects.filter(pk=session_id).values_list("issued_by", flat=True).first() or ""
    return issuer if issuer.startswith(KEY_PREFIXES) else ""


def _find(applying: Applying, moment: datetime) -> dict[int, int]:
    """The ids of the uses that exist, by quota."""
    wanted = Q()
    for quota, subject in applying:
        wanted |= Q(quota=quota, subject=subject, period_start=span(quota.period, moment)[0])
    return dict(QuotaUse.objects.filter(wanted).values_list("quota_id", "pk"))


def _within(quota: Quota, use_id: int) -> QuerySet[QuotaUse]:
    """The use, if it is below every limit."""
    limits = {"turns": quota.turns, "tokens": quota.tokens, "cost": quota.cost}
    return QuotaUse.objects.filter(
        pk=use_id, **{f"{name}__lt": limit for name, limit in limits.items() if limit is not None}
    )


def _exceeded(quota: Quota, now: datetime) -> QuotaExceeded:
    end = span(quota.period, now)[1]
    whose = "Your allowance" if quota.kind == "user" else "The allowance of this service"
    what = f" for the model “{quota.model_id}”" if quota.model_id else ""
    until = "" if quota.period != "month" else f"{end.day} {end:%B}, "
    return QuotaExceeded(
        f"{whose}{what} for this {quota.period} is used up until {until}{end:%H:%M} UTC.",
        retry_after=max(1, math.ceil((end - now).total_seconds())),
    )
