"""Anonymous visitors: a signed cookie that names them, and no row. Only where ALLOW_GUESTS says so.

Minting is for the two places where a visitor arrives, `POST /api/custom/session` and the chat page; it is limited by address.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import conf, limits
from .credentials import from_request
from .errors import Unauthenticated
from .principal import Principal

HOUR = 3600
_SALT = "sessions_app.guest"
_GUEST_ID = re.compile(r"\A[0-9a-f]{32}\Z")


def owner_in(cookie: str) -> str | None:
    """The owner that a guest cookie names; None where it is forged, too old, or guests are not let in."""
    if not conf.allow_guests():
        return None
    try:
        guest_id = TimestampSigner(salt=_SALT).unsign(cookie, max_age=conf.GUEST_COOKIE_SECONDS)
    except BadSignature:
        return None
    return f"guest:{guest_id}" if _GUEST_ID.match(guest_id) else None


def principal_of(owner: str) -> Principal:
    return Principal(owner=owner, kind="guest", guest=True, realm="guest")


def mint_guest(request: HttpRequest) -> tuple[Principal, Callable[[HttpResponseBase], None]]:
    """A new visitor, and what sets their cookie on the response.

    Raises Unauthenticated where guests are not let in, RateLimited where this address has had its share of the hour.
    """
    if not conf.allow_guests():
        raise Unauthenticated
    limits.hit("guest", limits.network_of(from_request(request).client_ip), conf.guest_limit(), HOUR)
    guest_id = secrets.token_hex(16)
    value = TimestampSigner(salt=_SALT).sign(guest_id)

    def set_cookie(response: HttpResponseBase) -> None:
        response.set_cookie(
            conf.GUEST_COOKIE,
            value,
            max_age=conf.GUEST_COOKIE_SECONDS,
            httponly=True,
            secure=conf.cookie_secure(),
            samesite="Lax",
        )

    return principal_of(f"guest:{guest_id}"), set_cookie
