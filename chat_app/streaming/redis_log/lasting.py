"""Work that goes on for as long as the process does: what it raises is told, and it begins again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

logger = structlog.get_logger(__name__)
PAUSE_SECONDS = 1.0


class Lasting:
    """One such task. `alive` is for those who watch."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._name, self._work = name, work
        self._task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End it. May be called where it never began."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except (
                Exception
            ) as error:  # a bug, or a failure that nobody thought of: streams must not stand still for it
                logger.error("log.task_failed", task=self._name, exc_info=error)
            await asyncio.sleep(PAUSE_SECONDS)
