"""What Django's own events mean for credentials: signing out, and a user who is switched off or deleted."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from . import families, logins, sessions
from .models import TokenFamily


@receiver(user_logged_out)
def end_what_the_login_gave(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """The browser's session cookie and its JWTs end with the login that they came from, on this browser alone."""
    session_key = getattr(getattr(request, "session", None), "session_key", None)
    if user is not None and session_key:
        sessions.revoke_grant(families.owner_of(user), logins.grant_of(session_key))


@receiver(post_save, sender=get_user_model())
def end_inactive_user(sender: Any, instance: Any, created: bool, **kwargs: Any) -> None:
    if not instance.is_active and not created and not kwargs.get("raw"):
        TokenFamily.objects.filter(user=instance, revoked_at__isnull=True).update(revoked_at=timezone.now())
        sessions.revoke_owner(families.owner_of(instance))


@receiver(post_delete, sender=get_user_model())
def end_deleted_user(sender: Any, instance: Any, **kwargs: Any) -> None:
    sessions.revoke_owner(families.owner_of(instance))
