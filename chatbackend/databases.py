"""DATABASE_URL and REDIS_URL as Django's dictionaries: the options that keep each store correct under load live here.

No settings are read here; plain values in, plain dictionaries out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from chat_app.providers.python import handover

SQLITE_THREADS = 4
POSTGRES_THREADS = 16
POSTGRES_IDLE = 20.0
POSTGRES_TRIES = 5.0

# Deferred transactions answer "database is locked" at once when two of them want to write; IMMEDIATE ones wait.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=10000;PRAGMA temp_store=MEMORY;"
)


def database(url: str) -> dict[str, Any]:
    """`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgres://user:password@host:port/name?sslmode=require`."""
    parts = urlsplit(url)
    return _sqlite(unquote(parts.path)[1:]) if parts.scheme == "sqlite" else _postgres(url)


def threads(url: str) -> int:
    """How many threads do database work: SQLite has one writer anyway, PostgreSQL a connection for each."""
    return SQLITE_THREADS if url.startswith("sqlite") else POSTGRES_THREADS


def _sqlite(path: str) -> dict[str, Any]:
    file = Path(path or "db.sqlite3")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": SQLITE_PRAGMAS},
        # A file in tests too: the pool's threads must see what a test wrote.
        "TEST": {"NAME": str(file.with_name(f"test-{file.name}"))},
    }


def _postgres(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    # One for each thread of the executor, one for each answer in sync Python, which may hold it to its end, and some room for
    # a command or a probe beside them. They are made when they are needed, and while some are unused the pool gives one back
    # each `max_idle` seconds: its own 600 would keep those of one busy minute for hours.
    most = POSTGRES_THREADS + handover.THREADS + 4
    # It tries to reach a server that is away less and less often until `reconnect_timeout`, then anew when it is asked for a
    # connection: with its own 300 seconds a server that has come back may not be noticed for two minutes.
    options["pool"] = {
        "min_size": 1,
        "max_size": most,
        "timeout": 10,
        "max_idle": POSTGRES_IDLE,
        "reconnect_timeout": POSTGRES_TRIES,
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


def channel_layer(redis_url: str | None) -> dict[str, Any]:
    """The layer carries control messages alone; deltas never go through it.

    redis-py's five seconds of socket timeout would kill an idle consumer, hence the explicit None.
    """
    if redis_url is None:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    host = {
        "address": redis_url,
        "socket_timeout": None,
        "socket_connect_timeout": 5,
        "health_check_interval": 30,
    }
    return {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [host],
            "capacity": 1000,
            "expiry": 30,
            "group_expiry": 300,  # a worker joins again each few seconds; one that was killed is forgotten soon
            "prefix": "chatbackend",
        },
    }


def cache(redis_url: str | None) -> dict[str, Any]:
    """Shared between workers where there is Redis; else each process has its own."""
    if redis_url is None:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "chatbackend"}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "chatbackend",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }


def make_folder(name: str) -> None:
    """SQLite makes the file but not the folder that it lies in."""
    Path(name).resolve().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
