"""The runner: the turns that run in this process, and their lease.

What a turn does is `engine.py`'s, what becomes of the turns of processes that are gone `orphans.py`'s. Here are tasks,
heartbeat, checkpoint and drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

import structlog
from django.db import Error as DatabaseError
from django.utils import timezone

from chat_app import figures
from chat_app.chat import chores
from chat_app.chat.asks import TurnSpec
from chat_app.chat.breaker import BREAKERS
from chat_app.chat.engine import Run, Stop
from chat_app.chat.orphans import Orphans
from chat_app.conf import limit
from chat_app.domain.errors import Unavailable
from chat_app.domain.events import ItemData
from chat_app.providers import http, registry
from chat_app.streaming import leases
from chat_app.streaming.control import CONTROL, DRAIN
from chat_app.streaming.shared import LOG, REDIS
from sessions_app.db import db

logger = structlog.get_logger(__name__)
BEAT_SECONDS = 1.0
SWEEP_SECONDS = 2.0
CHORES_EVERY = 30  # sweeps
RETRY_AFTER = 5.0
STORED_SECONDS = 10.0
RESTARTING = "The server is restarting; try again in a moment."


@dataclass(frozen=True, slots=True)
class RunnerState:
    """What readiness and metrics want to know."""

    worker: str
    running: int
    draining: bool
    listening: bool
    beating: bool
    beaten: float  # seconds since the last beat that went well, and stored how the running turns stand


class Runner:
    """One for a process; lives on its event loop. Starts by itself with the first turn where no lifespan started it."""

    def __init__(self) -> None:
        self.worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{token_hex(4)}"
        self.draining = False
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beat: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._beaten = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.orphans = Orphans(self.worker, self.runs, self._launch_again)

    def state(self) -> RunnerState:
        beating = self._beat is not None and not self._beat.done()
        beaten = time.monotonic() - self._beaten
        return RunnerState(self.worker, len(self._runs), self.draining, CONTROL.listening, beating, beaten)

    async def startup(self) -> None:
        """Begin to beat, sweep and listen on the running loop. May be called again; does nothing then, nor once it drains."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and (self.draining or (self._beat is not None and not self._beat.done())):
            return
        starting = self._starting
        if (
            starting is None or starting.done() or starting.get_loop() is not loop
        ):  # of many first requests, one
            starting = self._starting = loop.create_task(self._start(loop), context=contextvars.Context())
        await asyncio.shield(starting)

    async def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.draining, self._beaten = loop, False, time.monotonic()
        await CONTROL.start(self.worker)
        await LOG.start(self.worker)
        self._beat = loop.create_task(self._beat_forever())
        self._sweeping = loop.create_task(self._sweep_forever())

    async def shutdown(self, drain_seconds: float = 0.0) -> None:
        """Take no new turn, give the running ones so many seconds, then end them as interrupted with their text kept."""
        self.begin_drain()
        if self._tasks and drain_seconds:
            await asyncio.wait(set(self._tasks), timeout=drain_seconds)
        for run in list(self._runs.values()):
            run.stop("interrupted")
        CONTROL.tell_here(DRAIN, {"type": "close"})
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=10)
        for task in (self._beat, self._sweeping):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._beat = self._sweeping = None
        await LOG.stop()
        await CONTROL.stop()
        await BREAKERS.settle()
        await registry.close()
        await http.close()

    def begin_drain(self) -> None:
        """Refuse new turns from now on; those that run go on. Who is connected is told."""
        if not self.draining:
            self.draining = True
            CONTROL.tell_here(DRAIN, {"type": "drain"})

    def check_open(self) -> None:
        """Raises Unavailable where this process takes no new turn."""
        if self.draining:
            raise Unavailable(RESTARTING, retry_after=RETRY_AFTER)
        if len(self._runs) >= limit("TURNS_PER_PROCESS"):
            raise Unavailable("The server is at its limit; try again in a moment.", retry_after=RETRY_AFTER)

    def launch(self, spec: TurnSpec) -> None:
        """Run a turn in a task of its own, in an empty context: it outlives the request that asked for it."""
        run = Run(spec, LOG)
        self._runs[spec.turn_id] = run

        def on_message(message: dict[str, Any]) -> None:
            if message["type"] == "cancel":
                run.stop("cancelled")

        unsubscribe = CONTROL.subscribe(f"turn:{spec.turn_id}", on_message)  # here: nobody can be too early
        context = contextvars.Context()
        context.run(structlog.contextvars.bind_contextvars, turn=spec.turn_id)
        task = asyncio.get_running_loop().create_task(self._execute(run, unsubscribe), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        figures.TURNS_STARTED.labels(spec.trigger).inc()
        if spec.thread_id is not None:
            CONTROL.publish(f"thread:{spec.thread_id}", {"type": "turn", "turn_id": spec.turn_id})

    async def _execute(self, run: Run, unsubscribe: Callable[[], None]) -> None:
        began = timezone.now()
        try:
            await run.execute()
        finally:
            unsubscribe()
            self._runs.pop(run.spec.turn_id, None)
            run.over.set()
            view = run.record.view
            if view.ended:
                figures.turn_ended(view.state, view.model, began, run.first_token_at)

    def _launch_again(self, spec: TurnSpec) -> bool:
        """Run the turn of a worker that is gone, where there is room for it here."""
        try:
            self.check_open()
        except Unavailable:
            return False
        self.launch(spec)
        return True

    def runs(self, turn_id: str) -> bool:
        """Whether a turn runs in this process."""
        return turn_id in self._runs

    def stop(self, turn_id: str, reason: Stop) -> bool:
        """Stop a turn that runs here. False where it does not."""
        run = self._runs.get(turn_id)
        if run is not None:
            run.stop(reason)
        return run is not None

    def change(self, turn_id: str, item: ItemData) -> bool:
        """Change an item of an answer under way. False where it is not written here, or has no such item that is whole."""
        run = self._runs.get(turn_id)
        return run is not None and run.change(item)

    async def stored(self, turn_id: str) -> None:
        """Wait while the end of an answer is being stored here, some seconds at most; at once where it goes on."""
        run = self._runs.get(turn_id)
        if run is not None and run.finishing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.over.wait(), STORED_SECONDS)

    async def _beat_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_SECONDS
            try:
                if self._runs:
                    await self._checkpoint()
                self._beaten = time.monotonic()
            except Exception as error:  # noqa: BLE001 - the database may be away: the next beat tries again
                logger.warning("runner.beat_failed", error=type(error).__name__)
                self.orphans.database_failed()
            due = max(due, loop.time() + 0.1)
            await asyncio.sleep(due - loop.time())
            figures.LOOP_LAG.observe(max(0.0, loop.time() - due))

    async def _sweep_forever(self) -> None:
        """Beside the heartbeat: however long it takes to close what others left, nobody takes our own turns for left."""
        sweeps = 0
        while True:
            try:
                if not self.draining:
                    await self.orphans.sweep()
                if sweeps % CHORES_EVERY == CHORES_EVERY - 1:
                    await db(chores.run)
            except Exception as error:  # noqa: BLE001 - the next round tries again
                logger.warning("runner.sweep_failed", error=type(error).__name__)
                if isinstance(error, DatabaseError):
                    self.orphans.database_failed()
            sweeps += 1
            await asyncio.sleep(SWEEP_SECONDS)

    async def _checkpoint(self) -> None:
        runs = dict(self._runs)
        moved = [stands for run in runs.values() if (stands := run.checkpoint()) is not None]
        fences = {turn_id: run.spec.fence for turn_id, run in runs.items()}
        found = await db(leases.checkpoint, fences, moved, _abandoned_before())
        self.orphans.database_answered()
        for stands in moved:
            runs[stands.turn_id].saved(stands)
        for turn_id in found.cancelled:
            self.stop(turn_id, "cancelled")
        for turn_id in found.lost:
            self.stop(turn_id, "lost")


def _abandoned_before() -> datetime | None:
    """Who hung up before that moment, and has not been seen since, meant Stop."""
    if limit("CHATKIT_ON_DISCONNECT") != "grace":
        return None
    return timezone.now() - timedelta(seconds=limit("CHATKIT_GRACE"))


RUNNER = Runner()
if REDIS is not None:
    REDIS.on_lost(lambda turn_id: RUNNER.stop(turn_id, "lost"))
startup, shutdown, begin_drain, state = RUNNER.startup, RUNNER.shutdown, RUNNER.begin_drain, RUNNER.state
