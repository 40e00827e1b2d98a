"""The ASGI skin over `resolve`: puts `scope["identify"]` in place and asks nothing until somebody calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .credentials import Credentials, from_scope
from .principal import Principal
from .resolve import resolve

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]


class Identity:
    """Call it to learn who speaks. Synchronous, asks the database: a consumer calls it inside `db()`.

    `identify(token=None) -> Principal` raises Unauthenticated (and Unavailable where an outside issuer's keys cannot be had).
    `subprotocol` is what a WebSocket must select, if anything; `client_ip` is the caller's address.
    """

    __slots__ = ("_credentials", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._credentials: Credentials | None = None

    @property
    def credentials(self) -> Credentials:
        if self._credentials is None:
            self._credentials = from_scope(self._scope)
        return self._credentials

    @property
    def subprotocol(self) -> str | None:
        return self.credentials.subprotocol

    @property
    def client_ip(self) -> str:
        return self.credentials.client_ip

    def __call__(self, token: str | None = None) -> Principal:
        return resolve(self.credentials, token)


class Identify:
    """ASGI middleware around the protocol router."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def __call__(
        self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]
    ) -> Awaitable[None]:
        if scope["type"] in ("http", "websocket"):
            scope["identify"] = Identity(scope)
        return self.app(scope, receive, send)
