"""The verbs on chat sessions: issue, refresh, revoke. Who may call them is decided by the views and the admin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from . import conf, ports, tokens
from .errors import NotFound, Unavailable, UnknownModel
from .models import ChatSession, TokenFamily
from .signals import owner_revoked, session_ended


@dataclass(frozen=True, slots=True)
class Issued:
    """A session and its secret, which exists nowhere else."""

    session: ChatSession
    secret: str


def check_model(model: str | None) -> str | None:
    """The model as it is stored: None for the default route. Raises UnknownModel, or Unavailable if every route is down."""
    wanted = None if model in (None, "default") else model
    match ports.route_check(wanted):
        case "unknown":
            raise UnknownModel
        case "down":
            raise Unavailable(
                "No route to this model works right now; try again shortly.",
                retry_after=ports.wait(wanted) or conf.RETRY_AFTER_SECONDS,
            )
    return wanted


def issue(
    owner: str,
    *,
    issued_by: str,
    model: str | None = None,
    ttl: int | None = None,
    metadata: dict[str, Any] | None = None,
    grant: str | None = None,
) -> Issued:
    """A new session of `ttl` seconds (default SESSION_TTL) for `owner` ("realm:id"). One insert; `model` was checked before."""
    secret, now, life = tokens.new_secret(), timezone.now(), ttl or conf.session_ttl()
    session = ChatSession.objects.create(
        owner=owner,
        realm=owner.partition(":")[0],
        model=model,
        metadata=metadata or {},
        prefix=tokens.shown(secret),
        token_digest=tokens.digest(secret),
        ttl=life,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(seconds=life),
        issued_by=issued_by,
        grant=grant,
    )
    return Issued(session, secret)


def refresh(session_id: str, *, model: str | Literal[False] | None = False) -> Issued:
    """A new secret and a new life for a living session; the old secret is good for a minute more. Raises NotFound.

    The whole life stays within the longest that an issuer may ask for. `model` (None: the default route) becomes the
    session's; False leaves it as it is.
    """
    now = timezone.now()
    session = ChatSession.objects.filter(pk=session_id, revoked_at__isnull=True, expires_at__gt=now).first()
    if session is None:
        raise NotFound
    secret = tokens.new_secret()
    session.expires_at = max(session.expires_at, _renewed_until(session, now))
    if model is not False:
        session.model = model
    session.prefix, session.token_digest = tokens.shown(secret), tokens.digest(secret)
    living = ChatSession.objects.filter(pk=session.pk, revoked_at__isnull=True)
    renewed = living.update(  # one statement: of two refreshes at once, the later keeps the earlier's secret as previous
        previous_digest=F("token_digest"),
        previous_until=now + timedelta(seconds=conf.GRACE_SECONDS),
        token_digest=session.token_digest,
        prefix=session.prefix,
        expires_at=session.expires_at,
        model=session.model,
        last_seen_at=now,
    )
    if not renewed:
        raise NotFound
    return Issued(session, secret)


def _renewed_until(session: ChatSession, now: datetime) -> datetime:
    latest = session.created_at + timedelta(seconds=conf.max_session_ttl())
    return min(now + timedelta(seconds=session.ttl), latest)


def revoke(sessions: QuerySet[ChatSession] | Iterable[ChatSession], reason: str = "revoked") -> int:
    """End living sessions at once: their secrets are dead and `session_ended` closes what is open. Returns how many."""
    ended = 0
    for session_id in [one.pk for one in sessions if one.revoked_at is None]:
        living = ChatSession.objects.filter(pk=session_id, revoked_at__isnull=True)
        if living.update(revoked_at=timezone.now()):
            ended += 1
            _announce(session_id, reason)
    return ended


def revoke_grant(owner: str, grant: str) -> None:
    """End what hangs from a login or a family of JWTs: the family, families that the login got, and all their sessions."""
    families = TokenFamily.objects.filter(pk=grant) | TokenFamily.objects.filter(grant=grant)
    living = families.filter(revoked_at__isnull=True)
    grants = [grant, *living.values_list("pk", flat=True)]
    living.update(revoked_at=timezone.now())
    revoke(ChatSession.objects.filter(owner=owner, grant__in=grants), "signed_out")
    transaction.on_commit(lambda: owner_revoked.send_robust(ChatSession, owner=owner))


def revoke_owner(owner: str) -> None:
    """End every session of an owner, and have every connection of theirs asked again."""
    revoke(ChatSession.objects.filter(owner=owner, revoked_at__isnull=True))
    transaction.on_commit(lambda: owner_revoked.send_robust(ChatSession, owner=owner))


def _announce(session_id: str, reason: str) -> None:
    transaction.on_commit(
        lambda: session_ended.send_robust(ChatSession, session_id=session_id, reason=reason)
    )
