"""A socket at a process that drains, on a server that cannot answer its handshake over HTTP (daphne)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chat_app.chat.runner import RUNNER
from chat_app.consumers.channel import Closed, SocketChannel
from chat_app.consumers.parting import SocketParting


@pytest.fixture
def draining() -> Iterator[None]:
    RUNNER.draining = True
    yield
    RUNNER.draining = False


def test_handshake_is_accepted_and_closed_with_1012(draining: None) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def scenario() -> None:
        channel = SocketChannel({"identify": SimpleNamespace(subprotocol=None)}, receive, send)
        with pytest.raises(Closed):
            await SocketParting(channel, lambda: True).accept("r")

    asyncio.run(scenario())
    assert sent == [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1012}]
