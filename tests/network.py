"""No test reaches beyond this machine: connecting and resolving work for loopback alone."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest


class NetworkShut(RuntimeError):
    """A test tried to leave the machine. No OSError: nothing may take it for an upstream that is down."""


def is_loopback(host: object) -> bool:
    """Whether a host, as given to `connect` or `getaddrinfo`, is this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def shut(patch: pytest.MonkeyPatch) -> None:
    """Shut the network of this process until `patch` is undone."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(family: int, address: Any) -> None:
        if family != socket.AF_UNIX and not is_loopback(address[0]):
            raise NetworkShut(f"tests may not connect to {address[0]}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            numeric = host is not None and bool(ip_address(str(host).partition("%")[0]))
        except ValueError:
            numeric = False
        if not numeric and not is_loopback(host):
            raise NetworkShut(f"tests may not resolve {host}")
        return getaddrinfo(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
