"""Errors on the wire: the one table from machine words to HTTP status codes, and the one JSON shape.

Knows ChatError and DRF's exceptions (sessions_app raises those, with a code). What happened is decided elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions

from chat_app.domain.errors import ChatError, NotFound, Unavailable

STATUS: Mapping[str, int] = {
    "invalid": 400,
    "invalid_json": 400,
    "unknown_model": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "turn_running": 409,
    "idempotency_conflict": 409,
    "superseded": 409,
    "already_used": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "internal": 500,
    "upstream_error": 502,
    "upstream_refused": 502,
    "unavailable": 503,
    "not_configured": 503,
    "upstream_down": 503,
    "upstream_busy": 503,
    "interrupted": 503,
    "restart": 503,
    "upstream_timeout": 504,
}
DEFAULT_RETRY_AFTER = 5.0
_CODES = {
    exceptions.ParseError: "invalid_json",
    exceptions.NotAuthenticated: "unauthenticated",
    exceptions.AuthenticationFailed: "unauthenticated",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "rate_limited",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error as a response: status, body without its request id, and headers."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return str(self.body["code"])

    def with_id(self, request_id: str) -> dict[str, Any]:
        """The whole body."""
        return {**self.body, "request_id": request_id}


def problem(error: Exception) -> Problem | None:
    """How an exception is told to a caller; None for one that is a bug and must be logged first."""
    if isinstance(error, ChatError):
        return _of_chat_error(error)
    if isinstance(error, exceptions.ValidationError):
        return Problem(400, _body("The request is not valid.", "invalid", False, fields_of(error.detail)))
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    if isinstance(error, Http404):
        return _of_chat_error(NotFound())
    if isinstance(error, OperationalError | InterfaceError):
        return _of_chat_error(
            Unavailable("The server's storage cannot be reached right now; try again shortly.")
        )
    if isinstance(error, PermissionDenied):
        return Problem(403, _body("You may not do that.", "forbidden", False))
    return None


def is_storage(error: Exception) -> bool:
    """Whether the database itself failed: answered like any lack, but worth a line in the log."""
    return isinstance(error, OperationalError | InterfaceError)


def is_refusal(error: Exception) -> bool:
    """Whether the credential was no good, and nothing else was wrong."""
    found = problem(error)
    return found is not None and found.status == 401


def internal() -> Problem:
    """A bug of ours, without a word of what it was."""
    return Problem(500, _body(ChatError.default_detail, "internal", True))


def of_code(code: str, detail: str, retryable: bool, retry_after: float | None = None) -> Problem:
    """A failure of which only the words are left, as a turn's terminal event carries them."""
    status = STATUS.get(code, 500)
    return Problem(status, _body(detail, code, retryable), _headers(status, retry_after))


def _of_chat_error(error: ChatError) -> Problem:
    status = STATUS.get(error.code, 500)
    return Problem(
        status,
        _body(error.detail, error.code, error.retryable, error.fields),
        _headers(status, error.retry_after),
    )


def _of_api_exception(error: exceptions.APIException) -> Problem:
    code = getattr(error, "code", None) or next((c for t, c in _CODES.items() if isinstance(error, t)), None)
    code = code or str(error.default_code)
    retryable = getattr(error, "retryable", error.status_code in (429, 503))
    wait = getattr(error, "retry_after", None) or getattr(error, "wait", None)
    detail = str(error.detail) if isinstance(error.detail, str) else str(error.default_detail)
    if code == "invalid_json":
        detail = "The body is not valid JSON." if isinstance(error, exceptions.ParseError) else detail
    return Problem(error.status_code, _body(detail, code, retryable), _headers(error.status_code, wait))


def _body(detail: str, code: str, retryable: bool, fields: Any = None) -> dict[str, Any]:
    body: dict[str, Any] = {"detail": detail, "code": code, "retryable": retryable}
    if fields:
        body["errors"] = {key: list(words) for key, words in fields.items()}
    return body


def _headers(status: int, retry_after: float | None) -> dict[str, str]:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, math.ceil(retry_after or DEFAULT_RETRY_AFTER)))
    elif retry_after:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return headers


def fields_of(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested validation errors as flat `{field: [sentence, ...]}`."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            name = f"{prefix}.{key}" if prefix else str(key)
            found.update(fields_of(value, "request" if name == "non_field_errors" else name))
        return found
    if isinstance(detail, list):
        if all(isinstance(word, str) for word in detail):
            return {prefix or "request": [str(word) for word in detail]}
        merged: dict[str, list[str]] = {}
        for n, value in enumerate(detail):
            merged.update(fields_of(value, f"{prefix}.{n}"))
        return merged
    return {prefix or "request": [str(detail)]}
