"""What the OpenAPI document says of `/chatkit` and the streams below it, which consumers answer (`routing.py`): these views are
never reached under ASGI."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat_app.views.base import ChatView
from chat_app.views.schema import ChatKitRefusal, ChatKitRequest, StreamEvent
from chat_app.views.turns import KEY, STREAM, served_by_a_consumer

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
        return served_by_a_consumer()


class ChatKitTurnDoc(ChatView):
    @extend_schema(
        tags=["chatkit"],
        parameters=[OpenApiParameter("Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER)],
        responses={**STREAM, 204: None, **dict.fromkeys((401, 403, 404, 503), ChatKitRefusal)},
    )
    def get(self, request: Request, turn_id: str) -> Response:
        """A turn's events in ChatKit's frames, from its first one or behind `Last-Event-ID`, until it ends."""
        return served_by_a_consumer()
