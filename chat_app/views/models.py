"""Which models this principal may choose from."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from chat_app.chat import catalog
from chat_app.views.base import ChatView
from chat_app.views.schema import ModelShape, refusals
from chat_app.wire import native


class ModelList(ChatView):
    """The catalogue as a front end's menu: never a URL, never a key."""

    @extend_schema(
        tags=["models"],
        responses={
            200: inline_serializer("ModelList", {"data": ModelShape(many=True)}),
            **refusals(400, 401),
        },
    )
    def get(self, request: Request) -> Response:
        infos = catalog.catalogue().infos(guest=self.principal.guest)
        return Response({"data": [native.model(info) for info in infos]})
