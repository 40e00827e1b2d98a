"""What the views of this app share: JSON whatever was asked for, cookies, and the documented refusals."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from .. import conf, ports
from ..auth import credentials_of
from ..serializers import ErrorAnswer, instant
from ..sessions import Issued

_REFUSALS = {
    400: "Not JSON, a bad field, or an unknown model.",
    401: "The credential is missing, wrong or expired.",
    403: "Known, but not allowed.",
    404: "Not there, or not yours.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many; see Retry-After.",
    503: "It cannot be done right now; see Retry-After.",
}


class AlwaysJSON(DefaultContentNegotiation):
    """These endpoints speak JSON to everybody, whatever `Accept` says."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    """The documented error answers of a view."""
    return {status: OpenApiResponse(ErrorAnswer, description=_REFUSALS[status]) for status in statuses}


def issued(given: Issued) -> dict[str, Any]:
    """What a browser is told of its new secret."""
    return {
        "client_secret": given.secret,
        "expires_at": instant(given.session.expires_at),
        "model": given.session.model or ports.resolve_default(),
    }


def issued_in_full(given: Issued) -> dict[str, Any]:
    """What a customer's server is told: its proxies hand `session_id` on as the client secret."""
    return {"id": given.session.pk, "session_id": given.secret, **issued(given)}


def set_session_cookie(response: HttpResponseBase, given: Issued) -> None:
    left = given.session.expires_at - timezone.now()
    response.set_cookie(
        conf.SESSION_COOKIE,
        given.secret,
        max_age=max(0, int(left.total_seconds())),
        httponly=True,
        secure=conf.cookie_secure(),
        samesite="Lax",
    )


def has_session_cookie(request: Request) -> bool:
    """Whether the browser's own cookie for sessions came along, so that it must follow what happens to the session."""
    return credentials_of(request._request).session_cookie is not None
