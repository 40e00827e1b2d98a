"""Counting attempts in the cache: fixed windows, added to atomically. Nothing here knows what is being counted.

While a shared cache is away each process counts for itself: a limit that is a little loose beats a door that is shut. And one
that never answers is asked by one caller each few seconds, no more: each waits on a thread that others need.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from functools import lru_cache

import structlog
from django.core.cache import DEFAULT_CACHE_ALIAS, BaseCache, caches
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError

from . import tokens
from .errors import RateLimited

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 5.0
_own = LocMemCache("sessions_app.limits", {})


def hit(name: str, who: str, limit: int, seconds: int) -> None:
    """Count one attempt of `who`; raises RateLimited, with the seconds to wait, once there were more than `limit`."""
    now = time.time()
    window = int(now // seconds)
    key = f"limit:{name}:{window}:{tokens.digest(who)}"
    count = _shared(key, seconds + 1)
    if count is None:
        count = _add(_own, key, seconds + 1)
    if count > limit:
        raise RateLimited(retry_after=max(1, int((window + 1) * seconds - now) + 1))


class _Away:
    """Since when the shared cache has not answered, if so, and from when on it may be asked again (monotonic)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ask_at: float | None = None

    def may_ask(self) -> bool:
        """Whether this caller asks the shared cache; while it is away that is one each PAUSE_SECONDS."""
        with self._lock:
            now = time.monotonic()
            if self._ask_at is not None and now < self._ask_at:
                return False
            if self._ask_at is not None:
                self._ask_at = now + PAUSE_SECONDS
            return True

    def told(self, *, away: bool) -> None:
        with self._lock:
            self._ask_at = time.monotonic() + PAUSE_SECONDS if away else None


_away = _Away()


def _shared(key: str, seconds: int) -> int | None:
    """The shared cache's count; None while it is away."""
    if not _away.may_ask():
        return None
    try:
        count = _add(_cache(), key, seconds)
    except (RedisError, OSError) as error:
        log.warning("limits.cache_away", error=type(error).__name__)
        _away.told(away=True)
        return None
    _away.told(away=False)
    return count


@lru_cache(maxsize=1)
def _cache() -> BaseCache:
    """One for the process: Django's own `cache` is a new one in each context, and so is its connection to Redis."""
    return caches.create_connection(DEFAULT_CACHE_ALIAS)


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
