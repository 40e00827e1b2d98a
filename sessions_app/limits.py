"""Counting attempts in the cache: fixed windows, added to atomically. Nothing here knows what is being counted.

While a shared cache is away each process counts for itself: a limit that is a little loose beats a door that is shut.
"""

from __future__ import annotations

import ipaddress
import time

import structlog
from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError

from . import tokens
from .errors import RateLimited

log = structlog.get_logger(__name__)
_own = LocMemCache("sessions_app.limits", {})


def hit(name: str, who: str, limit: int, seconds: int) -> None:
    """Count one attempt of `who`; raises RateLimited, with the seconds to wait, once there were more than `limit`."""
    now = time.time()
    window = int(now // seconds)
    key = f"limit:{name}:{window}:{tokens.digest(who)}"
    try:
        count = _add(cache, key, seconds + 1)
    except (RedisError, OSError) as error:
        log.warning("limits.cache_away", error=type(error).__name__)
        count = _add(_own, key, seconds + 1)
    if count > limit:
        raise RateLimited(retry_after=max(1, int((window + 1) * seconds - now) + 1))


def _add(store: BaseCache, key: str, seconds: int) -> int:
    if store.add(key, 1, timeout=seconds):
        return 1
    try:
        return store.incr(key)
    except ValueError:  # it ran out between the two calls: a new window has begun
        return 1


def network_of(address: str) -> str:
    """The address itself, or the /64 of an IPv6 one: a household has billions of those."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return address
