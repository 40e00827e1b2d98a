"""What a model's row may hold beyond what its columns say: asked by the admin's form and by `sync_models` alike.

A `..._problem` is a sentence for staff, None where nothing is wrong. No row is read or written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from chat_app.models.fields import fernet
from chat_app.providers import http

ENV_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*_(?:KEY|TOKEN)")
OWN_SECRETS: Final = frozenset({"SECRET_KEY", "BACKEND_KEY"})  # no model's server may be sent them
WHERE: Final = ("provider", "base_url", "model", "api_key", "api_key_env", "parameters")
"""The columns that say where a model's route goes: where one changes, what is known of the route's health is void."""

MOVED: Final = "The base URL names another server: enter the key for it, or clear the old one."


def base_url_problem(url: str) -> str | None:
    """What keeps a base URL from being used; an empty one is a matter of the provider's `missing`."""
    return http.url_problem(url) if url else None


def variable_problem(name: str) -> str | None:
    """Whether an environment variable may hold a model's key."""
    if not name:
        return None
    if name in OWN_SECRETS:
        return "This variable is a secret of this server, not a model's key."
    if not ENV_NAME.fullmatch(name):
        return "A variable's name in capitals that ends in _KEY or _TOKEN."
    return None


def key_problem(key: str) -> str | None:
    """Whether a key can be sent, and kept on this server."""
    if not key.isascii() or not key.isprintable():
        return "A key has only letters, digits and signs that a header can carry."
    if key:
        try:
            fernet()
        except (ImproperlyConfigured, ValueError):
            return "A key cannot be kept: ENCRYPTION_KEYS is not set, or not valid, on this server."
    return None


def moved(before: str, after: str) -> bool:
    """Whether two base URLs name different servers, so that a key entered for one must not be sent to the other."""
    return _server(before) != _server(after)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def way(steps: Mapping[str, Sequence[str]], start: str, goal: str) -> list[str]:
    """The shortest way from `start` to `goal` along fallbacks, both ends included; empty where none leads there."""
    ways, seen = [[start]], {start}
    while ways:
        so_far = ways.pop(0)
        for to in steps.get(so_far[-1], ()):
            if to == goal:
                return [*so_far, to]
            if to not in seen:
                seen.add(to)
                ways.append([*so_far, to])
    return []
