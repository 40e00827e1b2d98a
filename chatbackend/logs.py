"""What a log line looks like: JSON for machines, a readable line while DEBUG; secrets never, message text never.

The access line itself is written by the edge. Nobody formats a log line anywhere else.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from django.conf import settings

HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(
    r"(?i)(secret|password|passwd|authorization|cookie|api_?key|backend_key|encryption_keys|token$|^token|^refresh$|^jwt$)"
)
# Counters such as input_tokens or first_token_ms are no secrets.
PLAIN_KEYS = re.compile(r"(?i)(_tokens$|^tokens$|first_token)")
TEXT_KEYS = frozenset({"message", "text", "prompt", "content", "delta", "response", "body", "query_string"})
SECRET_TEXT = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+)[^\s,;'\"]+"
    r"|\bsk-[A-Za-z0-9_-]{8,}"
    r"|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
TOKEN_PATHS = re.compile(r"((?:/ws/chat|/sessions)/)(?!current(?:[/?\s\"]|$)|ses_)[^/?\s\"]+")

Event = MutableMapping[str, Any]


def redact_text(text: str) -> str:
    """The same text without bearer tokens, keys, JWTs, passwords in URLs and session tokens in paths."""
    text = SECRET_TEXT.sub(lambda m: (m[1] or "") + HIDDEN, text)
    return TOKEN_PATHS.sub(r"\1" + HIDDEN, text)


def redact_path(path: str) -> str:
    """A path as it may stand in a log: `/ws/chat/<token>` and `/api/sessions/<token>` lose the token."""
    return TOKEN_PATHS.sub(r"\1" + HIDDEN, path)


def redact(_logger: object, _method: str, event: Event) -> Event:
    """structlog processor: hides what is secret by its key or by its look, and drops message text."""
    for key, value in list(event.items()):
        if key in ("event", "exception"):
            event[key] = redact_text(str(value))
        elif key in TEXT_KEYS or (SECRET_KEYS.search(key) and not PLAIN_KEYS.search(key)):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = redact_text(value)
        elif isinstance(value, dict):
            event[key] = redact(_logger, _method, dict(value))
    return event


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def config(*, debug: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING, and structlog set up to the same end: one line an event, on stderr."""
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=False) if debug else structlog.processors.JSONRenderer()
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _shared(),
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            render,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # The edge has an access line of its own; these would say it again, with query strings.
            "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "django.channels.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
            "django.security.DisallowedHost": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            # Its lines on sockets hold whole paths with their query strings.
            "uvicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
            "daphne": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
            # What agents stand on: their lines hold URLs with query strings and, at DEBUG, what was said.
            **{name: {"level": "WARNING"} for name in ("httpx", "httpcore", "openai", "mcp")},
        },
    }


def access_logger() -> Any:
    """The logger of access lines: straight to stderr, since a line for each request must cost next to nothing."""
    debug = bool(settings.DEBUG)
    render: Any = structlog.dev.ConsoleRenderer(colors=False) if debug else _json
    return structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr) if debug else structlog.BytesLogger(sys.stderr.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.LOG_LEVEL)),
    ).bind(logger="chatbackend.access")


def _json(_logger: object, _method: str, event: Event) -> bytes:
    return orjson.dumps(event)
