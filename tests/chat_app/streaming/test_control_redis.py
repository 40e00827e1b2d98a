"""Control messages between workers while Redis stalls, restarts and forgets, on a Redis of these tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis as redis_client
from channels_redis.core import RedisChannelLayer

from chat_app.streaming.control import SENDS_AT_ONCE, Control
from chatbackend import databases
from tests import parts
from tests.servers import RedisProcess

SILENCE = 1.5
SOON = 8.0


class Worker(Control):
    """Another process, as far as control messages go: a layer of its own, and a shorter patience."""

    silence = SILENCE

    def __init__(self, url: str) -> None:
        super().__init__()
        self.layer = RedisChannelLayer(**databases.channel_layer(url)["CONFIG"])
        self.heard: list[Any] = []
        self.subscribe("turn:1", self.heard.append)

    def _layer(self) -> Any:
        return self.layer


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    parts.require("redis")
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


def connections(redis: RedisProcess) -> int:
    """How many others are connected."""
    with redis_client.Redis.from_url(redis.url) as client:
        return len(client.client_list()) - 1


async def until(true: Callable[[], bool], seconds: float = SOON) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def reaches(sender: Worker, hearer: Worker, seconds: float = SOON) -> None:
    """Hints of the one are heard by the other; the first of them may be lost."""
    before = len(hearer.heard)
    async with asyncio.timeout(seconds):
        while len(hearer.heard) == before:
            sender.publish("turn:1", {"type": "cancel"})
            await asyncio.sleep(0.05)


@asynccontextmanager
async def two(redis: RedisProcess) -> AsyncIterator[tuple[Worker, Worker]]:
    workers = Worker(redis.url), Worker(redis.url)
    for number, worker in enumerate(workers):
        await worker.start(f"w{number}")
    try:
        await until(lambda: all(worker.listening for worker in workers))
        yield workers
    finally:
        for worker in workers:
            await worker.stop()


def play(redis: RedisProcess, scenario: Callable[[Worker, Worker], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with two(redis) as workers:
            await scenario(*workers)

    asyncio.run(whole())


def test_worker_hears_the_others_and_not_its_own_echo(redis: RedisProcess) -> None:
    async def scenario(one: Worker, other: Worker) -> None:
        one.publish("turn:1", {"type": "cancel"})
        await until(lambda: len(other.heard) == 1)
        await asyncio.sleep(SILENCE)
        assert len(one.heard) == 1, "told directly, and not again by way of Redis"

    play(redis, scenario)


def test_frozen_redis_is_noticed_and_hints_flow_again_afterwards(redis: RedisProcess) -> None:
    async def scenario(one: Worker, other: Worker) -> None:
        await reaches(one, other)
        before = connections(redis)
        redis.freeze()
        try:
            await until(lambda: not one.listening and not other.listening, 2 * SILENCE)
            for _ in range(300):
                one.publish("turn:1", {"type": "cancel"})
            await asyncio.sleep(3 * SILENCE)
            assert not one.listening
        finally:
            redis.freeze(False)
        await reaches(one, other)
        await reaches(other, one)
        assert one.listening
        assert other.listening
        await asyncio.sleep(SILENCE)
        assert connections(redis) <= before + 2

    play(redis, scenario)


def test_burst_to_a_redis_that_stalls_opens_few_connections(redis: RedisProcess) -> None:
    async def scenario(one: Worker, other: Worker) -> None:
        before = connections(redis)
        redis.freeze()
        for _ in range(100):
            one.publish("turn:1", {"type": "cancel"})
        await asyncio.sleep(0.5)
        redis.freeze(False)
        assert connections(redis) <= before + SENDS_AT_ONCE
        await until(lambda: len(other.heard) == 100)

    play(redis, scenario)


def test_restarted_redis_is_listened_to_again(redis: RedisProcess) -> None:
    async def scenario(one: Worker, other: Worker) -> None:
        redis.stop()
        await until(lambda: not one.listening and not other.listening)
        one.publish("turn:1", {"type": "cancel"})
        await asyncio.sleep(1)
        redis.start()
        await reaches(one, other)
        await reaches(other, one)
        assert connections(redis) <= 8

    play(redis, scenario)


def test_redis_that_forgot_everything_hears_of_the_group_within_seconds(redis: RedisProcess) -> None:
    async def scenario(one: Worker, other: Worker) -> None:
        with redis_client.Redis.from_url(redis.url) as client:
            client.flushall()
        await reaches(one, other, 2 * SILENCE)

    play(redis, scenario)


def test_stop_while_redis_is_frozen_takes_no_time(redis: RedisProcess) -> None:
    async def scenario(one: Worker, other: Worker) -> None:
        redis.freeze()
        try:
            async with asyncio.timeout(5):
                await one.stop()
                await other.stop()
        finally:
            redis.freeze(False)

    play(redis, scenario)
