"""`POST /api/chatkit/session`: a client secret of OpenAI's hosted ChatKit, for front ends that fall back to it.

Source: OpenAI's API reference, "Create ChatKit session" (beta). One attempt, no retry: the examples' callers repeat by
themselves. Which model answers there is the workflow's business, not ours.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from yarl import URL

from chat_app.domain.errors import NotConfigured, UpstreamError
from chat_app.providers import http
from chat_app.providers.base import Timeouts
from chat_app.views.base import ChatView
from chat_app.views.schema import refusals

SECONDS = 2.0  # all in all: a session is answered within that, or refused
BETA = "chatkit_beta=v1"
MAX_ANSWER = 65_536


class HostedSession(msgspec.Struct):
    """What is needed of OpenAI's answer; `expires_at` is in seconds since 1970."""

    client_secret: str
    expires_at: int


class ChatKitSession(ChatView):
    """Whoever may have a session here may have one there; the user that OpenAI is told of is the owner's name."""

    @extend_schema(
        tags=["sessions"],
        request=None,
        responses={
            200: inline_serializer(
                "HostedSession",
                {"client_secret": serializers.CharField(), "expires_at": serializers.DateTimeField()},
            ),
            **refusals(401, 413, 502, 503, 504),
        },
    )
    def post(self, request: Request) -> Response:
        if not (settings.OPENAI_API_KEY and settings.CHATKIT_WORKFLOW_ID):
            raise NotConfigured("OpenAI's hosted ChatKit is not configured on this server.")
        hosted = asyncio.run(create(self.principal.owner))
        return Response(
            {"client_secret": hosted.client_secret, "expires_at": _instant(hosted.expires_at)},
            headers={"Cache-Control": "no-store"},
        )


async def create(user: str) -> HostedSession:
    """Ask OpenAI for a session of this user. Raises UpstreamError, within `SECONDS`."""
    try:
        with http.foreign_errors():
            async with asyncio.timeout(SECONDS), await _post(user) as exchange:
                raw = bytearray()
                while data := await exchange.read():
                    raw += data
                    if len(raw) > MAX_ANSWER:
                        raise UpstreamError("OpenAI's answer is too long to be a session.")
            return msgspec.json.decode(raw, type=HostedSession)
    finally:
        await http.close()


async def _post(user: str) -> http.Exchange:
    body: dict[str, Any] = {"workflow": {"id": settings.CHATKIT_WORKFLOW_ID}, "user": user}
    return await http.post(
        URL(f"{settings.OPENAI_BASE_URL.rstrip('/')}/chatkit/sessions"),
        headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}", "OpenAI-Beta": BETA},
        body=body,
        timeouts=Timeouts(connect=SECONDS, first_token=SECONDS, idle=SECONDS, total=SECONDS),
    )


def _instant(seconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise UpstreamError("OpenAI's answer names no possible time.") from error
    return moment.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
