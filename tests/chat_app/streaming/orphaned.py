"""What a sweep does to the one turn whose worker is gone, by its row alone."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from chat_app.domain.events import Snapshot
from chat_app.models import Turn
from chat_app.streaming import leases, stored


def claim_only() -> Turn | None:
    """The one orphan, under its new fence; None where somebody was first."""
    later = timezone.now() + timedelta(seconds=1)
    ((turn_id, fence),) = leases.orphans(later)
    return leases.claim(turn_id, fence, "another", later)


def close_only() -> bool:
    """End the one orphan; whether it was ours to end."""
    turn = claim_only()
    assert turn is not None
    stands = stored.standing(turn).snapshot
    assert isinstance(stands.event, Snapshot)
    return leases.end(turn, stands.event, stands.seq + leases.CRASH_GAP) is not None
