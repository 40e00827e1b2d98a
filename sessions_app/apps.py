"""Start-up of the app: connects its receivers. Nothing else."""

from __future__ import annotations

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Sessions"

    def ready(self) -> None:
        from . import openapi, receivers  # noqa: F401  # models exist only now
