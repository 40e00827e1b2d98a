"""The cast of the ChatKit tests: a server whose model plays what it is told, and clients of users who are new each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.live.chatkit.client import Client
from tests.live.clients import issue
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess

GRACE = 1.5
OFF = "from chat_app.models import ModelConfig as M; M.objects.update(enabled=False)"
_users = count()
NewClient = Callable[..., Client]


@pytest.fixture(scope="session")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as running:
        yield running


@pytest.fixture(scope="session")
def kit(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    """A server whose model is `player.py`'s, with a short grace; beside it a model that drips, and one that is down."""
    server = start_server(CHAT_RESPONDERS=f"player={PLAYER}", CHATKIT_GRACE=str(GRACE))
    equip(server, upstream)
    return server


PLAYER = "tests.live.chatkit.player.Player"


def equip(server: ServerProcess, upstream: FaultyUpstream) -> None:
    """The models of the ChatKit tests; the demo, which would answer in their place, is switched off."""
    server.manage("shell", "-c", OFF)
    drips = upstream.base_url("ok", tokens=3000, delay_ms=20)
    rows: dict[str, dict[str, Any]] = {
        "player": {
            "provider": "python",
            "model": "player",
            "api_key": "",
            "tools": ["search"],
            "default": True,
        },
        "drips": {"base_url": drips, "model": "drips"},
        "down": {"base_url": upstream.base_url("500"), "model": "down"},
        "stood_in_for": {"base_url": upstream.base_url("500"), "model": "down", "fallbacks": ["player"]},
        "members": {"provider": "python", "model": "player", "api_key": "", "guests": False},
    }
    add_models(server, rows)


@pytest.fixture
def new_client(kit: ServerProcess) -> NewClient:
    """`new_client(server=kit, model="player", **options) -> Client`: the frame of a user whom nobody has seen before."""

    def make(server: ServerProcess = kit, model: str = "player", **options: Any) -> Client:
        return Client(issue(server, f"chatkit-{next(_users)}", model=model), **options)

    return make


@pytest.fixture
def client(new_client: NewClient) -> Client:
    return new_client()


def same(client: Client, thread_id: str) -> None:
    """What the client holds of a thread is what the server has of it."""
    thread, rows = client.read(thread_id)
    held = client.threads[thread_id]
    assert held.listed() == rows
    assert held.thread in ({}, thread)
    assert held.orphans == 0
    if client.told_more:
        there = set(held.items)
        told = {name: known(own) for name, own in held.answered.items() if name in there}
        assert told == {name: known(own) for name, own in client.answered(thread_id).items()}


def known(answered: dict[str, Any]) -> dict[str, Any]:
    """What the streams have told of an answer: not its rating, and of one that broke off not what it used."""
    broke = answered.get("state") in ("failed", "interrupted")
    untold = {"feedback", *(["usage"] if broke else [])}
    return {key: own for key, own in answered.items() if key not in untold}
