"""What the endpoints of this app read and answer: validation of requests, and the shapes that the OpenAPI document shows.

Unknown fields are ignored. NUL and lone surrogates are refused in every text, also within metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request

from . import conf, ports
from .errors import InvalidBody
from .models import ChatSession

BAD_TEXT = "Text may not hold NUL or lone surrogates."


def fields_of(request: Request, kind: serializers.Serializer[Any], *in_query: str) -> dict[str, Any]:
    """The validated fields of a call: the body's (none at all is fine), and those of `in_query` that only the query has.

    `kind` is one of the instances below, shared by all calls: validating alone keeps nothing in it, and making the fields
    anew for each call would cost more than the rest of the view.
    """
    body = request.data
    if not isinstance(body, dict):
        raise InvalidBody
    found = {name: request.GET[name] for name in in_query if name in request.GET}
    fields: dict[str, Any] = kind.run_validation({**found, **body})
    return fields


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can keep it and UTF-8 can say it."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


@extend_schema_field({"oneOf": [{"type": "string", "maxLength": conf.MAX_USER_ID}, {"type": "integer"}]})
class UserIdField(serializers.Field[str, Any, str, Any]):
    """The issuer's own id of a user: a text or a whole number, kept as text."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, str | int):
            raise serializers.ValidationError("Give a text or a whole number.")
        text = str(data)
        if not text or len(text) > conf.MAX_USER_ID:
            raise serializers.ValidationError(f"Give 1 to {conf.MAX_USER_ID} characters.")
        if not is_storable(text):
            raise serializers.ValidationError(BAD_TEXT)
        return text

    def to_representation(self, value: str) -> str:
        return value


@extend_schema_field({"type": "object", "additionalProperties": True})
class MetadataField(serializers.Field[dict[str, Any], Any, dict[str, Any], Any]):
    """A JSON object of the issuer's own, kept as it is and bounded in size."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Give a JSON object.")
        if not all(is_storable(text) for text in _texts(data)):
            raise serializers.ValidationError(BAD_TEXT)
        try:
            size = len(orjson.dumps(data))
        except (TypeError, ValueError):  # numbers beyond 64 bits, nesting beyond its depth
            raise serializers.ValidationError("This JSON cannot be kept.") from None
        if size > conf.MAX_METADATA_BYTES:
            raise serializers.ValidationError(f"Give at most {conf.MAX_METADATA_BYTES} bytes.")
        return data

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


def _texts(data: Any) -> Any:
    rest = [data]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            rest += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            rest += one


class Text(serializers.CharField):
    """A text and nothing that could be read as one: 42 is not "42". NUL and surrogates are refused by DRF's validators."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class SessionRequest(serializers.Serializer[Any]):
    """`POST /api/sessions`: the fields may also stand in the query string."""

    user_id = UserIdField()
    model = Text(required=False, allow_null=True, max_length=conf.MAX_MODEL_ID)
    ttl = serializers.IntegerField(required=False, allow_null=True, min_value=1, help_text="Seconds.")
    metadata = MetadataField(required=False, allow_null=True)

    def validate_ttl(self, ttl: int | None) -> int | None:
        if ttl is not None and ttl > conf.max_session_ttl():
            raise serializers.ValidationError(f"Give at most {conf.max_session_ttl()} seconds.")
        return ttl


class CustomSessionRequest(serializers.Serializer[Any]):
    """`POST /api/custom/session`: nothing is needed. `user_id` is for a backend key alone."""

    model = Text(required=False, allow_null=True, max_length=conf.MAX_MODEL_ID)
    current = Text(required=False, allow_null=True, allow_blank=True, max_length=200)
    user_id = UserIdField(required=False, allow_null=True)


class PasswordRequest(serializers.Serializer[Any]):
    """`POST /api/auth/token`: both fields, or neither and a login cookie."""

    username = Text(required=False, max_length=150, trim_whitespace=False)
    password = Text(required=False, max_length=1000, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("username", "password"):
            if attrs and name not in attrs:
                raise serializers.ValidationError({name: ["This field is required beside the other."]})
        return attrs


class RefreshRequest(serializers.Serializer[Any]):
    refresh = Text(max_length=4096)


class RevokeRequest(serializers.Serializer[Any]):
    """`POST /api/auth/revoke`: a refresh token, else the access token in Authorization or X-Auth-Token."""

    refresh = Text(required=False, max_length=4096)


SESSION = SessionRequest()
CUSTOM_SESSION = CustomSessionRequest()
PASSWORD = PasswordRequest()
REFRESH = RefreshRequest()
REVOKE = RevokeRequest()


class CustomSessionAnswer(serializers.Serializer[Any]):
    client_secret = serializers.CharField()
    expires_at = serializers.DateTimeField()
    model = serializers.CharField()


class SessionAnswer(CustomSessionAnswer):
    """`session_id` and `client_secret` are the same secret; `id` is none."""

    id = serializers.CharField()
    session_id = serializers.CharField()


class SessionState(serializers.Serializer[Any]):
    id = serializers.CharField()
    user_id = serializers.CharField()
    model = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=["active", "expired", "revoked"])
    metadata = serializers.DictField(required=False)


class TokenAnswer(serializers.Serializer[Any]):
    token = serializers.CharField()
    refresh = serializers.CharField()
    expires_at = serializers.DateTimeField(help_text="When `token` ends.")


@extend_schema_serializer(component_name="SessionError")
class ErrorAnswer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    code = serializers.CharField()
    retryable = serializers.BooleanField()
    request_id = serializers.CharField()
    errors = serializers.DictField(required=False)  # type: ignore[assignment]


def state_of(session: ChatSession, *, with_metadata: bool) -> dict[str, Any]:
    """A session as its issuer (with the metadata) or its own user (without) is shown it."""
    shown: dict[str, Any] = {
        "id": session.pk,
        "user_id": session.owner.partition(":")[2],
        "model": session.model or ports.resolve_default(),
        "created_at": instant(session.created_at),
        "expires_at": instant(session.expires_at),
        "state": session.state(),
    }
    if with_metadata and session.metadata:
        shown["metadata"] = session.metadata
    return shown
