"""Turns of other workers, mirrored from a real Redis for all who follow them here."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest

from chat_app.domain.errors import NotFound
from chat_app.domain.events import Notice, Snapshot
from chat_app.streaming import codec
from chat_app.streaming.redis_log import reader
from chat_app.streaming.stored import Standing
from tests.chaos.log_machine import Rows
from tests.chat_app.streaming.redis_logs import (
    BEGUN,
    TURN,
    Several,
    elsewhere,
    end,
    here,
    read,
    text,
    workers,
)
from tests.servers import RedisProcess


def test_follower_elsewhere_is_shown_what_the_one_here_is(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows()) as (near, far):
            near.open(TURN)
            near.append(TURN, BEGUN)
            remote, local = elsewhere(far), here(near)
            near.append(TURN, [*text("a", "b"), *end("ab")])
            told = [*BEGUN, *text("a", "b"), *end("ab")]
            assert [r.event for r in await read(local, 5)] == [r.event for r in await read(remote, 5)] == told
            assert await local.next() is None
            assert await remote.next() is None

    asyncio.run(scenario())


def test_reader_that_blocks_is_woken_by_a_new_mirror(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BLOCK_SECONDS", 30)

    async def scenario() -> None:
        async with workers(server, Several()) as (near, far):
            for turn_id in ("trn_1", "trn_2"):
                near.open(turn_id)
                near.append(turn_id, BEGUN)
                follower = elsewhere(far, turn_id=turn_id)
                await read(follower, 2)
                await asyncio.sleep(0.05)  # the reader blocks on the turns that it knows
                said = time.monotonic()
                near.append(turn_id, text("a"))
                await read(follower, 3)
                assert time.monotonic() - said < 0.2

    asyncio.run(scenario())


def test_mirror_is_shared_and_dropped_behind_its_last_follower(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows()) as (near, far):
            near.open(TURN)
            near.append(TURN, BEGUN)
            one, two = elsewhere(far), elsewhere(far)
            await asyncio.gather(read(one, 2), read(two, 2))
            assert len(far.mirrors) == 1
            one.close()
            one.close()
            assert len(far.mirrors) == 1
            near.append(TURN, text("a"))
            await read(two, 3)
            two.close()
            assert len(far.mirrors) == 0

    asyncio.run(scenario())


def test_follower_that_leaves_while_its_mirror_is_filled_leaves_none_behind(server: RedisProcess) -> None:
    async def scenario() -> None:
        async with workers(server, Rows()) as (_, far):
            waiting = asyncio.create_task(elsewhere(far).next())
            await asyncio.sleep(0)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            assert len(far.mirrors) == 0
            with pytest.raises(NotFound):
                await elsewhere(far, turn_id="trn_of_nobody").next()
            assert len(far.mirrors) == 0

    asyncio.run(scenario())


def test_turn_that_its_row_alone_has_is_shown_as_it_stands_and_ends_with_the_row(
    server: RedisProcess,
) -> None:
    async def scenario() -> None:
        rows = Rows()
        rows.save([*BEGUN, *text("a")])
        async with workers(server, rows, 1) as (far,):
            follower = elsewhere(far)
            (first,) = await read(follower, 3)
            assert isinstance(first.event, Snapshot)
            assert (first.seq, first.event.text) == (3, "a")
            rows.save([*BEGUN, *text("a", "b"), *end("ab")])
            *_, stands, last = await read(follower, 5)
            assert (stands.event.text, last.event) == ("ab", end("ab")[0])  # type: ignore[union-attr]
            assert await follower.next() is None

    asyncio.run(scenario())


def test_batch_of_a_newer_version_is_a_gap_that_the_row_fills_and_no_reason_to_run_in_circles(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        rows, reads = Rows(), 0
        async with workers(server, rows) as (near, far):
            near.open(TURN)
            near.append(TURN, BEGUN)
            follower = elsewhere(far)
            await read(follower, 2)
            once = far.reader._read_once

            async def counted(readers: Any) -> None:
                nonlocal reads
                reads += 1
                await once(readers)

            monkeypatch.setattr(far.reader, "_read_once", counted)
            tags, own = codec._TAG, {**codec._TAG, Notice: 99}
            codec._TAG = own  # type: ignore[misc]
            try:
                near.append(TURN, [Notice("info", "of a kind that is not known there")])
                await read(here(near), 3)
                await asyncio.sleep(0.3)
            finally:
                codec._TAG = tags  # type: ignore[misc]
            assert reads < 20
            rows.save([*BEGUN, Notice("info", "x"), *text("a")])
            near.append(TURN, text("a"))
            shown = await read(follower, 4)
            assert isinstance(shown[0].event, Snapshot)
            near.append(TURN, [*text("b"), *end("ab")])
            assert (await read(follower, 6))[-1].event == end("ab")[0]

    asyncio.run(scenario())


def test_mirror_of_a_turn_whose_row_has_gone_sends_its_followers_away(server: RedisProcess) -> None:
    class Gone(Several):
        gone = False

        async def look(self, turn_id: str) -> Standing:
            if self.gone:
                raise NotFound
            return self.standing

        async def numbers(self, turn_ids: Any) -> dict[str, tuple[bool, int]]:
            return {} if self.gone else await super().numbers(turn_ids)

    async def scenario() -> None:
        rows = Gone()
        rows.save(BEGUN)
        async with workers(server, rows, 1) as (far,):
            one, two = elsewhere(far), elsewhere(far)
            await asyncio.gather(read(one, 2), read(two, 2))
            rows.gone = True
            assert await asyncio.wait_for(one.next(), 2) is None
            assert await asyncio.wait_for(two.next(), 2) is None
            assert len(far.mirrors) == 0

    asyncio.run(scenario())
