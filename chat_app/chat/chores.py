"""What is swept up once a minute: the text of one-off turns, idempotency keys and uses of quotas that have had their day,
files that no message ever named.

Sync; called by `db()` from the runner, and by commands. Every chore may run on several workers at once.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from chat_app.conf import limit
from chat_app.models import Attachment, IdempotencyKey, Item, QuotaUse

QUOTA_USE_DAYS = 400  # a year, and the month that began before it
PENDING_HOURS = (
    1  # until a file that was announced, and never came, is forgotten: longer than its link is good
)


def run() -> None:
    """All chores, each bounded, so that a long backlog is worked off in several goes."""
    drop_one_off_texts()
    drop_idempotency_keys()
    drop_quota_uses()
    drop_orphan_attachments()


def drop_one_off_texts(most: int = 1000) -> int:
    """Delete the items of one-off turns ten minutes after their end; their usage stays. Returns how many rows went."""
    before = timezone.now() - timedelta(seconds=limit("ONE_OFF_SECONDS"))
    old = Item.objects.filter(thread__isnull=True, turn__ended_at__lt=before).values_list("pk", flat=True)
    return Item.objects.filter(pk__in=list(old[:most])).delete()[0]


def drop_idempotency_keys(most: int = 1000) -> int:
    """Forget keys older than 24 hours. Returns how many."""
    before = timezone.now() - timedelta(hours=limit("IDEMPOTENCY_HOURS"))
    old = list(IdempotencyKey.objects.filter(created_at__lt=before).values_list("pk", flat=True)[:most])
    return IdempotencyKey.objects.filter(pk__in=old).delete()[0]


def drop_quota_uses(most: int = 1000) -> int:
    """Forget how much was used in periods long past. Returns how many rows went."""
    before = timezone.now() - timedelta(days=QUOTA_USE_DAYS)
    old = list(QuotaUse.objects.filter(period_start__lt=before).values_list("pk", flat=True)[:most])
    return QuotaUse.objects.filter(pk__in=old).delete()[0]


def drop_orphan_attachments(most: int = 200) -> int:
    """Delete files that no message named within a day, and announced ones that did not come within an hour, with their
    bytes. Returns how many."""
    now = timezone.now()
    orphans = Attachment.objects.filter(thread__isnull=True, item__isnull=True).filter(
        Q(created_at__lt=now - timedelta(hours=limit("ATTACHMENT_ORPHAN_HOURS")))
        | Q(created_at__lt=now - timedelta(hours=PENDING_HOURS), state="pending")
    )
    with transaction.atomic():  # a message that takes one of them meanwhile waits, and then finds it gone
        rows = orphans.select_for_update(no_key=True, skip_locked=True).order_by("created_at")[:most]
        for row in rows:
            row.delete()
    return len(rows)
