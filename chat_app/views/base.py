"""What the chat side's views share. They decode, call a verb of `chat/`, and encode; they decide nothing."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from chat_app.wire import requests
from sessions_app.principal import Principal


class AlwaysJSON(BaseContentNegotiation):
    """JSON whatever `Accept` says: the API has no other face, and a 406 helps nobody."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers), None) if requests.is_json(request.content_type or "") else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ChatView(APIView):
    """A view whose caller is a Principal."""

    content_negotiation_class = AlwaysJSON

    @property
    def principal(self) -> Principal:
        principal = self.request.auth
        assert isinstance(principal, Principal)
        return principal

    def fields(self, kind: type[Serializer[Any]]) -> dict[str, Any]:
        """The validated body. Raises InvalidInput, BadJson."""
        data = self.request.data
        if not isinstance(data, dict):
            raise requests.BadJson
        return requests.check(kind, data)

    def query(self, kind: type[Serializer[Any]] = requests.Paging) -> dict[str, Any]:
        """How a list is wanted, from the query string. Raises InvalidInput."""
        given = {key: value for key, value in self.request.query_params.items() if value != ""}
        return requests.check(kind, given)
