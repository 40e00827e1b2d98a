"""Rows of who may speak: chat sessions, backend keys and families of JWTs. Columns, constraints, and what a row is by itself.

Verbs that issue, refresh or revoke live in `sessions.py`, `keys.py` and `families.py`. A secret is never a column, only its
digest is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from . import conf, tokens

State = Literal["active", "expired", "revoked"]


def new_session_id() -> str:
    return tokens.new_id("ses")


def new_key_id() -> str:
    return tokens.new_id("key")


def new_family_id() -> str:
    return tokens.new_id("fam")


def all_scopes() -> list[str]:
    return list(conf.SCOPES)


class ChatSession(models.Model):
    """A credential for one owner, with a model and an expiry. Its secret was shown once, when it was issued.

    `model` null is the default route. `grant` names what it hangs from (a login or a family of JWTs), and dies with it.
    `previous_digest` is the secret before the last refresh, good until `previous_until`.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_session_id, editable=False)
    owner = models.CharField(max_length=255, help_text="realm:id, for example ext:42")
    realm = models.CharField(max_length=32, default="ext")
    model = models.CharField(max_length=conf.MAX_MODEL_ID, null=True, blank=True)  # noqa: DJ001
    metadata = models.JSONField(default=dict, blank=True)
    prefix = models.CharField(max_length=16, editable=False)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    previous_digest = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001
    previous_until = models.DateTimeField(null=True, editable=False)
    ttl = models.PositiveIntegerField(editable=False, help_text="Seconds that a refresh gives.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    issued_by = models.CharField(max_length=64, editable=False)
    grant = models.CharField(max_length=80, null=True, editable=False)  # noqa: DJ001
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "created_at"], name="session_owner"),
            models.Index(
                fields=["previous_digest"],
                name="session_previous",
                condition=models.Q(previous_digest__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} ({self.prefix}…)"

    def state(self, now: datetime | None = None) -> State:
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at > (now or timezone.now()) else "expired"


class ApiKey(models.Model):
    """A backend key: the customer's own server. It names users within its realm alone.

    `text` is the key itself, on the object that `keys.equip` has just equipped; it is no column.
    """

    text: str = ""
    id = models.CharField(primary_key=True, max_length=40, default=new_key_id, editable=False)
    name = models.CharField(max_length=100, unique=True)
    realm = models.CharField(
        max_length=32,
        default="ext",
        validators=[RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", "Small letters, digits, - and _ only.")],
        help_text="Users of this key are owners realm:user_id. user, guest and key are taken.",
    )
    scopes = models.JSONField(default=all_scopes, help_text='Any of "sessions" and "chat".')
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "backend key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class TokenFamily(models.Model):
    """One login that got JWTs: its refresh token of the day, and whether any token of it is still good.

    `auth_hash` follows the user's password: a new password ends every family. `grant` names the login it came from, if any.
    """

    id = models.CharField(primary_key=True, max_length=40, default=new_family_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    refresh_jti = models.CharField(max_length=64)
    rotated_at = models.DateTimeField(default=timezone.now)
    auth_hash = models.CharField(max_length=64)
    grant = models.CharField(max_length=80, null=True)  # noqa: DJ001
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "token families"

    def __str__(self) -> str:
        return self.id
