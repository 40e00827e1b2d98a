"""Control messages between connections, turns and workers: cancel, revoke, thread news. Never text, never deltas.

A message is a hint: it may be lost, and whoever acts on it re-reads the record. Within a process it is a plain call;
between workers it goes through the channel layer, by one listener for the process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

logger = structlog.get_logger(__name__)
GROUP = "chatbackend.control"
DRAIN = "drain"  # `drain`: this process takes no new turns; `close`: it ends now
RENEW_SECONDS = 600.0
Handler = Callable[[dict[str, Any]], None]


class Control:
    """Topics are `turn:<id>`, `thread:<id>`, `session:<id>`, `owner:<owner>`, and `DRAIN`, which stays within a process; a
    message is a small dict with a `type`."""

    def __init__(self) -> None:
        self.origin = ""
        self.listening = False
        self._handlers: dict[str, dict[object, Handler]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: asyncio.Task[None] | None = None
        self._sends: set[asyncio.Task[None]] = set()

    def subscribe(self, topic: str, handler: Handler) -> Callable[[], None]:
        """Call `handler(message)` on the event loop for each message on the topic. Returns the way to stop that."""
        name = object()
        self._handlers.setdefault(topic, {})[name] = handler

        def stop() -> None:
            handlers = self._handlers.get(topic, {})
            handlers.pop(name, None)
            if not handlers:
                self._handlers.pop(topic, None)

        return stop

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Tell this process now and the others soon. May be called from any thread, and without an event loop."""
        loop, running = self._loop, asyncio._get_running_loop()
        if loop is None or loop.is_closed():
            # A management command: nobody listens here, the workers do. (On a loop: a server that has stopped.)
            if self._layer() is not None and running is None:
                async_to_sync(self._send)(topic, message)
            return
        if running is loop:
            self._publish(topic, message)
        else:
            loop.call_soon_threadsafe(self._publish, topic, message)

    def tell_here(self, topic: str, message: dict[str, Any]) -> None:
        """Tell this process alone: what concerns the process itself. On the event loop."""
        self._dispatch(topic, message)

    def _publish(self, topic: str, message: dict[str, Any]) -> None:
        self._dispatch(topic, message)
        if self._layer() is not None:
            task = asyncio.get_running_loop().create_task(self._send(topic, message))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)

    def _dispatch(self, topic: str, message: dict[str, Any]) -> None:
        for handler in list(self._handlers.get(topic, {}).values()):
            try:
                handler(message)
            except Exception:
                logger.exception("control.handler_failed", topic=topic.split(":")[0])

    def _layer(self) -> Any:
        layer = get_channel_layer()
        return None if layer is None or isinstance(layer, InMemoryChannelLayer) else layer

    async def _send(self, topic: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(5):
                await self._layer().group_send(
                    GROUP, {"type": "control", "origin": self.origin, "topic": topic, "message": message}
                )
        except Exception as error:  # noqa: BLE001 - a hint may be lost; the row is the net
            logger.warning("control.send_failed", topic=topic.split(":")[0], error=type(error).__name__)

    async def start(self, origin: str) -> None:
        """Begin to listen on the running loop. `origin` names this process, which ignores its own echoes."""
        self.origin, self._loop = origin, asyncio.get_running_loop()
        if self._layer() is None:
            self.listening = True
        else:
            self._listener = self._loop.create_task(self._listen())

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        self.listening, self._listener, self._loop = False, None, None

    async def _listen(self) -> None:
        """Listen for ever; a layer that fails is tried again, at most every ten seconds."""
        delay = 0.5
        while True:
            layer = self._layer()
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                self.listening, delay = True, 0.5
                await self._receive(layer, channel)
            except Exception as error:  # noqa: BLE001 - whatever it was, listen again
                self.listening = False
                logger.warning("control.listener_failed", error=type(error).__name__, again_in=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            try:
                async with asyncio.timeout(RENEW_SECONDS):
                    message = await layer.receive(channel)
            except TimeoutError:
                await layer.group_add(GROUP, channel)  # membership expires in the layer
                continue
            if message.get("type") == "control" and message.get("origin") != self.origin:
                self._dispatch(message["topic"], message["message"])


CONTROL = Control()
