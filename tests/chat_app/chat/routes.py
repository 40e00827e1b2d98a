"""Routes for tests: the built-in model, scripted by its parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chat_app.chat.catalog import Route
from chat_app.providers.base import RouteConfig


def route(name: str = "demo", script: str = "", **changes: Any) -> Route:
    """A route of the demo provider; `script` is the command that it plays for messages without one of their own."""
    config = RouteConfig(name, "demo", parameters={"delay_ms": 0, **({"script": script} if script else {})})
    values: dict[str, Any] = {
        "label": name, "description": "", "system_prompt": "", "context": 8192, "reserve": 1024,
        "price_in": Decimal(1), "price_out": Decimal(2), "guests": True, "default": False, "missing": None,
        "fallbacks": (), **changes,
    }  # fmt: skip
    return Route(config=config, **values)
