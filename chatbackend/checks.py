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
def database_fits_the_workers(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """SQLite has one writer, and a lock that several hosts do not share; what several may share needs Redis beside it."""
    if _on_sqlite():
        if settings.WORKERS == 1:
            return []
        hint = "Set DATABASE_URL to PostgreSQL, or WORKERS=1."
        return [Error(f"WORKERS is {settings.WORKERS} on SQLite.", hint=hint, id="chatbackend.E003")]
    if settings.DEBUG or settings.REDIS_URL:
        return []
    hint = "Set REDIS_URL: another process on this database could not see this one's running turns."
    return [Error("REDIS_URL is not set beside PostgreSQL.", hint=hint, id="chatbackend.E004")]


@register(deploy=True)
def one_process_only(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A production on SQLite works, as long as nobody starts a second process on its file."""
    if settings.DEBUG or settings.REDIS_URL or not _on_sqlite():
        return []
    hint = "For more set DATABASE_URL to PostgreSQL and REDIS_URL."
    return [Warning("SQLite without Redis: one process only.", hint=hint, id="chatbackend.W003")]


def _on_sqlite() -> bool:
    return bool(settings.DATABASE_URL.startswith("sqlite"))


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
