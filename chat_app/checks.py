"""System checks on what settings name for the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from chat_app.providers.python import provider as python


@register()
def responders_are_there(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A model whose responder cannot be imported is passed over; this says so before anybody asks for it."""
    found = ((name, python.problem(name)) for name in settings.CHAT_RESPONDERS)
    return [
        Warning(
            problem, hint=f"Look at the entry “{name}” of CHAT_RESPONDERS and at the log.", id="chat_app.W001"
        )
        for name, problem in found
        if problem is not None
    ]
