"""How secrets are made, told apart and remembered. Random strings in, SHA-256 digests out; no database here.

All are URL-safe, since client secrets stand in paths and in WebSocket subprotocols: `cs_...` is a client secret, `bk_...` a
backend key, three dotted parts a JWT.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

SECRET_PREFIX = "cs_"  # noqa: S105
KEY_PREFIX = "bk_"
SHOWN = 9


def new_secret() -> str:
    """A client secret: 256 random bits."""
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def new_key() -> str:
    """A backend key: 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_id(prefix: str) -> str:
    """A public id such as `ses_4f...`: 128 random bits in hex."""
    return f"{prefix}_{secrets.token_hex(16)}"


def digest(token: str) -> str:
    """What is stored in place of a token. Any text has one, a broken one too."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def shown(token: str) -> str:
    """The first characters, by which a person tells one secret from another."""
    return token[:SHOWN]


def same(one: str, other: str) -> bool:
    """Constant-time comparison of two digests or ids."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
