"""The three questions this app asks about models, which it knows nothing of. `chat_app` plugs the answers in when ready.

Call the module's functions, never a copy of them: `connect` replaces what they ask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Route = Literal["ok", "unknown", "down"]


def _every_route_works(model: str | None) -> Route:
    return "ok"


def _no_name() -> str:
    return "default"


def _no_idea(model: str | None) -> float | None:
    return None


_check: Callable[[str | None], Route] = _every_route_works
_default: Callable[[], str] = _no_name
_wait: Callable[[str | None], float | None] = _no_idea


def connect(
    route_check: Callable[[str | None], Route],
    resolve_default: Callable[[], str],
    wait: Callable[[str | None], float | None] = _no_idea,
) -> None:
    """Plug in who knows the models. `None` asks about the default route."""
    global _check, _default, _wait
    _check, _default, _wait = route_check, resolve_default, wait


def route_check(model: str | None) -> Route:
    """Whether a session for this model can be served: `ok`, `unknown` (no such model) or `down` (every route to it)."""
    return _check(model)


def resolve_default() -> str:
    """The id of the model that answers when a session names none."""
    return _default()


def wait(model: str | None) -> float | None:
    """In how many seconds a route that is `down` is tried again; None where nobody knows."""
    return _wait(model)
