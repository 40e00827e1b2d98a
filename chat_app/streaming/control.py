"""Control messages between connections, turns and workers: cancel, revoke, thread news. Never text, never deltas.

A message is a hint: it may be lost, and whoever acts on it re-reads the record. Within a process it is a plain call;
between workers it goes through the channel layer, by one listener for the process. A layer that is away, or takes and never
answers, makes nobody wait: it is noticed, said by `listening`, and left for new connections until it answers.
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
SILENCE_SECONDS = 15.0  # in which something must be heard, if only our own ping
SEND_SECONDS = 3.0
SENDS_AT_ONCE = 4
CLOSE_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
Handler = Callable[[dict[str, Any]], None]


class Control:
    """Topics are `turn:<id>`, `thread:<id>`, `session:<id>`, `owner:<owner>`, and `DRAIN`, which stays within a process; a
    message is a small dict with a `type`."""

    silence = SILENCE_SECONDS

    def __init__(self) -> None:
        self.origin = ""
        self.listening = False
        self._handlers: dict[str, dict[object, Handler]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: asyncio.Task[None] | None = None
        self._sends: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(SENDS_AT_ONCE)
        self._send_failed = self._trying = False

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
        """Tell the other workers. A layer that is away costs no more than a few connections: so many tell at a time, and
        after one that failed a single one tries, the others are dropped."""
        if self._send_failed and self._trying:
            return
        self._trying = self._send_failed
        try:
            async with asyncio.timeout(SEND_SECONDS), self._places:
                await self._layer().group_send(
                    GROUP, {"type": "control", "origin": self.origin, "topic": topic, "message": message}
                )
            self._send_failed = False
        except Exception as error:  # noqa: BLE001 - a hint may be lost; the row is the net
            if not self._send_failed:
                logger.warning("control.send_failed", topic=topic.split(":")[0], error=type(error).__name__)
            self._send_failed = True
        finally:
            self._trying = False

    async def start(self, origin: str) -> None:
        """Begin to listen on the running loop. `origin` names this process, which ignores its own echoes."""
        self.origin, self._loop = origin, asyncio.get_running_loop()
        self._places = asyncio.Semaphore(SENDS_AT_ONCE)
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
        """Listen for ever: whatever ends it, and be it silence, it is begun again, at most every five seconds."""
        layer, delay = self._layer(), FIRST_PAUSE
        channel = await layer.new_channel()
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._stay_in(layer, channel))
                    tasks.create_task(self._receive(layer, channel))
            except* Exception as errors:  # noqa: BLE001 - whatever it was, listen again
                if self.listening:
                    delay = FIRST_PAUSE
                names = sorted({type(error).__name__ for error in errors.exceptions})
                logger.warning("control.listener_failed", errors=names, again_in=delay)
            finally:
                self.listening = False
                await _let_go(layer)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_PAUSE)

    async def _stay_in(self, layer: Any, channel: str) -> None:
        """Join the group again and again, since Redis may have forgotten it, and give `_receive` something to hear."""
        while True:
            async with asyncio.timeout(self.silence / 2):
                await layer.group_add(GROUP, channel)
                await layer.send(channel, {"type": "ping"})
            await asyncio.sleep(self.silence / 3)

    async def _receive(self, layer: Any, channel: str) -> None:
        """Hear what comes. TimeoutError where not even our own ping comes back: then the layer is deaf, whatever it says."""
        while True:
            async with asyncio.timeout(self.silence):
                message = await layer.receive(channel)
            self.listening = True
            if message.get("type") == "control" and message.get("origin") != self.origin:
                self._dispatch(message["topic"], message["message"])


async def _let_go(layer: Any) -> None:
    """Close the layer's connections, dead ones too; the next use opens new ones."""
    for cleaner in list(layer.receive_cleaners):
        cleaner.cancel()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await layer.close_pools()
    except Exception as error:  # noqa: BLE001 - they are dropped in any case
        logger.debug("control.close_failed", error=type(error).__name__)


CONTROL = Control()
