"""What the OpenAPI document says of `POST /chatkit`, which a consumer answers (`routing.py`): this view is never reached under
ASGI."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat_app.domain.errors import NotConfigured
from chat_app.views.base import ChatView
from chat_app.views.schema import ChatKitRefusal, ChatKitRequest, StreamEvent
from chat_app.views.turns import KEY

REFUSALS = (400, 401, 403, 404, 413, 415, 429, 503)


class ChatKitDoc(ChatView):
    @extend_schema(
        tags=["chatkit"],
        parameters=[KEY],
        request=ChatKitRequest,
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/event-stream"): StreamEvent,
            **dict.fromkeys(REFUSALS, ChatKitRefusal),
        },
    )
    def post(self, request: Request) -> Response:
        """ChatKit's whole protocol: what is answered at once as JSON, what a turn says as a stream of events."""
        raise NotConfigured("This path needs an ASGI server, such as uvicorn.")
