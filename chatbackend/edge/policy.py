"""The edge's decisions as plain functions of headers and settings: host, origin, client address, request id.

No sending and no receiving here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Scope = dict[str, Any]
Headers = dict[bytes, bytes]
SANE_ID = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")


@dataclass(frozen=True)
class Policy:
    """What the operator allows. `origins` are whole (`https://chat.example.com`), beside the server's own.

    Bodies have up to `max_body` bytes, on `upload_paths` up to `max_upload`; what lies below `open_prefix` or on `open_paths`
    any page may load, whatever its origin.
    """

    allowed_hosts: tuple[str, ...] = ()
    origins: frozenset[str] = frozenset()
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    max_body: int = 1_048_576
    max_upload: int = 1_048_576
    upload_paths: re.Pattern[str] | None = None
    open_prefix: str = "/static/"
    open_paths: re.Pattern[str] | None = None
    _hosts: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_settings(cls) -> Policy:
        return cls(
            allowed_hosts=tuple(settings.ALLOWED_HOSTS),
            origins=frozenset(settings.CORS_ALLOWED_ORIGINS) | frozenset(settings.CSRF_TRUSTED_ORIGINS),
            proxies=tuple(settings.TRUSTED_PROXIES),
            max_body=settings.CHAT["MAX_BODY"],
            max_upload=max(settings.CHAT["MAX_ATTACHMENT"], settings.CHAT["MAX_AUDIO"] * 4 // 3)
            + settings.CHAT["MAX_BODY"],
            upload_paths=re.compile(settings.UPLOAD_PATHS),
            open_prefix=settings.STATIC_URL,
            open_paths=re.compile(settings.OPEN_PATHS),
        )

    def host_allowed(self, host: str) -> bool:
        """Whether a Host header is one of ours. The verdicts on the last few names are kept."""
        verdict = self._hosts.get(host)
        if verdict is None:
            domain, _port = split_domain_port(host)
            verdict = bool(domain) and validate_host(domain, self.allowed_hosts)
            if len(self._hosts) >= 256:
                self._hosts.clear()
            self._hosts[host] = verdict
        return verdict

    def origin_allowed(self, origin: str, scheme: str, host: str) -> bool:
        """Whether a page of `origin` may speak to us: our own host, or one of the list.

        `https` of our host is ours where the scope says `http`: a proxy may have ended TLS. The reverse is not.
        """
        origin, host = origin.lower(), host.lower()
        own = (f"https://{host}",) if scheme in ("https", "wss") else (f"http://{host}", f"https://{host}")
        return origin in own or origin in self.origins

    def body_limit(self, path: str) -> int:
        """How many bytes a body sent to this path may have."""
        large = self.upload_paths is not None and self.upload_paths.fullmatch(path)
        return self.max_upload if large else self.max_body

    def is_open(self, path: str) -> bool:
        """Whether a page of any origin may load what lies there: files without a secret, or with one in the URL."""
        if path.startswith(self.open_prefix):
            return True
        return self.open_paths is not None and self.open_paths.fullmatch(path) is not None

    def trusts(self, address: str) -> bool:
        """Whether `address` is a proxy whose X-Forwarded-* we believe."""
        return _within(address, self.proxies)


@lru_cache(maxsize=1024)
def _within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)


def headers_of(scope: Scope) -> Headers:
    """The headers as a dictionary (the first of a name wins, which is what a proxy in front would have checked)."""
    return dict(reversed(scope["headers"]))


def request_id(headers: Headers) -> str:
    """The caller's own id where it is sane, else a new one of 128 random bits."""
    given = headers.get(b"x-request-id", b"")
    return given.decode("ascii") if SANE_ID.fullmatch(given) else secrets.token_hex(16)


def host_of(scope: Scope, headers: Headers) -> str:
    """The host that the caller asked for; without a Host header (HTTP/1.0) the address that it came to."""
    host = headers.get(b"host")
    if host is not None:
        return host.decode("latin-1")
    server = scope.get("server")
    return f"{server[0]}:{server[1]}" if server and server[1] else ""


def behind_proxy(scope: Scope, headers: Headers, policy: Policy) -> tuple[tuple[str, int], str]:
    """`(client, scheme)` as a trusted proxy tells them: the nearest address in X-Forwarded-For that is no proxy of ours."""
    client, scheme = scope["client"], scope.get("scheme", "http")
    if b"x-forwarded-for" in headers:
        client = (_nearest_stranger(_values(scope, b"x-forwarded-for"), client[0], policy), 0)
    proto = _values(scope, b"x-forwarded-proto")
    if proto and proto[-1].lower() in ("http", "https"):
        secure = proto[-1].lower() == "https"
        plain = scheme in ("http", "https")
        scheme = ("https" if secure else "http") if plain else ("wss" if secure else "ws")
    return client, scheme


def _nearest_stranger(hops: Iterable[str], peer: str, policy: Policy) -> str:
    nearest = peer
    for hop in reversed(list(hops)):
        address = _bare(hop)
        if address is None:
            return nearest
        nearest = address
        if not policy.trusts(address):
            return nearest
    return nearest


def _bare(hop: str) -> str | None:
    """An address without port or brackets; None where it is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None


def _values(scope: Scope, name: bytes) -> list[str]:
    joined = b",".join(value for key, value in scope["headers"] if key == name).decode("latin-1")
    return [part.strip() for part in joined.split(",") if part.strip()]
