"""The one table of provider kinds. A new dialect is one file beside this one and one line below.

Which kinds are switched on, and with which settings, is a matter of ModelConfig rows; nothing here reads
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chat_app.domain.errors import NotConfigured
from chat_app.providers.base import Holding, Provider
from chat_app.providers.custom.provider import CustomBackendProvider
from chat_app.providers.demo import DemoProvider
from chat_app.providers.local.provider import LocalProvider
from chat_app.providers.openai.provider import OpenAIProvider
from chat_app.providers.python.provider import PythonProvider

KINDS: Final[Mapping[str, type[Provider]]] = {
    "custom": CustomBackendProvider,
    "demo": DemoProvider,
    "local": LocalProvider,
    "openai": OpenAIProvider,
    "python": PythonProvider,
}

_INSTANCES: Final[Mapping[str, Provider]] = {kind: cls() for kind, cls in KINDS.items()}


def provider(kind: str) -> Provider:
    """The provider that speaks `kind`, one object for all its routes; NotConfigured where the table has none."""
    try:
        return _INSTANCES[kind]
    except KeyError:
        raise NotConfigured(f"This server knows no provider of the kind {kind!r}.") from None


async def close() -> None:
    """Let go of what providers hold in this process beside connections; the next turn begins anew."""
    for one in _INSTANCES.values():
        if isinstance(one, Holding):
            await one.aclose()
