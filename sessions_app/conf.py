"""This app's settings, each read where it is used so that a test can change it. Defaults live here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from .tokens import digest

SESSION_COOKIE = "chat_session"
GUEST_COOKIE = "chat_guest"
GRACE_SECONDS = 60
SEEN_EVERY_SECONDS = 60
MAX_USER_ID = 200
MAX_MODEL_ID = 100
MAX_METADATA_BYTES = 16_384
GUEST_COOKIE_SECONDS = 180 * 24 * 3600
RETRY_AFTER_SECONDS = 5
RESERVED_REALMS = frozenset({"user", "guest", "key"})
SCOPES = ("sessions", "chat")


@lru_cache(maxsize=4)
def _digest_of_setting(value: str) -> str:
    return digest(value)


def backend_key_digest() -> str | None:
    """Digest of the environment's BACKEND_KEY; absent where none is set."""
    value = getattr(settings, "BACKEND_KEY", None)
    return _digest_of_setting(str(value)) if value else None


def allow_guests() -> bool:
    return bool(getattr(settings, "ALLOW_GUESTS", False))


def guest_limit() -> int:
    """Guests minted for one address in an hour."""
    return int(getattr(settings, "GUEST_LIMIT", None) or (600 if settings.DEBUG else 60))


def login_limit() -> int:
    """Attempts in a minute for one address and one username; an address alone has five times as many."""
    return int(getattr(settings, "LOGIN_LIMIT", None) or 10)


def session_ttl() -> int:
    """Life of a session in seconds where the issuer names none."""
    return int(getattr(settings, "SESSION_TTL", None) or 3600)


def max_session_ttl() -> int:
    """Longest life in seconds that an issuer may ask for, and longest total life of a session that is refreshed."""
    return max(int(getattr(settings, "SESSION_MAX_TTL", None) or 7 * 24 * 3600), session_ttl())


def cookie_secure() -> bool:
    return bool(settings.SESSION_COOKIE_SECURE)


def allowed_origins() -> tuple[str, ...]:
    """Origins besides this host whose pages may use a cookie here."""
    return (
        *getattr(settings, "CSRF_TRUSTED_ORIGINS", ()),
        *getattr(settings, "CORS_ALLOWED_ORIGINS", ()),
    )


@dataclass(frozen=True, slots=True)
class OutsideIssuer:
    """An issuer of JWTs that is not this server; its users are owners `realm:<sub>`. Empty issuer or audience: any."""

    jwks_url: str
    algorithm: str
    issuer: str
    audience: str
    realm: str


def outside_issuer() -> OutsideIssuer | None:
    """The settings JWT_*, or nothing where no JWT_JWKS_URL is set."""
    url = getattr(settings, "JWT_JWKS_URL", None)
    if not url:
        return None
    return OutsideIssuer(
        jwks_url=url,
        algorithm=getattr(settings, "JWT_ALGORITHM", None) or "RS256",
        issuer=getattr(settings, "JWT_ISSUER", None) or "",
        audience=getattr(settings, "JWT_AUDIENCE", None) or "",
        realm=getattr(settings, "JWT_REALM", None) or "jwt",
    )
