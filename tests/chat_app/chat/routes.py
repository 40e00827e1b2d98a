"""Routes for tests: the built-in model, scripted by its parameters; and a provider that plays chunks and errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from chat_app.chat.catalog import Route
from chat_app.domain.prompt import Prompt
from chat_app.providers import registry
from chat_app.providers.base import Chunk, RouteConfig, Timeouts


def route(
    name: str = "demo", script: str = "", kind: str = "demo", timeouts: Timeouts | None = None, **changes: Any
) -> Route:
    """A route of the demo provider; `script` is the command that it plays for messages without one of their own."""
    parameters = {"delay_ms": 0, **({"script": script} if script else {})}
    config = RouteConfig(name, kind, parameters=parameters, timeouts=timeouts or Timeouts())
    values: dict[str, Any] = {
        "label": name, "description": "", "system_prompt": "", "context": 8192, "reserve": 1024,
        "price_in": Decimal(1), "price_out": Decimal(2), "guests": True, "default": False, "missing": None,
        "fallbacks": (), **changes,
    }  # fmt: skip
    return Route(config=config, **values)


class Scripted:
    """A provider that plays the same for every prompt: chunks as they are, an error raised."""

    kind: ClassVar[str] = "scripted"

    def __init__(self, script: Sequence[Chunk | BaseException]) -> None:
        self.script = script
        self.prompts: list[Prompt] = []

    def missing(self, route: RouteConfig) -> str | None:
        return None

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        self.prompts.append(prompt)
        for step in self.script:
            if isinstance(step, BaseException):
                raise step
            yield step


@contextmanager
def played(patch: pytest.MonkeyPatch, provider: Any) -> Iterator[None]:
    """The registry with this provider in it, until the test ends or the next one takes its place."""
    patch.setattr(registry, "_INSTANCES", {**registry._INSTANCES, provider.kind: provider})
    yield
