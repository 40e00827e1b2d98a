"""Counting attempts in the cache: fixed windows, added to atomically. Nothing here knows what is being counted."""

from __future__ import annotations

import ipaddress
import time

from django.core.cache import cache

from . import tokens
from .errors import RateLimited


def hit(name: str, who: str, limit: int, seconds: int) -> None:
    """Count one attempt of `who`; raises RateLimited, with the seconds to wait, once there were more than `limit`."""
    now = time.time()
    window = int(now // seconds)
    key = f"limit:{name}:{window}:{tokens.digest(who)}"
    if cache.add(key, 1, timeout=seconds + 1):
        return
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two calls: a new window has begun
        count = 1
    if count > limit:
        raise RateLimited(retry_after=max(1, int((window + 1) * seconds - now) + 1))


def network_of(address: str) -> str:
    """The address itself, or the /64 of an IPv6 one: a household has billions of those."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return address
