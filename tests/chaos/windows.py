"""WebSockets of the people in a crowd."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from tests.chaos.clients import Person


class Window:
    """One socket and what came by it."""

    def __init__(self, person: Person, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.person, self.socket = person, socket

    async def until(self, *types: str) -> Any:
        """The next message of one of these types. TypeError where the socket has been closed instead."""
        while True:
            message = json.loads(await self.socket.receive_str(timeout=20))
            if message["type"] in types:
                return message

    async def alive(self) -> bool:
        await self.socket.send_str('{"type": "ping"}')
        return bool(await self.until("pong"))

    async def closed(self) -> int | None:
        """The code with which it is closed."""
        while (await self.socket.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code


async def open_window(person: Person, base: str) -> Window:
    """A socket of this person's session at an address, once it has said that it is ready."""
    url = f"{base.replace('http', 'ws', 1)}/ws/chat/{person.secret}"
    window = Window(person, await person.crowd.sockets.ws_connect(url, max_msg_size=0))
    await window.until("ready")
    return window
