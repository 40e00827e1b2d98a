"""What callers send: DRF serializers, the same for views, consumers and the OpenAPI document.

Text is taken as it is, to the letter: no trimming, no coercion of other types; NUL and lone surrogates are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from rest_framework import serializers

from chat_app.domain.errors import ChatError, InvalidInput
from chat_app.wire.problems import fields_of

MESSAGE_LIMIT = 100_000
ID = {"max_length": 200, "required": False}


class Text(serializers.CharField):
    """A string and nothing else; NUL and surrogates are refused by DRF's own validators."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("trim_whitespace", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class AskBody(serializers.Serializer[Any]):
    """A message for a model."""

    message = Text(required=False, help_text="What the user says; up to 100,000 characters.")
    text = Text(required=False, help_text="The same as `message`, as example 2's front end names it.")
    session_id = Text(**ID, help_text="A session's client secret, where no header names it.")
    thread_id = Text(**ID, help_text="The thread to go on with; else the session's.")
    model = Text(
        max_length=64, required=False, help_text="A model's id; else the session's, else the default."
    )
    on_busy = serializers.ChoiceField(["reject", "replace"], required=False)
    events = serializers.BooleanField(
        required=False, help_text="Typed events in place of the examples' framing."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "message" not in attrs and "text" not in attrs:
            raise serializers.ValidationError({"message": ["This field is required."]})
        attrs["message"] = attrs.get("message", attrs.get("text"))
        return attrs


class RetryBody(serializers.Serializer[Any]):
    """Who is to answer anew."""

    model = Text(max_length=64, required=False)


class ThreadBody(serializers.Serializer[Any]):
    """What can be said of a thread."""

    title = Text(max_length=255, required=False, allow_blank=True)


class FeedbackBody(serializers.Serializer[Any]):
    """What a user thinks of an item; null takes it back."""

    kind = serializers.ChoiceField(["positive", "negative"], allow_null=True)
    comment = Text(max_length=5000, required=False, allow_blank=True)


class Paging(serializers.Serializer[Any]):
    """How a list is paged: `after` is the `next` of the page before."""

    limit = serializers.IntegerField(min_value=1, max_value=100, required=False)
    after = Text(max_length=64, required=False)
    order = serializers.ChoiceField(["asc", "desc"], required=False)


class Search(Paging):
    """The same, of what contains a text."""

    q = Text(max_length=200, required=False)


class SocketAuth(serializers.Serializer[Any]):
    """`auth`: who speaks, on a socket that brought no credential, or a renewed one."""

    token = Text(max_length=8192)


class SocketMessage(serializers.Serializer[Any]):
    """`message`: what the user says; `id` is the idempotency key and is echoed."""

    text = Text()
    id = Text(max_length=255, required=False)
    thread_id = Text(**ID)
    model = Text(max_length=64, required=False)
    on_busy = serializers.ChoiceField(["reject", "replace"], required=False)


class SocketCancel(serializers.Serializer[Any]):
    """`cancel`: the turn named, else the one that runs in this socket's thread."""

    turn_id = Text(**ID)


class SocketFollow(serializers.Serializer[Any]):
    """`follow`: hear of everything in a thread."""

    thread_id = Text(max_length=200)


class SocketResume(serializers.Serializer[Any]):
    """`resume`: a turn's events behind a number; without one from how it stands."""

    turn_id = Text(max_length=200)
    after = serializers.IntegerField(min_value=0, max_value=10**15, required=False)


class BadJson(ChatError):
    code = "invalid_json"
    default_detail = "The body must be one JSON object."


class NotJson(ChatError):
    code = "unsupported_media_type"
    default_detail = "The body must be sent as application/json."


def json_object(body: bytes, content_type: str | None = None) -> dict[str, Any]:
    """A body as a mapping; an empty one is empty. Raises BadJson; NotJson for one that says it is something else."""
    if not body.strip():
        return {}
    if content_type is not None and not is_json(content_type):
        raise NotJson
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadJson("The body is not valid JSON.") from None
    if not isinstance(data, dict):
        raise BadJson
    return data


def is_json(content_type: str) -> bool:
    return "json" in content_type.lower()


def query(raw: bytes) -> dict[str, str]:
    """A query string as a mapping, the last value of a name counts. Raises InvalidInput for what is no UTF-8."""
    if not raw:
        return {}
    try:
        return dict(
            parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
        )
    except (UnicodeDecodeError, ValueError):
        raise InvalidInput("The query string is not valid.") from None


def check(kind: type[serializers.Serializer[Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """The validated fields of a request. Raises InvalidInput with the sentences for each field."""
    try:
        return dict(_serializer(kind).run_validation(data))
    except serializers.ValidationError as error:
        raise InvalidInput(fields=fields_of(error.detail)) from None


@cache
def _serializer(kind: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """One for all requests: to make one copies all of its fields, to validate changes none of them."""
    return kind()
