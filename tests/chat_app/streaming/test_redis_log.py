"""The shared log as its writers see it, in a real Redis: fences, lost memory, what cannot be written. The laws that hold
through all of it are `tests/chaos/`'s."""

from __future__ import annotations

import asyncio

import pytest
import redis

from chat_app.domain.events import Event
from chat_app.streaming import codec
from chat_app.streaming.redis_log import scripts, writer
from tests.chaos.log_machine import Rows
from tests.chat_app.scripts import ONE_OF_EACH
from tests.chat_app.streaming.redis_logs import (
    BEGUN,
    TURN,
    end,
    here,
    newest,
    read,
    text,
    workers,
)
from tests.servers import RedisProcess


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_event_is_the_same_behind_the_codec(event: Event) -> None:
    assert codec.decode(codec.encode(7, [event])) == (7, [event])


def test_batch_that_is_none_is_unreadable() -> None:
    for batch in (b"", b"\xc1", codec._encode((1, [(99, {})])), codec._encode((1, [(0, {"model": 1})]))):
        with pytest.raises(codec.Unreadable):
            codec.decode(batch)


def test_log_is_trimmed_to_what_the_rows_do_not_have(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TRIM_BYTES", 2000)

    async def scenario() -> None:
        async with workers(server, Rows(), 1) as (near,):
            near.open(TURN)
            near.append(TURN, BEGUN)
            follower = here(near)
            for n in range(3, 60):
                near.append(TURN, text("x" * 100))
                await read(follower, n)
                near.saved(TURN, n - 1)
            with redis.Redis.from_url(server.url) as admin:
                assert 1 <= admin.xlen(scripts.keys(TURN)[0]) < 40
            seized = await near.seize(TURN, 2)
            assert seized is not None
            assert 1 < seized.first <= 58
            assert seized.last == 59 == seized.first + len(seized.events) - 1

    asyncio.run(scenario())


def test_stop_writes_what_is_left(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows(), 1) as (near,):
            near.open(TURN)
            near.append(TURN, [*BEGUN, *text("a"), *end("a")])
        assert newest(server) == 4

    asyncio.run(scenario())
