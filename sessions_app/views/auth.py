"""`/api/auth/*`: our own JWTs, for a password or a login; renewed and ended."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import update_last_login
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import conf, families, limits, sessions
from ..auth import Anyone, credentials_of
from ..errors import Unauthenticated
from ..resolve import resolve
from ..serializers import (
    PASSWORD,
    REFRESH,
    REVOKE,
    PasswordRequest,
    RefreshRequest,
    RevokeRequest,
    TokenAnswer,
    fields_of,
    instant,
)
from .base import AlwaysJSON, refusals

MINUTE = 60


class TokenView(APIView):
    """A pair of tokens for a username and password, or for a login cookie that a page of this host sent."""

    authentication_classes = [Anyone]
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        tags=["auth"],
        request=PasswordRequest,
        responses={200: TokenAnswer, **refusals(400, 401, 413, 415, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        fields = fields_of(request, PASSWORD)
        if fields:
            return _answer(families.issue(_by_password(request, fields["username"], fields["password"])))
        principal = resolve(credentials_of(request._request))
        if principal.kind != "login":
            raise Unauthenticated
        user = get_user_model().objects.get(pk=principal.owner.partition(":")[2])
        return _answer(families.issue(user, grant=principal.grant))


class RefreshView(APIView):
    """A new pair for a refresh token, which works once."""

    authentication_classes = [Anyone]
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        tags=["auth"],
        request=RefreshRequest,
        responses={200: TokenAnswer, **refusals(400, 401, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        return _answer(families.rotate(fields_of(request, REFRESH)["refresh"]))


class RevokeView(APIView):
    """End a login's tokens, all of them, and the sessions that they got."""

    authentication_classes = [Anyone]
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        tags=["auth"],
        request=RevokeRequest,
        responses={204: None, **refusals(400, 401, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        fields = fields_of(request, REVOKE)
        brought = credentials_of(request._request)
        raw = fields.get("refresh") or brought.bearer or brought.auth_token
        if not raw:
            raise Unauthenticated
        family = families.family_of(raw)
        sessions.revoke_grant(families.owner_of(family.user), family.pk)
        return Response(status=204)


def _by_password(request: Request, username: str, password: str) -> Any:
    """The user. Raises RateLimited before it looks, Unauthenticated for any failure in the same words."""
    address = limits.network_of(credentials_of(request._request).client_ip)
    limits.hit("login", f"{address} {username.lower()}", conf.login_limit(), MINUTE)
    limits.hit("login-address", address, conf.login_limit() * 5, MINUTE)
    user = authenticate(request._request, username=username, password=password)
    if user is None or not user.is_active:
        raise Unauthenticated("The username or password is wrong.")
    update_last_login(None, user)  # type: ignore[arg-type]
    return user


def _answer(pair: families.Pair) -> Response:
    body = {"token": pair.access, "refresh": pair.refresh, "expires_at": instant(pair.expires_at)}
    response = Response(body)
    response["Cache-Control"] = "no-store"
    return response
