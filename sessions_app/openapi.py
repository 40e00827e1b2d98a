"""How the OpenAPI document names the credentials of this app. Imported when the app is ready; used by nothing else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

Requirement = list[dict[str, list[str]]]


class PrincipalScheme(OpenApiAuthenticationExtension):
    """One entry for each way to bring a credential; any one of them will do."""

    target_class = "sessions_app.auth.PrincipalAuthentication"
    name = ["bearer", "authToken", "login"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "Backend key, client secret or JWT."},
            {"type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": "JWT."},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]

    def get_security_requirement(self, auto_schema: Any) -> Requirement:
        return [{"bearer": []}, {"authToken": []}, {"login": []}]


class _Known(PrincipalScheme):
    """A variant whose ways are among those already defined: defining one twice would be a collision."""

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return []


class KeyScheme(_Known):
    """The customer's own server brings a backend key, and nothing else will do."""

    target_class = "sessions_app.auth.KeyAuthentication"

    def get_security_requirement(self, auto_schema: Any) -> Requirement:
        return [{"bearer": []}]


class OptionalScheme(_Known):
    """Any credential, or none."""

    target_class = "sessions_app.auth.OptionalPrincipal"

    def get_security_requirement(self, auto_schema: Any) -> Requirement:
        return [*super().get_security_requirement(auto_schema), {}]


class AnyoneScheme(_Known):
    """What the body holds decides."""

    target_class = "sessions_app.auth.Anyone"

    def get_security_requirement(self, auto_schema: Any) -> Requirement:
        return [{}]
