"""Control messages: who hears them, from where they may be sent, and that nothing is left of those who stop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chat_app.streaming.control import DRAIN, Control


class Layer:
    """A channel layer between workers, as far as sending goes."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def group_send(self, group: str, message: Any) -> None:
        self.sent.append(message["topic"])


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    monkeypatch.setattr(Control, "_layer", lambda self: layer)
    return layer


def test_message_reaches_whoever_has_not_stopped() -> None:
    async def scenario() -> list[str]:
        control = Control()
        heard: list[str] = []
        await control.start("w")
        stops = [
            control.subscribe("turn:1", lambda _: heard.append("a")),
            control.subscribe("turn:1", lambda _: heard.append("b")),
        ]
        control.publish("turn:1", {"type": "cancel"})
        stops[0]()
        stops[0]()
        await asyncio.to_thread(control.publish, "turn:1", {"type": "cancel"})
        await asyncio.sleep(0.01)
        stops[1]()
        assert control._handlers == {}
        return heard

    assert asyncio.run(scenario()) == ["a", "b", "b"]


def test_command_without_a_loop_tells_the_workers(layer: Layer) -> None:
    Control().publish("session:1", {"type": "ended"})
    assert layer.sent == ["session:1"]


def test_message_of_a_stopped_server_is_dropped_and_breaks_nothing(layer: Layer) -> None:
    async def scenario() -> None:
        Control().publish("turn:1", {"type": "cancel"})

    asyncio.run(scenario())
    assert layer.sent == []


def test_message_for_this_process_alone_does_not_leave_it(layer: Layer) -> None:
    async def scenario() -> list[str]:
        control = Control()
        heard: list[str] = []
        control._loop = asyncio.get_running_loop()
        control.subscribe(DRAIN, lambda message: heard.append(message["type"]))
        control.tell_here(DRAIN, {"type": "drain"})
        control.publish("turn:1", {"type": "cancel"})
        await asyncio.sleep(0)
        return heard

    assert asyncio.run(scenario()) == ["drain"]
    assert layer.sent == ["turn:1"]
