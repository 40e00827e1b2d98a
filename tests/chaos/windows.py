"""WebSockets of the people in a crowd. Each is read all the time, as a browser does: who does not read answers no ping."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp

from tests.chaos.clients import Person

PATIENCE = 20.0


class Closed(Exception):
    """The socket has been closed; the argument is the code."""


class Window:
    """One socket and what came by it."""

    def __init__(self, person: Person, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.person, self.socket = person, socket
        self._came: asyncio.Queue[Any] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            self._came.put_nowait(json.loads(message.data))
        self._came.put_nowait(None)

    @property
    def open(self) -> bool:
        return not self._reading.done()

    async def say(self, **message: Any) -> None:
        await self.socket.send_json(message)

    async def until(self, *types: str) -> Any:
        """The next message of one of these types. Closed where there is none any more, TimeoutError where none comes."""
        async with asyncio.timeout(PATIENCE):
            while (message := await self._came.get()) is not None:
                if message["type"] in types:
                    return message
        self._came.put_nowait(None)
        raise Closed(self.socket.close_code)

    async def alive(self) -> bool:
        await self.say(type="ping")
        return bool(await self.until("pong"))

    async def closed(self) -> int | None:
        """The code with which it is closed."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reading)
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._reading


async def open_window(person: Person, base: str) -> Window:
    """A socket of this person's session at an address, once it has said that it is ready."""
    url = f"{base.replace('http', 'ws', 1)}/ws/chat/{person.secret}"
    window = Window(person, await person.crowd.sockets.ws_connect(url, max_msg_size=0))
    await window.until("ready")
    return window
