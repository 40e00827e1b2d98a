"""The log in memory and the one in Redis, each against everything that can happen to it (`log_machine.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from chat_app.chat.orphans import joined
from chat_app.streaming.follow import Follower, LiveFollower, RemoteFollower
from chat_app.streaming.log import EventLog, Past
from chat_app.streaming.redis_log import RedisLog, mirrors, scripts
from tests.chaos.log_machine import TURN, LogMachine, Reader
from tests.parts import require
from tests.servers import RedisProcess

_workers = count()


class RedisMachine(LogMachine):
    """The same turn in Redis: written by one worker, read there and on another, and taken over by a third."""

    server: RedisProcess
    writer: RedisLog
    doubtful = False  # whether Redis may lack something that was shown

    async def begin(self) -> EventLog:
        self.admin = redis.Redis.from_url(self.server.url)
        self.admin.flushall()
        self.logs = [await self._log(), await self._log()]
        self.far = self.logs[1]
        self.logs[0].open(TURN, self.fence)
        return self.logs[0]

    async def _log(self) -> RedisLog:
        log = RedisLog(self.server.url, self.rows)
        await log.start(f"worker-{next(_workers)}")
        return log

    def places(self) -> list[str]:
        return ["near", "far"]

    def follow(self, reader: Reader) -> Follower:
        log = self.writer if reader.at == "near" else self.far
        turn = log.find(TURN)
        if turn is not None:
            return LiveFollower(turn, reader.seq)

        async def attach() -> Any:
            return await log.mirrors.attach(TURN)

        return RemoteFollower(attach, log.mirrors.release, reader.seq)  # type: ignore[arg-type]

    @rule()
    def redis_is_emptied(self) -> None:
        self.doubtful = True
        self.admin.flushall()

    @rule()
    def connections_are_cut(self) -> None:
        self.doubtful = True
        self.admin.client_kill_filter(_type="normal", skipme=True)

    @rule()
    def log_runs_out_of_time(self) -> None:
        self.doubtful = True
        self.admin.delete(*scripts.keys(TURN))

    @rule()
    def writer_catches_up(self) -> None:
        async def caught_up() -> None:
            while not self.writer.writer.up or self.writer.writer.behind:
                await asyncio.sleep(0.005)

        self.run(caught_up())
        newest = self.admin.hget(scripts.keys(TURN)[1], "n")
        self.doubtful = int(newest or 0) < len(self.turn)  # emptied, and nothing was said since

    @rule()
    def log_is_trimmed(self) -> None:
        self.checkpoint()  # what the rows do not have is never trimmed
        self.admin.xtrim(scripts.keys(TURN)[0], maxlen=1, approximate=False)

    @rule()
    def redis_is_slow(self) -> None:
        self.admin.client_pause(30, all=False)

    @precondition(lambda self: not self.over and not self.doubtful and self.fence < 3)
    @rule(killed=st.booleans())
    def turn_is_taken_over(self, killed: bool) -> None:
        """A new owner goes on from what the shared log and the row have. What the old one said and nobody can have seen is
        gone, and it is said anew. The old one was killed, or does not know yet."""
        self.run(self._take_over(killed))

    async def _take_over(self, killed: bool) -> None:
        self.fence += 1
        if killed:
            await self._kill(self.writer)
        seized, row = await self.far.seize(TURN, self.fence), self.rows.standing.snapshot
        # Nothing is known of a turn that has not been written yet.
        past = (joined(row, seized) if seized is not None else None) or Past(row if row.seq else None)
        shown = max((reader.seq or 0 for reader in self.readers), default=0)
        assert past.last >= shown, "something was shown that the log did not have"
        old, said, self.writer = self.writer, len(self.turn), await self._log()
        self.logs.append(self.writer)
        self.turn = self.script[: past.last]
        self.writer.open(TURN, self.fence, past)
        if not killed:
            old.append(TURN, self.script[said : said + 1])
        for reader in self.readers:
            if reader.at == "near" and reader.follower is not None:
                reader.follower.close()
                reader.follower = None

    async def _kill(self, log: RedisLog) -> None:
        """What the death of its process does to a log: what is on its way goes no further."""
        await log.writer._task.stop()
        log.writer.up = False
        await log.writer._client.connection_pool.disconnect()

    async def end(self) -> None:
        await super().end()
        for log in self.logs:
            await log.stop()
        self.admin.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    require("redis")
    folder: Path = tmp_path_factory.mktemp("redis")
    process = RedisProcess(folder)
    yield process
    process.stop()


QUIET = settings(
    max_examples=60,
    print_blob=True,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(300)
def test_log_in_memory_shows_a_prefix_and_then_exactly_the_rest() -> None:
    run_state_machine_as_test(LogMachine, settings=settings(QUIET, max_examples=100))


@pytest.mark.timeout(600)
def test_log_in_redis_shows_a_prefix_and_then_exactly_the_rest(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(RedisMachine, "server", server, raising=False)
    run_state_machine_as_test(RedisMachine, settings=QUIET)
