"""A Redis that is gone, never answers, has lost all or has no room, and crowds that ask it: what followers see meanwhile, and
what it costs."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis

from chat_app.domain.events import Snapshot
from chat_app.streaming.redis_log import reader, scripts, writer
from tests.chaos.log_machine import Rows
from tests.chat_app.streaming.redis_logs import (
    BEGUN,
    TURN,
    Several,
    elsewhere,
    here,
    newest,
    read,
    text,
    until,
    workers,
)
from tests.servers import RedisProcess


def test_outage_shows_all_at_once_here_and_is_made_up_for_behind_it(server: RedisProcess) -> None:
    async def scenario() -> None:
        rows = Rows()
        async with workers(server, rows) as (near, far):
            near.open(TURN)
            near.append(TURN, BEGUN)
            local, remote = here(near), elsewhere(far)
            await read(local, 2)
            await read(remote, 2)
            assert (near.writer.up, near.writer.behind, near.writer.outages) == (True, 0, 0)
            server.stop()
            try:
                near.append(TURN, text("a"))
                await read(local, 3)
                assert not near.writer.up
                said = time.monotonic()
                near.append(TURN, text("b"))
                await read(local, 4)
                assert time.monotonic() - said < 0.05
                assert (near.writer.behind, near.writer.outages) == (2, 1)
            finally:
                server.start()
            await until(lambda: near.writer.up and not near.writer.behind, "the log is whole again")
            assert near.writer.resent == 1
            assert [r.event for r in await read(remote, 4)] == text("a", "b")
            near.append(TURN, text("c"))
            await read(local, 5)
            assert newest(server) == 5

    asyncio.run(scenario())


def test_redis_that_never_answers_holds_up_nobody_for_long(server: RedisProcess) -> None:
    async def scenario() -> None:
        rows = Rows()
        async with workers(server, rows) as (near, far):
            near.open(TURN)
            near.append(TURN, BEGUN)
            local, remote = here(near), elsewhere(far)
            await read(local, 2)
            await read(remote, 2)
            server.freeze()
            try:
                said = time.monotonic()
                near.append(TURN, text("a"))
                rows.save([*BEGUN, *text("a")])
                await read(local, 3)
                assert time.monotonic() - said < 1
                await read(remote, 3)
                late = elsewhere(far, None)
                await read(late, 3, seconds=1)
                assert await far.seize(TURN, 2) is None
                assert time.monotonic() - said < 4
            finally:
                server.freeze(False)
            near.append(TURN, text("b"))
            for follower in (local, remote, late):
                assert (await read(follower, 4))[-1].event == text("b")[0]

    asyncio.run(scenario())


def test_many_mirrors_catch_up_from_their_rows_while_redis_never_answers(server: RedisProcess) -> None:
    async def scenario() -> None:
        rows = Several()
        async with workers(server, rows) as (near, far):
            followers = []
            for n in range(20):
                near.open(f"trn_{n}")
                near.append(f"trn_{n}", BEGUN)
                followers.append(elsewhere(far, turn_id=f"trn_{n}"))
            await asyncio.gather(*(read(follower, 2) for follower in followers))
            server.freeze()
            try:
                rows.save([*BEGUN, *text("a")])
                began = time.monotonic()
                await asyncio.gather(*(read(follower, 3, 20) for follower in followers))
                assert time.monotonic() - began < 3
            finally:
                server.freeze(False)

    asyncio.run(scenario())


def test_crowd_of_followers_is_no_outage(server: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (writer, reader):
        monkeypatch.setattr(module, "PATIENCE", 2.0)

    async def scenario() -> None:
        async with workers(server, Several()) as (near, far):
            for n in range(300):
                near.open(f"trn_{n}")
                near.append(f"trn_{n}", BEGUN)
                far.open(f"own_{n}")
            crowd = [elsewhere(far, turn_id=f"trn_{n}") for n in range(300)]
            await until(lambda: not near.writer.behind, "all is written")
            reading = asyncio.gather(*(read(follower, 2, 10) for follower in crowd))
            for n in range(300):
                far.append(f"own_{n}", BEGUN)
                await asyncio.sleep(0)
            assert all(r[-1].seq == 2 and not isinstance(r[0].event, Snapshot) for r in await reading)
            assert (far.writer.outages, far.reader.up) == (0, True)
            with redis.Redis.from_url(server.url) as admin:
                assert len(admin.client_list()) < 40

    asyncio.run(scenario())


def test_connections_do_not_grow_with_outages(server: RedisProcess) -> None:
    async def scenario() -> None:
        with redis.Redis.from_url(server.url) as admin:
            async with workers(server, Rows()) as (near, far):
                near.open(TURN)
                near.append(TURN, BEGUN)
                local, remote = here(near), elsewhere(far)
                await read(remote, 2)
                before, counts = len(admin.client_list()), []
                for n in range(10):
                    admin.client_kill_filter(_type="normal", skipme=True)
                    near.append(TURN, text(f"{n} "))
                    await read(remote, n + 3)
                    await until(lambda: near.writer.up and not near.writer.behind, "it is back")
                    counts.append(len(admin.client_list()))
                await read(local, 12)
                assert max(counts) <= before + 2
            await until(lambda: len(admin.client_list()) == 1, "all are closed")

    asyncio.run(scenario())


def test_log_that_redis_has_lost_is_written_again_from_its_beginning(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows()) as (near, far):
            near.open(TURN)
            near.append(TURN, BEGUN)
            await read(here(near), 2)
            server.flush()
            near.append(TURN, text("a"))
            await read(here(near), 3)
            assert near.writer.resent == 1
            assert [r.seq for r in await read(elsewhere(far), 3)] == [1, 2, 3]
            seized = await far.seize(TURN, 2)
            assert seized is not None
            assert (seized.last, seized.first, list(seized.events)) == (3, 1, [*BEGUN, *text("a")])

    asyncio.run(scenario())


def test_redis_without_room_keeps_what_it_has_and_goes_on_when_there_is_some(server: RedisProcess) -> None:
    async def scenario() -> None:
        with redis.Redis.from_url(server.url) as admin:
            async with workers(server, Rows()) as (near, far):
                near.open(TURN)
                near.append(TURN, BEGUN)
                await read(here(near), 2)
                admin.config_set("maxmemory", 1)
                try:
                    near.append(TURN, text("a"))
                    await read(here(near), 3)
                    assert near.writer.outages
                    assert admin.xlen(scripts.keys(TURN)[0]) > 0
                finally:
                    admin.config_set("maxmemory", 0)
                await until(lambda: near.writer.up and not near.writer.behind, "it is written")
                assert [r.seq for r in await read(elsewhere(far), 3)] == [1, 2, 3]

    asyncio.run(scenario())
