"""What the OpenAPI document says of the paths that consumers answer (`routing.py`): these views are never reached under
ASGI, where the consumers stand in front of Django. Under WSGI they say what is wrong."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat_app.domain.errors import NotConfigured
from chat_app.views.base import ChatView
from chat_app.views.schema import ChatAnswer, StreamEvent, TurnShape, refusals
from chat_app.wire import requests

STREAM = {(200, "text/event-stream"): StreamEvent}
STARTING = refusals(400, 401, 403, 404, 409, 413, 415, 429, 502, 503, 504)
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Makes a repeated request one turn.",
)
SESSION = OpenApiParameter("session_id", OpenApiTypes.STR, description="A session's client secret.")


def served_by_a_consumer() -> Response:
    """What a view answers that is never reached under ASGI."""
    raise NotConfigured("This path needs an ASGI server, such as uvicorn.")


class ChatDoc(ChatView):
    @extend_schema(
        tags=["chat"], parameters=[KEY], request=requests.AskBody, responses={200: ChatAnswer, **STARTING}
    )
    def post(self, request: Request, **captured: str) -> Response:
        """Ask and wait for the whole answer."""
        return served_by_a_consumer()


class StreamDoc(ChatView):
    @extend_schema(
        tags=["chat"], parameters=[KEY], request=requests.AskBody, responses={**STREAM, **STARTING}
    )
    def post(self, request: Request, **captured: str) -> Response:
        """Ask and stream the answer: `data: <token>` an event, or typed events where `events` is true."""
        return served_by_a_consumer()


class TurnDoc(ChatView):
    @extend_schema(
        tags=["turns"], parameters=[SESSION], responses={200: TurnShape, **refusals(400, 401, 404)}
    )
    def get(self, request: Request, turn_id: str) -> Response:
        """A turn as it stands."""
        return served_by_a_consumer()


class TurnEventsDoc(ChatView):
    @extend_schema(
        tags=["turns"],
        parameters=[
            SESSION,
            OpenApiParameter("after", OpenApiTypes.INT, description="The number of the last event seen."),
            OpenApiParameter("Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER),
        ],
        responses={**STREAM, 204: None, **refusals(400, 401, 404)},
    )
    def get(self, request: Request, turn_id: str) -> Response:
        """A turn's typed events, from any point, until it ends."""
        return served_by_a_consumer()


class TurnCancelDoc(ChatView):
    @extend_schema(
        tags=["turns"],
        parameters=[SESSION],
        request=None,
        responses={202: TurnShape, **refusals(400, 401, 404, 413)},
    )
    def post(self, request: Request, turn_id: str) -> Response:
        """Stop a turn; what was said is kept."""
        return served_by_a_consumer()


class TurnRetryDoc(ChatView):
    @extend_schema(
        tags=["turns"],
        parameters=[SESSION, KEY],
        request=requests.RetryBody,
        responses={202: TurnShape, **STARTING},
    )
    def post(self, request: Request, turn_id: str) -> Response:
        """Answer the same message again, in a new turn."""
        return served_by_a_consumer()
