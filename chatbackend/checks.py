"""System checks on the whole set-up: combinations of settings that would lose messages or never stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def workers_share_a_log(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A second process cannot see the first one's turns unless Redis carries them."""
    if settings.WORKERS > 1 and not settings.REDIS_URL:
        return [
            Error(
                f"WORKERS is {settings.WORKERS}, but REDIS_URL is not set.",
                hint="Set REDIS_URL, or WORKERS=1: workers share the record of running turns through Redis.",
                id="chatbackend.E001",
            )
        ]
    return []


@register()
def asgi_alone(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Turns outlive their request, which a WSGI server does not allow."""
    if getattr(settings, "WSGI_APPLICATION", None):
        return [
            Error(
                "WSGI_APPLICATION is set, but this project runs under ASGI alone.",
                hint="Serve chatbackend.asgi:application, for example by `make serve`.",
                id="chatbackend.E002",
            )
        ]
    return []


@register(deploy=True)
def secrets_are_set(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Without these two the service starts, but cannot keep model keys or know the customer's server."""
    found: list[CheckMessage] = []
    if not settings.ENCRYPTION_KEYS:
        found.append(
            Warning("ENCRYPTION_KEYS is not set: keys of models cannot be stored.", id="chatbackend.W001")
        )
    if not settings.BACKEND_KEY:
        hint = "Keys can also be made by `manage.py create_api_key`."
        found.append(Warning("BACKEND_KEY is not set.", hint=hint, id="chatbackend.W002"))
    return found
