"""What turns have used, for a page of their answers. Sync. Whether the caller may see them was checked before."""

from __future__ import annotations

from collections.abc import Collection

from chat_app.domain.events import UsageData
from chat_app.models import Turn
from chat_app.streaming import stored

FIELDS = ("input_tokens", "output_tokens", "usage_estimated", "cost")


def of_turns(turn_ids: Collection[str]) -> dict[str, UsageData]:
    """What each of these turns has used that has ended, in one query."""
    ended = Turn.objects.filter(pk__in=turn_ids, ended_at__isnull=False)
    return {turn.pk: stored.usage_of(turn) for turn in ended.only(*FIELDS)}
