"""`POST /api/custom/session`: what a browser calls directly to get its client secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.views import APIView

from .. import conf, sessions
from ..auth import OptionalPrincipal, require_scope
from ..errors import Unauthenticated
from ..guests import mint_guest
from ..models import ChatSession
from ..principal import Principal
from ..resolve import find_session
from ..serializers import CUSTOM_SESSION, CustomSessionAnswer, CustomSessionRequest, fields_of
from .base import AlwaysJSON, issued, refusals, set_session_cookie


class CustomSessionView(APIView):
    """A session for whoever is speaking; for a stranger too, as a new guest, where guests are let in."""

    authentication_classes = [OptionalPrincipal]
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        tags=["sessions"],
        request=CustomSessionRequest,
        responses={200: CustomSessionAnswer, **refusals(400, 401, 403, 413, 415, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        principal: Any = request.auth
        if principal is None and not conf.allow_guests():
            raise Unauthenticated
        fields = fields_of(request, CUSTOM_SESSION, "model", "user_id")
        if principal is None:
            principal, self.guest_cookie = mint_guest(request._request)
        if principal.kind == "key":
            return Response(issued(self.issue_for_user(principal, fields)))
        given = self.issue_for_self(principal, fields)
        response = Response(issued(given))
        set_session_cookie(response, given)
        return response

    def issue_for_user(self, key: Principal, fields: dict[str, Any]) -> sessions.Issued:
        require_scope(key, "sessions")
        if fields.get("user_id") is None:
            raise ValidationError({"user_id": ["A backend key says for whom."]})
        model = sessions.check_model(fields.get("model"))
        return sessions.issue(f"{key.realm}:{fields['user_id']}", issued_by=key.key_id or "", model=model)

    def issue_for_self(self, principal: Principal, fields: dict[str, Any]) -> sessions.Issued:
        """Refresh `current`, or the session that is itself the credential; else a new one."""
        known = self.known_session(principal, fields.get("current"))
        wanted = fields.get("model")
        if known is None:
            model = sessions.check_model(wanted)
            return sessions.issue(
                principal.owner, issued_by=principal.kind, model=model, grant=principal.grant
            )
        return sessions.refresh(known.pk, model=sessions.check_model(wanted or known.model))

    def known_session(self, principal: Principal, current: str | None) -> ChatSession | None:
        named = find_session(current) if current else None
        if named is not None and named.owner == principal.owner:
            return named
        if principal.kind == "session":
            return ChatSession.objects.filter(pk=principal.session_id).first()
        return None

    guest_cookie: Callable[[HttpResponseBase], None] | None = None

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """A new guest keeps the name also when the model is down, so that the next call comes from the same visitor."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.guest_cookie is not None:
            self.guest_cookie(response)
        return response
