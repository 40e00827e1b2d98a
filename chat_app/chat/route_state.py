"""What one process knows of one route's health: its newest outcomes, the record, and a change that is not stored yet.

Plain values and questions about them. Whoever changes an Entry is `breaker.py`, under its lock.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from chat_app.chat.health import CLOSED, OPEN, Health, LastError
from chat_app.domain.errors import UpstreamDown

WINDOW: Final = 16  # outcomes
WINDOW_SECONDS: Final = 30.0
MIN_FAILURES: Final = 5
PROBE_NEWS: Final = 2.0  # seconds after which it pays to ask again while a probe is under way

_generations = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A route is to be left alone: `code` is what it failed with, `seconds` how long from now."""

    code: str
    seconds: float


@dataclass(slots=True)
class Leave:
    """One turn's leave to try a route. `closes`: its success closes the route; `probe`: others wait for what it tells.
    `generation` 0 counts for nothing."""

    id: str
    generation: int
    closes: bool = False
    probe: bool = False


class Entry:
    """`row` is the record as last seen; `own` a change of this process's that is not stored (yet), and goes before it. A new
    `generation` comes with every change: what began before it no longer counts. Other times are monotonic."""

    def __init__(self) -> None:
        self.row = Health()
        self.own: Health | None = None
        self.changed = 0.0
        self.generation = next(_generations)
        self.window: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        self.code = ""  # of the last error
        self.error: LastError | None = None  # waits to be noted
        self.noted = 0.0
        self.claiming = False
        self.claim_at = 0.0  # not before then, after the database failed
        self.writer: asyncio.Task[None] | None = None

    @property
    def health(self) -> Health:
        return self.own or self.row

    def begin_anew(self) -> None:
        """The state has changed: what was counted no longer counts."""
        self.generation = next(_generations)
        self.window.clear()

    def refusal(self) -> Refusal | None:
        """Why a turn that begins now must pass by; None where it may go there, if only as the probe."""
        if self.health.state == CLOSED:
            return None
        code, left = self.code or UpstreamDown.code, self.health.until - time.time()
        if left > 0:
            return Refusal(code, left if self.health.state == OPEN else min(left, PROBE_NEWS))
        if self.claiming or time.monotonic() < self.claim_at:
            return Refusal(code, PROBE_NEWS)
        return None

    def tripped(self) -> bool:
        """Whether its newest outcomes are bad enough to leave it alone."""
        since = time.monotonic() - WINDOW_SECONDS
        told = [good for at, good in self.window if at >= since]
        failures = told.count(False)
        return failures >= MIN_FAILURES and 2 * failures >= len(told)
