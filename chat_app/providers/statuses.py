"""What an upstream's statuses, error codes and headers mean in our own error tree.

No connection and no body: plain values come in. Nothing of what an upstream says gets into an error's `detail`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)

MAX_RETRY_AFTER: Final = 86_400.0
TOO_LONG: Final = "The conversation is too long for this model."

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_OF_REQUEST: Final = frozenset({400, 413, 415, 422})  # what was asked is wrong, not key, path or server
_TOO_LONG: Final = frozenset({"context_length_exceeded", "exceed_context_size_error"})

_Error = TypeVar("_Error", bound=UpstreamError)


def error_of_status(status: int, *, code: str = "", retry_after: float | None = None) -> UpstreamError:
    """The tree's error for an HTTP status of an upstream; `code` is the upstream's own word for it, if any."""
    if code in _TOO_LONG:
        return of_request(UpstreamRefused(TOO_LONG))
    if status == 429:
        return UpstreamBusy(retry_after=retry_after)
    if status in (408, 504):
        return UpstreamTimeout()
    if status >= 500:
        return UpstreamDown(f"The model's server failed (HTTP {status}).", retry_after=retry_after)
    if 300 <= status < 400:
        return UpstreamRefused(
            f"The model's server sends callers elsewhere (HTTP {status}); its base URL is wrong."
        )
    if 400 <= status < 500:
        refused = UpstreamRefused(f"The model's server refused the request (HTTP {status}).")
        return of_request(refused) if status in _OF_REQUEST else refused
    return UpstreamError()


def of_request(error: _Error) -> _Error:
    """`error`, marked as one that says nothing about the route's health."""
    error.of_request = True
    return error


def retry_after(value: str | None, unit: float = 1) -> float | None:
    """A Retry-After header in seconds, from a number (of which `unit` make a second) or an HTTP date (RFC 9110, 10.2.3);
    None where it says nothing."""
    if not value:
        return None
    try:
        seconds = float(value) / unit
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if not math.isnan(seconds) else None


def told_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a response's headers ask to wait: of `retry-after-ms` (OpenAI, Azure), else of Retry-After."""
    exact = retry_after(headers.get("retry-after-ms"), 1000)
    return exact if exact is not None else retry_after(headers.get("Retry-After"))


def fault_code(error: Any) -> str:
    """The upstream's own code of an error object, empty unless it looks like a code: it may reach logs."""
    if not isinstance(error, dict):
        return ""
    words = (error.get("code"), error.get("type"))
    return next((word for word in words if isinstance(word, str) and _CODE.fullmatch(word)), "")
