"""The shared log as its writers see it, in a real Redis: fences, lost memory, what cannot be written. The laws that hold
through all of it are `tests/chaos/`'s."""

from __future__ import annotations

import asyncio

import pytest
import redis

from chat_app.domain.events import Event
from chat_app.streaming import codec
from chat_app.streaming.log import Past
from chat_app.streaming.redis_log import scripts, writer
from tests.chaos.log_machine import Rows
from tests.chat_app.scripts import ONE_OF_EACH
from tests.chat_app.streaming.redis_logs import (
    BEGUN,
    TURN,
    Several,
    elsewhere,
    end,
    here,
    newest,
    read,
    text,
    until,
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


def test_writer_that_was_fenced_off_tells_and_shows_nothing_more(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows()) as (old, new):
            lost: list[str] = []
            old.on_lost(lost.append)
            old.open(TURN)
            old.append(TURN, BEGUN)
            follower = here(old)
            await read(follower, 2)
            seized = await new.seize(TURN, 2)
            assert seized is not None
            assert seized.last == 2
            old.append(TURN, text("never seen"))
            assert await asyncio.wait_for(follower.next(), 3) is None
            assert (lost, old.find(TURN)) == ([TURN], None)
            old.append(TURN, text("nor this"))
            assert newest(server) == 2
            assert await old.seize(TURN, 1) is None
            new.open(TURN, 2, Past(None, seized.events))
            new.append(TURN, text("a"))
            assert [r.event for r in await read(elsewhere(old), 3)] == [*BEGUN, *text("a")]

    asyncio.run(scenario())


def test_lost_worker_s_words_are_not_taken_for_those_of_the_next_where_redis_forgot_the_fence(
    server: RedisProcess,
) -> None:
    async def scenario() -> None:
        async with workers(server, Rows(), 3) as (old, new, far):
            old.open(TURN)
            old.append(TURN, BEGUN)
            await read(here(old), 2)
            seized = await new.seize(TURN, 2)
            assert seized is not None
            new.open(TURN, 2, Past(None, seized.events))
            server.flush()
            old.append(TURN, text("not", "any", "more"))
            await read(here(old), 5)
            new.append(TURN, text("a"))
            await read(here(new), 3)
            assert [r.event for r in await read(elsewhere(far), 3)] == [*BEGUN, *text("a")]

    asyncio.run(scenario())


def test_log_of_which_redis_knows_nothing_is_not_taken_for_one_of_a_silent_turn(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows()) as (old, new):
            old.open(TURN)
            old.append(TURN, [*BEGUN, *text("seen")])
            await read(here(old), 3)
            server.flush()
            assert await new.seize(TURN, 2) is None
            old.append(TURN, text("fenced all the same"))
            await until(lambda: old.find(TURN) is None, "the old one is told")

    asyncio.run(scenario())


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


def test_event_that_cannot_be_written_stops_no_other_turn_and_is_seen_here(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Several(), 1) as (near,):
            for turn_id in ("trn_sick", "trn_well"):
                near.open(turn_id)
                near.append(turn_id, BEGUN)
            sick, well = here(near, turn_id="trn_sick"), here(near, turn_id="trn_well")
            near.append("trn_sick", text("\ud800"))
            near.append("trn_well", text("a"))
            await read(well, 3, 0.5)
            await read(sick, 3, 0.5)
            near.append("trn_sick", end("\ud800"))
            await read(sick, 4, 0.5)
            assert await sick.next() is None
            assert (near.writer.up, near.writer.behind) == (True, 0)

    asyncio.run(scenario())


def test_turn_that_is_let_go_of_before_it_was_written_is_shown_to_its_end(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 5)

    async def scenario() -> None:
        async with workers(server, Several(), 1) as (near,):
            near._most = 3
            near.open("trn_0")
            near.append("trn_0", BEGUN)
            follower = here(near, turn_id="trn_0")
            await read(follower, 2)
            server.freeze()
            try:
                near.append("trn_0", end(""))
                near.open("trn_1")
                near.append("trn_1", [*BEGUN, *end("")])  # takes its place among those that have ended
                assert near.find("trn_0") is None
                await read(follower, 3, 1)
                assert await follower.next() is None
            finally:
                server.freeze(False)

    asyncio.run(scenario())


def test_follower_who_knows_more_than_is_shown_here_is_not_led_back(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows(), 1) as (near,):
            near.open(TURN)
            near.append(TURN, [*BEGUN, *text("a")])
            follower = here(near, 3)  # read elsewhere, before Redis's answer came back here
            near.append(TURN, text("b"))
            assert [r.seq for r in await read(follower, 4)] == [4]

    asyncio.run(scenario())


def test_stop_writes_what_is_left(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows(), 1) as (near,):
            near.open(TURN)
            near.append(TURN, [*BEGUN, *text("a"), *end("a")])
        assert newest(server) == 4

    asyncio.run(scenario())
