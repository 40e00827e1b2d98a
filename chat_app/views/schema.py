"""What the OpenAPI document says of the chat side: the shapes of answers and refusals. Documentation only; `wire/native.py`
makes the shapes, and a test holds the two together."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from chat_app.wire.chatkit_requests import OPERATIONS


class Refusal(serializers.Serializer[Any]):
    """Every error of the API."""

    detail = serializers.CharField()
    code = serializers.CharField()
    retryable = serializers.BooleanField()
    request_id = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class ChatKitRefusal(serializers.Serializer[Any]):
    """The same on /chatkit, whose client reads `message`."""

    message = serializers.CharField()
    code = serializers.CharField()
    retryable = serializers.BooleanField()
    request_id = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class ChatKitRequest(serializers.Serializer[Any]):
    """One operation of ChatKit's protocol."""

    type = serializers.ChoiceField(list(OPERATIONS), help_text="The operation.")
    params = serializers.DictField(help_text="What the operation takes.")


class Usage(serializers.Serializer[Any]):
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField()
    cost = serializers.CharField(required=False)
    currency = serializers.CharField()


class ModelShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    default = serializers.BooleanField()
    available = serializers.BooleanField()
    capabilities = serializers.ListField(child=serializers.CharField())


class ThreadShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(["active", "locked", "closed"])
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    active_turn_id = serializers.CharField(required=False)


class ItemAttachment(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    mime_type = serializers.CharField()
    type = serializers.ChoiceField(["file", "image"])
    size = serializers.IntegerField(help_text="Bytes.")


class ItemShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    thread_id = serializers.CharField(required=False)
    turn_id = serializers.CharField(required=False)
    seq = serializers.IntegerField()
    type = serializers.CharField()
    text = serializers.CharField()
    model = serializers.CharField(required=False)
    attachments = ItemAttachment(many=True, required=False)
    feedback = serializers.CharField(required=False, help_text="positive or negative")
    data = serializers.DictField(required=False)  # type: ignore[assignment]
    created_at = serializers.DateTimeField()


class TurnError(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    retryable = serializers.BooleanField()


class TurnShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    thread_id = serializers.CharField(required=False)
    state = serializers.ChoiceField(["queued", "running", "completed", "failed", "cancelled", "interrupted"])
    model = serializers.CharField(required=False)
    requested_model = serializers.CharField(required=False)
    text = serializers.CharField()
    usage = Usage(required=False)
    error = TurnError(required=False)
    attempts = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()
    first_token_at = serializers.DateTimeField(required=False)
    ended_at = serializers.DateTimeField(required=False)


class ChatAnswer(serializers.Serializer[Any]):
    response = serializers.CharField()
    session_id = serializers.CharField(required=False)
    thread_id = serializers.CharField(required=False)
    turn_id = serializers.CharField()
    model = serializers.CharField(required=False)
    usage = Usage(required=False)
    state = serializers.CharField(required=False)


class StreamEvent(serializers.Serializer[Any]):
    """One event of a stream, as the SSE standard names its parts; a stream is any number of them, until it ends."""

    data = serializers.CharField(  # type: ignore[assignment]
        help_text="A piece of the answer's text and nothing else; of typed events, the event as JSON.",
        allow_blank=True,
    )
    event = serializers.CharField(
        required=False, help_text="`error` and `done` close a plain stream; of typed events, their type."
    )
    id = serializers.CharField(required=False, help_text="Of typed events, their number: for Last-Event-ID.")


def page_of(shape: type[serializers.Serializer[Any]]) -> Any:
    """A page of these."""
    return inline_serializer(
        f"{shape.__name__.removesuffix('Shape')}Page",
        {
            "data": shape(many=True),
            "has_more": serializers.BooleanField(),
            "next": serializers.CharField(required=False),
        },
    )


def refusals(*statuses: int) -> dict[int, type[Refusal]]:
    """The error statuses that a view may answer, for `extend_schema`."""
    return dict.fromkeys(statuses, Refusal)
