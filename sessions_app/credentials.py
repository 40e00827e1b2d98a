"""What a caller brought: parsed once from an ASGI scope or a Django request, judged by nobody here.

No database and no decision about who is speaking (`resolve.py`); the one judgement made here is whether a browser's cookies
may count, since that follows from the request alone.

A WebSocket client that cannot set headers offers two subprotocols, `["chat", "<token>"]`; the server selects `chat`
(`Credentials.subprotocol`), never the token.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from . import conf

SUBPROTOCOL = "chat"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything in a request that can say who is speaking. Absent is None; present and empty is "" (and bad).

    `bearer` is what followed `Bearer ` in Authorization; any other scheme gives "", which is a bad credential rather than
    none. `origin`, `host` and `scheme` ("http" or "https") are as sent; `client_ip` is the caller's address behind
    TRUSTED_PROXIES.
    """

    bearer: str | None = None
    auth_token: str | None = None
    subprotocol_token: str | None = None
    subprotocol: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None
    sec_fetch_site: str | None = None
    sec_fetch_mode: str | None = None
    host: str = ""
    scheme: str = "http"
    method: str = "GET"
    client_ip: str = ""

    @property
    def login_cookie(self) -> str | None:
        return self.cookies.get(settings.SESSION_COOKIE_NAME)

    @property
    def session_cookie(self) -> str | None:
        return self.cookies.get(conf.SESSION_COOKIE)

    @property
    def guest_cookie(self) -> str | None:
        return self.cookies.get(conf.GUEST_COOKIE)

    def cookies_count(self) -> bool:
        """Whether cookies may speak: only for a page of this host or of an allowed origin, or for no browser at all.

        `Sec-Fetch-Site` decides where a browser sends no Origin; a top-level GET from elsewhere (a link) counts, since its
        answer is shown to the visitor alone.
        """
        if self.origin is not None:
            return is_allowed_origin(self.origin, self.host, self.scheme)
        if self.sec_fetch_site in (None, "same-origin", "none"):
            return True
        return self.method in ("GET", "HEAD") and self.sec_fetch_mode == "navigate"


def is_allowed_origin(origin: str, host: str, scheme: str) -> bool:
    """Whether `origin` is this host or one of the allowed ones.

    `https` of the same host is accepted where the scope says `http`: a proxy may have ended TLS. The reverse is not.
    """
    if origin in conf.allowed_origins():
        return True
    theirs = _authority(origin)
    if theirs is None:
        return False
    schemes = ("https",) if scheme == "https" else ("http", "https")
    return theirs[0] in schemes and theirs[1:] == (_authority(f"{theirs[0]}://{host}") or ("", "", 0))[1:]


def _authority(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query or parts.username is not None:
        return None
    return parts.scheme, parts.hostname.lower(), port


def from_scope(scope: Mapping[str, Any]) -> Credentials:
    """Credentials of an ASGI `http` or `websocket` scope. A header sent twice becomes one that fits nothing."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope.get("headers") or ():
        if name in headers:
            value = headers[name] + (b"; " if name == b"cookie" else b", ") + value
        headers[name] = value
    text = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    client = scope.get("client")
    scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "http"), scope.get("scheme", "http"))
    offered: Iterable[str] = scope.get("subprotocols") or ()
    return _build(text, client[0] if client else "", scheme, scope.get("method", "GET"), offered)


def from_request(request: HttpRequest) -> Credentials:
    """Credentials of a Django request, whichever server made it."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        return from_scope(scope)
    text = {name.lower(): value for name, value in request.headers.items()}
    text.setdefault("host", request.META.get("SERVER_NAME", ""))
    scheme = request.scheme or "http"
    return _build(text, request.META.get("REMOTE_ADDR", ""), scheme, request.method or "GET", ())


def _build(
    headers: Mapping[str, str], peer: str, scheme: str, method: str, offered: Iterable[str]
) -> Credentials:
    authorization = headers.get("authorization")
    auth_token = headers.get("x-auth-token")
    cookie = headers.get("cookie")
    tokens = [one for one in offered if one != SUBPROTOCOL]
    return Credentials(
        bearer=None if authorization is None else _bearer(authorization),
        auth_token=None if auth_token is None else auth_token.strip(),
        subprotocol_token=None if not tokens else tokens[0] if len(tokens) == 1 else "",
        subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None,
        cookies=parse_cookie(cookie) if cookie else {},
        origin=headers.get("origin"),
        sec_fetch_site=headers.get("sec-fetch-site"),
        sec_fetch_mode=headers.get("sec-fetch-mode"),
        host=headers.get("host", ""),
        scheme=scheme,
        method=method,
        client_ip=_client_ip(peer, headers.get("x-forwarded-for")),
    )


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _client_ip(peer: str, forwarded: str | None) -> str:
    """The nearest address that is not a proxy of ours, read from the right: only what our own proxies wrote is believed."""
    trusted = getattr(settings, "TRUSTED_PROXIES", ())
    if not forwarded or not trusted:
        return peer
    address = peer
    for hop in reversed(forwarded.split(",")):
        if not _within(address, trusted):
            break
        address = hop.strip()
    return address


def _within(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)
