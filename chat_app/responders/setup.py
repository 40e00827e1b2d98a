"""How the responders that settings name get into the provider of kind `python`. What they are is their authors' business."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from chat_app.providers.python import provider as python


def plug_in() -> None:
    """Give the provider the table of settings. Nothing is imported yet."""
    python.configure(settings.CHAT_RESPONDERS, around=own_connections)


@contextmanager
def own_connections() -> Iterator[None]:
    """For a thread that ends with its answer: what it opened is closed, or goes back to PostgreSQL's pool."""
    try:
        yield
    finally:
        connections.close_all()
