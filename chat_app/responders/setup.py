"""How the responders that settings name get into the provider of kind `python`. What they are is their authors' business."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections

from chat_app.providers.python import provider as python
from chat_app.responders.files import FILES, Files


def plug_in(files: Files | None = None) -> None:
    """Give the provider the table of settings, of which nothing is imported yet, and Python that answers what keeps `files`."""
    if files is not None:
        FILES.store_image, FILES.read = files.store_image, files.read
    python.configure(settings.CHAT_RESPONDERS, around=own_connections, adapt=adapted)


@contextmanager
def own_connections() -> Iterator[None]:
    """For a thread that ends with its answer: what it opened is closed, or goes back to PostgreSQL's pool."""
    try:
        yield
    finally:
        connections.close_all()


def adapted(target: Any) -> Any:
    """A responder of a ChatKit server, of a class of them, or of a function that makes one; anything else as it is. The SDK is
    imported for those alone."""
    if not (_is_server(target) or _makes_one(target)):
        return target
    from chat_app.responders.chatkit_server import chatkit_responder

    return chatkit_responder(target)


def _is_server(target: Any) -> bool:
    kind = target if inspect.isclass(target) else type(target)
    return any((c.__module__, c.__qualname__) == ("chatkit.server", "ChatKitServer") for c in kind.__mro__)


def _makes_one(target: Any) -> bool:
    """A responder takes a prompt: a function that takes nothing, or a store, is there to make one."""
    return inspect.isfunction(target) and {"store", "attachment_store"} >= set(
        inspect.signature(target).parameters
    )
