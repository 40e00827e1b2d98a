"""System checks on what settings name for the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError

from chat_app.chat import dictation
from chat_app.models import ModelConfig
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


@register(Tags.database)
def dictation_has_a_model(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Whether the row that TRANSCRIPTION_MODEL names is there; asked only where the database may be (`migrate`,
    `check --database default`)."""
    name = settings.TRANSCRIPTION_MODEL
    if not name or not databases:
        return []
    try:
        rows = ModelConfig.objects.filter(pk=name, provider=dictation.KIND, enabled=True)
        there = rows.exists()
    except DatabaseError:
        return []  # not migrated yet, which is told elsewhere
    if there:
        return []
    hint = "Make one at /admin/chat_app/modelconfig/ or by sync_models, or leave the variable empty."
    problem = f"TRANSCRIPTION_MODEL names “{name}”, and no model of kind {dictation.KIND} of that name is switched on."
    return [Warning(problem, hint=hint, id="chat_app.W002")]
