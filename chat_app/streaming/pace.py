"""When text is passed on: the first at once, then what piled up since the last turn of the event loop; in steps of 40 ms
only while the loop lags, so that cost does not grow with the rate of tokens.

Nothing here knows what the text is for.
"""

from __future__ import annotations

import asyncio

WINDOW_SECONDS = 0.040
LAG_SECONDS = 0.010
PROBE_SECONDS = 0.050
# Merging itself brings the lag down: it goes on until the loop has been calm for half a second.
CALM_SECONDS = 0.003
CALM_PROBES = 10


class LagMeter:
    """How late the event loop runs its timers, probed twenty times a second while anyone asks."""

    def __init__(self) -> None:
        self._due = 0.0
        self._asked = False
        self._handle: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._late = False
        self._calm = 0  # probes in a row that came in time

    def lags(self) -> bool:
        """Whether the last probe came more than 10 ms late. The first question starts the probing; it stops by itself."""
        self._asked = True
        loop = asyncio.get_running_loop()
        if self._handle is None or self._loop is not loop:
            self._loop, self._late = loop, False
            self._schedule(loop)
        return self._late

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + PROBE_SECONDS
        self._handle = loop.call_at(self._due, self._probe, loop)

    def _probe(self, loop: asyncio.AbstractEventLoop) -> None:
        lag = loop.time() - self._due
        if lag > LAG_SECONDS:
            self._late, self._calm = True, 0
        elif self._late:
            self._calm = self._calm + 1 if lag <= CALM_SECONDS else 0
            self._late = self._calm < CALM_PROBES
        self._handle = None
        if self._asked:
            self._asked = False
            self._schedule(loop)


METER = LagMeter()
