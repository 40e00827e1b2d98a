"""JWTs of an outside issuer (settings JWT_*): checked against its published keys, never made here.

Its algorithm is asymmetric and ours is not, so no token can be taken for one of the other kind. The key set is fetched with a
short timeout, kept for five minutes, and fetched again for an unknown key at most twice a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import jwt

from . import conf
from .errors import Unauthenticated, Unavailable

FETCH_SECONDS = 3
KEEP_SECONDS = 300
LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """The owner that an outside token names, and until when (aware UTC)."""

    owner: str
    realm: str
    expires_at: datetime


def is_outside(raw: str) -> bool:
    """Whether this JWT's header names the outside issuer's algorithm. Says nothing about its worth."""
    issuer = conf.outside_issuer()
    if issuer is None:
        return False
    try:
        return jwt.get_unverified_header(raw).get("alg") == issuer.algorithm
    except (jwt.PyJWTError, UnicodeError):
        return False


def read(raw: str) -> Claim:
    """The owner named by a good token. Raises Unauthenticated, or Unavailable where the key set cannot be had."""
    issuer = conf.outside_issuer()
    if issuer is None:
        raise Unauthenticated
    try:
        key = _key_set(issuer.jwks_url).get_signing_key_from_jwt(raw)
        claims = jwt.decode(
            raw,
            key.key,
            algorithms=[issuer.algorithm],
            issuer=issuer.issuer or None,
            audience=issuer.audience or None,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "sub"], "verify_aud": bool(issuer.audience)},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise Unavailable(retry_after=conf.RETRY_AFTER_SECONDS) from error
    except (jwt.PyJWTError, UnicodeError) as error:
        raise Unauthenticated from error
    subject = claims["sub"]
    if not subject or len(subject) > conf.MAX_USER_ID or "\x00" in subject:
        raise Unauthenticated
    return Claim(f"{issuer.realm}:{subject}", issuer.realm, datetime.fromtimestamp(claims["exp"], tz=UTC))


@lru_cache(maxsize=4)
def _key_set(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, lifespan=KEEP_SECONDS, timeout=FETCH_SECONDS, cooldown_duration=30)
