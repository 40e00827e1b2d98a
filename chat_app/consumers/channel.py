"""A WebSocket as a consumer sees it: accept, JSON in and out, one close, tasks that end with it. No chat in here."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import orjson
import structlog
from channels.consumer import AsyncConsumer

from chat_app.figures import SOCKETS

NOT_FOUND = 4404
logger = structlog.get_logger(__name__)


class Closed(Exception):
    """The socket is closed, by either side."""


class Allowance:
    """A bucket of so many frames, filled at so many a second."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate = self._left = float(rate)
        self._at = asyncio.get_running_loop().time()

    def take(self) -> bool:
        """Whether one more frame is allowed now."""
        now = asyncio.get_running_loop().time()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class SocketChannel:
    """One accepted socket. After `close` nothing is sent any more; whoever receives gets Closed."""

    __slots__ = ("_closed", "_counted", "_receive", "_scope", "_send", "_tasks")

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._closed = self._counted = False
        self._tasks: set[asyncio.Task[Any]] = set()

    async def accept(self) -> None:
        """Answer the handshake, with the subprotocol that carried the token's name where one did. Raises Closed."""
        await self._handshake()
        await self._accept()

    async def refuse(self, status: int, body: bytes, headers: Mapping[str, str], code: int) -> None:
        """Answer the handshake with an HTTP response of JSON; where the server cannot, accept and close with `code`. Raises
        Closed, as `accept` does, where the client has gone."""
        await self._handshake()
        if "websocket.http.response" in (self._scope.get("extensions") or {}):
            whole = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
            pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in whole.items()]
            self._closed = True
            await self._send({"type": "websocket.http.response.start", "status": status, "headers": pairs})
            await self._send({"type": "websocket.http.response.body", "body": body})
        else:
            await self._accept()
            await self.close(code)

    async def _handshake(self) -> None:
        if (await self._receive())["type"] != "websocket.connect":
            raise Closed

    async def _accept(self) -> None:
        message: dict[str, Any] = {"type": "websocket.accept"}
        subprotocol = self._scope["identify"].subprotocol
        if subprotocol is not None:
            message["subprotocol"] = subprotocol
        await self._send(message)
        self._counted = True
        SOCKETS.inc()

    async def receive(self, idle_seconds: float, idle_code: int) -> str:
        """The next frame's text; binary frames are read as UTF-8. Closes with `idle_code` after so long without any."""
        try:
            async with asyncio.timeout(idle_seconds):
                message = await self._receive()
        except TimeoutError:
            await self.close(idle_code)
            raise Closed from None
        if message["type"] == "websocket.disconnect" or self._closed:
            self._closed = True
            raise Closed
        text = message.get("text")
        return text if text is not None else (message.get("bytes") or b"").decode("utf-8", "replace")

    async def send(self, data: dict[str, Any]) -> None:
        """One JSON message; silently dropped once the socket is closed."""
        await self.send_text(orjson.dumps(data).decode())

    async def send_text(self, text: str) -> None:
        if self._closed:
            return
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (
            OSError,
            RuntimeError,
        ) as error:  # servers differ in what they raise for a client that is gone
            logger.debug("socket.send_failed", error=type(error).__name__)
            self._closed = True

    async def close(self, code: int) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._send({"type": "websocket.close", "code": code})
        except (OSError, RuntimeError) as error:
            logger.debug("socket.close_failed", error=type(error).__name__)

    def close_soon(self, code: int) -> None:
        """Close from a place that cannot wait."""
        self.spawn(self.close(code))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` beside the receive loop, until the socket ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Closed):
            logger.error("socket.work_failed", exc_info=error)

    def dispose(self) -> None:
        """The end: what still runs for this socket is cancelled."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        if self._counted:
            self._counted = False
            SOCKETS.dec()


class NoSocket(AsyncConsumer):
    """Any other socket path: accept, so that a browser can see why, and close."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        channel = SocketChannel(scope, receive, send)
        await channel.accept()
        await channel.close(NOT_FOUND)
        channel.dispose()
