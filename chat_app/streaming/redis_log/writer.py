"""The flusher: what the turns of this process append goes to Redis, one script call a tick for all of them.

The engine never waits for it. While Redis answers, followers see an event once it is written; when it does not, they see
everything at once, and what was missed is written when it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import redis.asyncio
import structlog
from redis.exceptions import NoScriptError, RedisError

from chat_app.streaming import codec
from chat_app.streaming.log import HOLD_SECONDS, Record
from chat_app.streaming.redis_log import scripts
from chat_app.streaming.redis_log.gate import TRIM_BYTES, Gate
from chat_app.streaming.redis_log.lasting import Lasting

logger = structlog.get_logger(__name__)
PATIENCE: Final = 2.0  # seconds for one pipeline, after which Redis counts as away
RUNNING_SECONDS: Final = 900.0  # how long a turn that says nothing is kept
ENTRIES: Final = 4096  # of one turn, about
TURNS_A_TICK: Final = 256
PAUSES: Final = (0.2, 0.5, 1.0, 2.0)  # seconds between tries to reach Redis again; the last one repeats


class Writer:
    """Owns its client. `up` says whether Redis answered last; `behind` how many events wait."""

    def __init__(self, client: redis.asyncio.Redis, on_lost: Callable[[str], object]) -> None:
        self.up = False
        self.resent = 0  # batches that were written again since Redis had lost them
        self.outages = 0
        self._client = client
        self._on_lost = on_lost
        self._append = client.register_script(scripts.APPEND)
        self._gates: dict[str, Gate] = {}  # all that may have something to write
        self._due: dict[str, Gate] = {}
        self._wake = asyncio.Event()
        self._task = Lasting("writer", self._run)
        self._failures = 0  # in a row

    @property
    def behind(self) -> int:
        """Events of turns of this process that the shared log does not have."""
        return sum(max(0, gate.turn.last - gate.written) for gate in self._gates.values())

    async def start(self) -> None:
        """Reach Redis, or begin to try."""
        await self._reach()
        self._task.start()

    async def stop(self) -> None:
        """Give what is left a moment to be written, and end."""
        await self._task.stop()
        self._take_up()
        while self._due and self.up:
            await self._tick()
        self.up = False
        await self._client.aclose()

    def add(self, gate: Gate) -> None:
        self._gates[gate.turn_id] = gate

    def remove(self, turn_id: str) -> None:
        self._gates.pop(turn_id, None)
        self._due.pop(turn_id, None)

    def push(self, gate: Gate) -> None:
        """There is something new to write. Where Redis is away followers see it now."""
        if gate.lost:
            return
        if gate.apart or not self.up:
            gate.show(gate.turn.last)
            return
        self._due[gate.turn_id] = gate
        self._wake.set()

    async def _run(self) -> None:
        self._take_up()
        while True:
            if not self.up:
                await self._come_back()
            await self._wake.wait()
            self._wake.clear()
            while self._due and self.up:
                await self._tick()

    async def _tick(self) -> None:
        """One round trip for all that is due."""
        gates = [gate for _, gate in zip(range(TURNS_A_TICK), self._due.values(), strict=False)]
        batches: list[tuple[Gate, list[Record]]] = []
        keys: list[str] = []
        values: list[Any] = []
        for gate in gates:
            del self._due[gate.turn_id]
            records, afresh = gate.unwritten()
            if records and not gate.lost:
                try:
                    values += self._values(gate, records, afresh)
                except Exception as error:  # whatever it is: no other turn stands still for it
                    logger.error("log.unwritable", turn=gate.turn_id, exc_info=error)
                    self.remove(gate.turn_id)
                    gate.set_apart()
                    continue
                keys += scripts.keys(gate.turn_id)
                batches.append((gate, records))
        if not batches:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                answers = await self._call(keys, values)
        except (RedisError, OSError, TimeoutError) as error:
            self._go_down(error)
            return
        self._failures = 0
        for (gate, records), newest in zip(batches, answers, strict=True):
            self._answered(gate, records, newest)

    async def _call(self, keys: list[str], values: list[Any]) -> list[int]:
        # By its digest: the whole script goes along only where Redis has forgotten it.
        try:
            answers: list[int] = await self._client.evalsha(self._append.sha, len(keys), *keys, *values)
        except NoScriptError:
            await self._client.script_load(scripts.APPEND)
            answers = await self._client.evalsha(self._append.sha, len(keys), *keys, *values)
        return answers

    def _values(self, gate: Gate, records: list[Record], afresh: bool) -> list[Any]:
        batch = codec.encode(records[0].seq, [record.event for record in records])  # type: ignore[misc]
        least = 0
        gate.bytes += len(batch)
        if gate.bytes > TRIM_BYTES:
            gate.bytes, least = 0, gate.saved
        seconds = HOLD_SECONDS if gate.turn.ended else RUNNING_SECONDS
        first, last = records[0].seq, records[-1].seq
        return [gate.fence, first, last, int(afresh), least, int(seconds * 1000), ENTRIES, batch]

    def _answered(self, gate: Gate, records: list[Record], newest: int) -> None:
        if newest < 0:
            logger.warning("log.fenced", turn=gate.turn_id)
            self._on_lost(gate.turn_id)
            return
        if newest < records[-1].seq:  # Redis was emptied: what it had goes there again
            self.resent += 1
            gate.written = newest
        else:
            gate.written = records[-1].seq
            gate.show(gate.written)
        if gate.written < gate.turn.last:
            self._due[gate.turn_id] = gate

    def _go_down(self, error: Exception) -> None:
        self.up = False
        self.outages += 1
        self._failures += 1
        logger.warning("log.away", error=type(error).__name__, turns=len(self._gates))
        for gate in list(self._gates.values()):
            gate.show(gate.turn.last)

    async def _come_back(self) -> None:
        while True:
            await self._client.connection_pool.disconnect()
            if self._failures:
                await asyncio.sleep(PAUSES[min(self._failures, len(PAUSES)) - 1])
            if await self._reach():
                break
            self._failures += 1
        logger.info("log.back", turns=len(self._gates))
        self._take_up()

    def _take_up(self) -> None:
        """Whatever is not written yet is due."""
        self._due |= {name: gate for name, gate in self._gates.items() if gate.written < gate.turn.last}
        self._wake.set()

    async def _reach(self) -> bool:
        """Whether Redis answers now."""
        try:
            async with asyncio.timeout(PATIENCE / 2):
                await self._client.ping()
        except (RedisError, OSError, TimeoutError):
            self.up = False
        else:
            self.up = True
        return self.up
