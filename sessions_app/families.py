"""Our own JWTs (HS256, simplejwt): made, rotated, revoked and read here. An outside issuer's are `issuer.py`'s.

Every token of a login carries its family (`fam`). A refresh token works once: the family's row holds the id of the one that
is good. One used again later than `REUSE_LEEWAY` after its rotation has been stolen from somebody, so the whole family ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from . import tokens
from .errors import Unauthenticated
from .models import TokenFamily

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AnyToken = TypeVar("AnyToken", AccessToken, RefreshToken)
FAMILY_CLAIM = "fam"
REUSE_LEEWAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token, the refresh token that renews it, and when the access token ends (aware UTC)."""

    access: str
    refresh: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whom a good access token speaks for."""

    user: User
    family_id: str
    expires_at: datetime


def owner_of(user: User) -> str:
    return f"user:{user.pk}"


def issue(user: User, grant: str | None = None) -> Pair:
    """Start a family for a user who has just shown who they are. `grant` is the login it hangs from, if any."""
    refresh = _new_refresh(user)
    family = TokenFamily.objects.create(
        user=user,
        refresh_jti=refresh["jti"],
        auth_hash=_auth_hash(user),
        grant=grant,
        expires_at=_ends(refresh),
    )
    return _pair(refresh, family.pk)


def rotate(raw: str) -> Pair:
    """A new pair for a refresh token, which is dead from then on. Raises Unauthenticated for any other token."""
    old = _read(RefreshToken, raw)
    family = _family(old)
    refresh = _new_refresh(family.user)
    now = timezone.now()
    current = TokenFamily.objects.filter(pk=family.pk, refresh_jti=old["jti"], revoked_at__isnull=True)
    if current.update(refresh_jti=refresh["jti"], rotated_at=now, expires_at=_ends(refresh)):
        return _pair(refresh, family.pk)
    TokenFamily.objects.filter(
        pk=family.pk, revoked_at__isnull=True, rotated_at__lt=now - REUSE_LEEWAY
    ).update(revoked_at=now)
    raise Unauthenticated


def read(raw: str) -> Speaker:
    """Who speaks by this access token: its signature, its family and its user are all still good. One query."""
    token = _read(AccessToken, raw)
    family = _family(token)
    return Speaker(user=family.user, family_id=family.pk, expires_at=_ends(token))


def family_of(raw: str) -> TokenFamily:
    """The living family of an access or a refresh token, for revoking it. Raises Unauthenticated."""
    try:
        token: AccessToken | RefreshToken = _read(RefreshToken, raw)
    except Unauthenticated:
        token = _read(AccessToken, raw)
    return _family(token)


def _new_refresh(user: User) -> RefreshToken:
    refresh = RefreshToken()
    refresh[api_settings.USER_ID_CLAIM] = str(user.pk)
    return refresh


def _pair(refresh: RefreshToken, family_id: str) -> Pair:
    refresh[FAMILY_CLAIM] = family_id
    access = refresh.access_token
    return Pair(str(access), str(refresh), _ends(access))


def _read(kind: type[AnyToken], raw: str) -> AnyToken:
    try:
        return kind(raw)  # type: ignore[arg-type]
    except (TokenError, UnicodeError) as error:
        raise Unauthenticated from error


def _family(token: AccessToken | RefreshToken) -> TokenFamily:
    family_id = token.get(FAMILY_CLAIM)
    if not isinstance(family_id, str):
        raise Unauthenticated
    try:
        family = TokenFamily.objects.select_related("user").get(pk=family_id, revoked_at__isnull=True)
    except TokenFamily.DoesNotExist:
        raise Unauthenticated from None
    user = family.user
    named = str(token.get(api_settings.USER_ID_CLAIM, ""))
    if named != str(user.pk) or not user.is_active or not tokens.same(family.auth_hash, _auth_hash(user)):
        raise Unauthenticated
    return family


def _auth_hash(user: User) -> str:
    return tokens.digest(user.get_session_auth_hash())


def _ends(token: AccessToken | RefreshToken) -> datetime:
    return datetime.fromtimestamp(token["exp"], tz=UTC)
