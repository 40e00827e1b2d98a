"""A request as a consumer sees it, whoever hangs up and when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chat_app.consumers.base import HttpConsumer


class Waits(HttpConsumer):
    """Takes `before` seconds until it knows what hanging up means, and `after` seconds for the rest."""

    before = after = 0.0

    async def respond(self) -> None:
        await asyncio.sleep(self.before)
        self.when_gone(lambda: self.scope["heard"].append("gone"))
        await asyncio.sleep(self.after)
        await self.send_json(200, {})


@pytest.mark.parametrize(("before", "after"), [(0.03, 0.0), (0.0, 0.03)], ids=["early", "late"])
def test_client_who_hangs_up_is_noticed_however_early(before: float, after: float) -> None:
    heard: list[str] = []
    sent: list[Any] = []

    async def scenario() -> None:
        messages = asyncio.Queue[dict[str, Any]]()
        messages.put_nowait({"type": "http.request", "body": b"{}"})
        asyncio.get_running_loop().call_later(0.01, messages.put_nowait, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        consumer = Waits()
        consumer.before, consumer.after = before, after
        await consumer({"method": "POST", "heard": heard}, messages.get, send)

    asyncio.run(scenario())
    assert heard == ["gone"]


@pytest.mark.parametrize(
    ("scope", "url"),
    [
        ({"scheme": "https", "headers": [(b"host", b"chat.example:8443")]}, "https://chat.example:8443"),
        ({"headers": [], "server": ("127.0.0.1", 8000)}, "http://127.0.0.1:8000"),
    ],
)
def test_base_url_is_the_one_that_the_caller_used(scope: dict[str, Any], url: str) -> None:
    consumer = Waits()
    consumer.scope = scope
    assert consumer.base_url() == url
