"""The composition root: what stands in front of what. Nothing is decided here but the order.

    edge -> who is speaking -> what operators ask, streams and sockets (consumers) -> Django

Django is set up before anything that imports a model.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbackend.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402

from chat_app.routing import http_urlpatterns, websocket_urlpatterns  # noqa: E402
from chatbackend import daphne  # noqa: E402
from chatbackend.edge import Edge  # noqa: E402
from chatbackend.handler import LeanHandler  # noqa: E402
from chatbackend.health import Alive, Ready  # noqa: E402
from chatbackend.lifespan import lifespan  # noqa: E402
from chatbackend.metrics import Metrics  # noqa: E402
from sessions_app.middleware import Identify  # noqa: E402

django_handler: Any = LeanHandler()
operations = [
    re_path(r"^healthz$", Alive.as_asgi()),
    re_path(r"^readyz$", Ready.as_asgi()),
    re_path(r"^metrics$", Metrics.as_asgi()),
]
routes = ProtocolTypeRouter(
    {
        "http": URLRouter([*operations, *http_urlpatterns, re_path(r"", django_handler)]),
        "websocket": URLRouter(websocket_urlpatterns),
    }
)
guarded = Edge(Identify(routes))
daphne.attend()


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """The ASGI application of the project, for uvicorn, daphne or any other server."""
    await (lifespan if scope["type"] == "lifespan" else guarded)(scope, receive, send)
