"""Errors that arise before or around any view, in the contract's shape. The chat side's own errors live in chat_app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Problem:
    """A status, a machine word and a sentence for people."""

    status: int
    code: str
    detail: str
    retryable: bool = False


INVALID = Problem(400, "invalid", "The request is not valid.")
BAD_HOST = Problem(400, "invalid_host", "This server does not answer under that host name.")
BAD_ORIGIN = Problem(403, "origin_not_allowed", "Pages of that origin may not use this server.")
FORBIDDEN = Problem(403, "forbidden", "You may not do that.")
NOT_FOUND = Problem(404, "not_found", "There is nothing here.")
TOO_LARGE = Problem(413, "too_large", "The request is too large.")
INTERNAL = Problem(500, "internal", "Something went wrong on this server.", retryable=True)


def body(problem: Problem, path: str, request_id: str) -> bytes:
    """The JSON of an error. ChatKit's client reads `message` where everybody else reads `detail`."""
    word = "message" if f"{path}/".startswith("/chatkit/") else "detail"
    shape: dict[str, Any] = {
        word: problem.detail,
        "code": problem.code,
        "retryable": problem.retryable,
        "request_id": request_id,
    }
    return orjson.dumps(shape)


def response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The same as a Django response, for a request that the edge has numbered."""
    request_id = getattr(request, "scope", {}).get("request_id", "")
    return HttpResponse(
        body(problem, request.path, request_id), status=problem.status, content_type="application/json"
    )
