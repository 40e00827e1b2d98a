"""Which hosts a model may live on: the guard against requests into the private network that nobody asked for.

Base URLs come from rows that staff edit, so they are checked twice: by their looks when they are saved or used, and
by the addresses that the name has at the moment of the connection, so that a name which changes its address does not
pass. Settings arrive as plain values; nothing here knows Django.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class ForbiddenAddress(OSError):
    """A host resolved to nothing but addresses that may not be reached."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed beside public addresses. The default allows nothing."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, hosts: Iterable[str], *, loopback: bool) -> Policy:
        """From entries that are a host name (`gpu.internal`), an address (`10.0.0.5`) or a network (`10.0.0.0/8`)."""
        names: set[str] = set()
        networks: list[Network] = []
        for entry in (host.strip().strip("[]").lower().rstrip(".") for host in hosts):
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                if entry:
                    names.add(entry)
        return cls(frozenset(names), tuple(networks), loopback or "localhost" in names)

    def allows(self, host: str, address: str) -> bool:
        """Whether `host`, as named in a URL, may be reached at `address`.

        A public address always may, one of a listed network too. A listed name opens private ranges, but not
        loopback, link-local (where clouds keep their metadata) or multicast.
        """
        ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        if any(ip in network for network in self.networks):
            return True
        if ip.is_loopback:
            return self.loopback
        if ip.is_multicast or ip.is_unspecified or ip.is_link_local or ip.is_reserved:
            return False
        return ip.is_global or host.lower().rstrip(".") in self.names

    def problem(self, base_url: str) -> str | None:
        """What is wrong with a base URL by its looks, as a sentence for staff; None where nothing is."""
        try:
            url = URL(base_url.strip())
            host, port = url.host, url.port
        except ValueError:
            return "The base URL cannot be read."
        if url.scheme not in ("http", "https") or not host or not port:
            return "The base URL must begin with http:// or https:// and name a host."
        if url.user is not None or url.password is not None:
            return "The base URL must not hold a user or password; keys have a field of their own."
        address = _written(host)
        if address is not None and not self.allows(host, address):
            return f"The address {address} is not public and not in the allow-list."
        if _is_this_machine(host) and not any(self.allows(host, one) for one in ("127.0.0.1", "::1")):
            return f"The name {host} is this machine's own, which is not in the allow-list."
        return None


class GuardedResolver(AbstractResolver):
    """Resolves names as the system does and passes on the allowed addresses alone."""

    def __init__(self, policy: Callable[[], Policy], inner: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._inner = inner or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be reached; ForbiddenAddress where it has others only."""
        found = await self._inner.resolve(host, port, family)
        policy = self._policy()
        allowed = [one for one in found if policy.allows(host, one["host"])]
        if found and not allowed:
            raise ForbiddenAddress(f"{host} has no address that may be reached")
        return allowed

    async def close(self) -> None:
        """Let go of the system's resolver."""
        await self._inner.close()


def _written(host: str) -> str | None:
    """The address that a host is, however it is written: `127.1`, `2130706433` and `0x7f.0.0.1` are 127.0.0.1 to whoever
    connects. None for a name."""
    bare = host.rstrip(".")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(bare))
    except OSError:
        return None


def _is_this_machine(host: str) -> bool:
    """A name that means loopback by its standing (RFC 6761, 6.3)."""
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _unwrapped(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where the latter only carries it."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip
