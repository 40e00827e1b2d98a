"""The DRF skin over `resolve`: authentication classes and permissions. Who is speaking is decided in `resolve.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .credentials import Credentials, from_request
from .errors import Forbidden, Unauthenticated
from .principal import Principal
from .resolve import resolve, resolve_or_none


@dataclass(frozen=True, slots=True)
class Speaker:
    """`request.user` in a DRF view: just enough for DRF. The principal itself is `request.auth`."""

    pk: str
    is_staff: bool
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    def __str__(self) -> str:
        return self.pk


def credentials_of(request: HttpRequest) -> Credentials:
    """What the request brought, parsed once however often it is asked for."""
    identity = getattr(request, "scope", {}).get("identify")
    return identity.credentials if identity is not None else from_request(request)


def _named_in_query(request: HttpRequest) -> str | None:
    return request.GET.get("session_id") if "session_id" in request.META.get("QUERY_STRING", "") else None


class PrincipalAuthentication(BaseAuthentication):
    """Everybody must be somebody: `request.auth` is a Principal. `session_id` in the query is a named credential."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        asked = request._request
        principal = resolve(credentials_of(asked), _named_in_query(asked))
        return Speaker(principal.owner, principal.is_staff), principal

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class OptionalPrincipal(PrincipalAuthentication):
    """For the few views that a stranger may call: `request.auth` is None for one, but a bad credential is still refused."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        asked = request._request
        principal = resolve_or_none(credentials_of(asked), _named_in_query(asked))
        return None if principal is None else (Speaker(principal.owner, principal.is_staff), principal)


class KeyAuthentication(PrincipalAuthentication):
    """For the customer's own server: `session_id` in the query is a field of the call here, not who speaks."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        principal = resolve(credentials_of(request._request))
        return Speaker(principal.owner, principal.is_staff), principal


class Anyone(PrincipalAuthentication):
    """For views that look at what was brought themselves; a refusal there is still a 401 with `WWW-Authenticate`."""

    def authenticate(self, request: Request) -> None:
        return None


class HasScope(BasePermission):
    """Only a backend key that has the scope which the view names in `scope`; anybody else is known, but not allowed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        require_scope(principal_of(request), view.scope)
        return True


def principal_of(request: Request) -> Principal:
    """The speaker of a DRF request whose view lets nobody else in."""
    principal: Any = request.auth
    if not isinstance(principal, Principal):
        raise Unauthenticated
    return principal


def require_scope(principal: Principal, scope: str) -> None:
    """Raises Forbidden unless a backend key with this scope is speaking."""
    if principal.kind != "key" or scope not in principal.scopes:
        raise Forbidden
