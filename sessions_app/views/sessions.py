"""`/api/sessions` and what stands below it: the customer's server issues, looks at and ends sessions; a session itself too."""

from __future__ import annotations

import re

from django.db.models import Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import conf, sessions, tokens
from ..auth import HasScope, KeyAuthentication, PrincipalAuthentication, principal_of
from ..errors import NotFound
from ..models import ChatSession
from ..serializers import SESSION, SessionAnswer, SessionRequest, SessionState, fields_of, state_of
from .base import AlwaysJSON, has_session_cookie, issued_in_full, refusals, set_session_cookie

_SESSION_ID = re.compile(r"\Ases_[0-9a-f]{1,36}\Z")
_IN_QUERY = [
    OpenApiParameter("user_id", OpenApiTypes.STR, description="In place of the body's field."),
    OpenApiParameter("model", OpenApiTypes.STR, description="In place of the body's field."),
    OpenApiParameter("ttl", OpenApiTypes.INT, description="In place of the body's field."),
]


class SessionsView(APIView):
    """Issue a session for a user of the key's realm. One insert; a key from the environment costs no select."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [HasScope]
    content_negotiation_class = AlwaysJSON
    scope = "sessions"

    @extend_schema(
        tags=["sessions"],
        parameters=_IN_QUERY,
        request=SessionRequest,
        responses={201: SessionAnswer, **refusals(400, 401, 403, 413, 415, 503)},
    )
    def post(self, request: Request, model: str | None = None) -> Response:
        fields, key = fields_of(request, SESSION, "user_id", "model", "ttl"), principal_of(request)
        given = sessions.issue(
            f"{key.realm}:{fields['user_id']}",
            issued_by=key.key_id or "",
            model=sessions.check_model(fields.get("model") or model),
            ttl=fields.get("ttl"),
            metadata=fields.get("metadata"),
        )
        return Response(issued_in_full(given), status=201)


@extend_schema_view(post=extend_schema(operation_id="base_sessions_create"))
class BaseSessionsView(SessionsView):
    """The same under a base of the examples."""


@extend_schema_view(post=extend_schema(operation_id="model_sessions_create"))
class ModelSessionsView(SessionsView):
    """The same under a base that names the model, unless the call does."""


class SessionView(APIView):
    """One session, by its id or its secret, for a key of its realm."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [HasScope]
    content_negotiation_class = AlwaysJSON
    scope = "sessions"

    @extend_schema(tags=["sessions"], responses={200: SessionState, **refusals(401, 403, 404, 503)})
    def get(self, request: Request, session: str) -> Response:
        return Response(state_of(self.find(request, session), with_metadata=True))

    @extend_schema(tags=["sessions"], responses={204: None, **refusals(401, 403, 404, 503)})
    def delete(self, request: Request, session: str) -> Response:
        sessions.revoke([self.find(request, session)])
        return Response(status=204)

    def find(self, request: Request, named: str) -> ChatSession:
        """The session, living or not. Raises NotFound in the same words for one that is another realm's."""
        if _SESSION_ID.match(named):
            wanted = Q(pk=named)
        else:
            wanted = Q(token_digest=tokens.digest(named)) | Q(previous_digest=tokens.digest(named))
        found = ChatSession.objects.filter(wanted, realm=principal_of(request).realm).first()
        if found is None:
            raise NotFound
        return found


class CurrentSessionView(APIView):
    """The session that the caller's own secret or cookie names."""

    authentication_classes = [PrincipalAuthentication]
    content_negotiation_class = AlwaysJSON

    @extend_schema(tags=["sessions"], responses={200: SessionState, **refusals(401, 404, 503)})
    def get(self, request: Request) -> Response:
        return Response(state_of(current(request), with_metadata=False))

    @extend_schema(tags=["sessions"], responses={204: None, **refusals(401, 404, 503)})
    def delete(self, request: Request) -> Response:
        sessions.revoke([current(request)])
        response = Response(status=204)
        if has_session_cookie(request):
            response.delete_cookie(conf.SESSION_COOKIE, samesite="Lax")
        return response


class RefreshSessionView(APIView):
    """A new secret for the session that the caller's own secret or cookie names."""

    authentication_classes = [PrincipalAuthentication]
    content_negotiation_class = AlwaysJSON

    @extend_schema(
        tags=["sessions"], request=None, responses={200: SessionAnswer, **refusals(401, 404, 413, 503)}
    )
    def post(self, request: Request) -> Response:
        given = sessions.refresh(current(request).pk)
        response = Response(issued_in_full(given))
        if has_session_cookie(request):
            set_session_cookie(response, given)
        return response


def current(request: Request) -> ChatSession:
    """The caller's session row. Raises NotFound for a caller who brought none."""
    found = ChatSession.objects.filter(pk=principal_of(request).session_id).first()
    if found is None:
        raise NotFound
    return found
