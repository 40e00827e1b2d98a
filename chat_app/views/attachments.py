"""What the OpenAPI document says of attachments, which consumers answer (`consumers/attachments.py`)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chat_app.views.base import ChatView
from chat_app.views.schema import refusals
from chat_app.views.turns import SESSION, served_by_a_consumer

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
BYTES = {(200, kind): OpenApiTypes.BINARY for kind in (*PICTURES, "application/octet-stream")}
TOKEN = OpenApiParameter("token", OpenApiTypes.STR, required=True, description="Part of the signed link.")


class AttachmentBody(serializers.Serializer[Any]):
    """One file."""

    file = serializers.FileField()


class AttachmentShape(serializers.Serializer[Any]):
    """ChatKit's attachment."""

    id = serializers.CharField()
    name = serializers.CharField()
    mime_type = serializers.CharField()
    type = serializers.CharField(help_text="file or image")
    preview_url = serializers.CharField(required=False, help_text="Of pictures: needs no credential.")
    thread_id = serializers.CharField(required=False)


class AttachmentsDoc(ChatView):
    @extend_schema(
        tags=["attachments"],
        parameters=[SESSION],
        request={"multipart/form-data": AttachmentBody},
        responses={201: AttachmentShape, **refusals(400, 401, 403, 413, 415, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        """Send a file that a message will name."""
        return served_by_a_consumer()


class AttachmentUploadDoc(ChatView):
    authentication_classes = []

    @extend_schema(
        tags=["attachments"],
        parameters=[TOKEN],
        request={"multipart/form-data": AttachmentBody},
        responses={200: AttachmentShape, **refusals(400, 404, 409, 413, 415, 503)},
    )
    def post(self, request: Request, attachment_id: str) -> Response:
        """Send the bytes of an announced file, as a form."""
        return served_by_a_consumer()

    @extend_schema(
        tags=["attachments"],
        parameters=[TOKEN],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: AttachmentShape, **refusals(400, 404, 409, 413, 503)},
    )
    def put(self, request: Request, attachment_id: str) -> Response:
        """Send the bytes of an announced file, as they are."""
        return served_by_a_consumer()


class AttachmentPreviewDoc(ChatView):
    authentication_classes = []

    @extend_schema(
        tags=["attachments"],
        parameters=[TOKEN],
        responses={
            **{(200, kind): OpenApiTypes.BINARY for kind in PICTURES},
            **refusals(400, 404),
        },
    )
    def get(self, request: Request, attachment_id: str) -> Response:
        """A picture, for pages of any origin."""
        return served_by_a_consumer()


class AttachmentDoc(ChatView):
    @extend_schema(tags=["attachments"], parameters=[SESSION], responses={**BYTES, **refusals(400, 401, 404)})
    def get(self, request: Request, attachment_id: str) -> Response:
        """Download a file."""
        return served_by_a_consumer()

    @extend_schema(
        tags=["attachments"],
        parameters=[SESSION],
        responses={204: None, **refusals(400, 401, 404, 409)},
    )
    def delete(self, request: Request, attachment_id: str) -> Response:
        """Delete a file that no message holds."""
        return served_by_a_consumer()
