"""The breaker: which routes are left alone because they fail, and when one turn may try such a route again.

One object for a process, BREAKERS. Outcomes are counted in memory; only a change of state is a row, made by compare-and-set
in a task of its own, so that no turn waits for it. What other workers changed comes in with the catalogue (`learn`), at
most a second late; what this process changed counts here at once, even while the database is away.

A route opens when at least MIN_FAILURES of its last WINDOW outcomes (none older than WINDOW_SECONDS) were failures, and these
were at least half; or at once where it said itself for how long it wants to be left alone. The count is bounded as well as
the time: a route that dies under load has hundreds of good answers in its window. Kind `demo` is never left alone.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import threading
import time
from collections.abc import Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import structlog
from django.db import Error as DatabaseError
from django.utils import timezone

from chat_app.chat import health
from chat_app.chat.health import CLOSED, HALF_OPEN, OPEN, Health, LastError
from chat_app.chat.route_state import PROBE_NEWS, Entry, Leave, Refusal
from chat_app.domain.errors import ChatError, UpstreamDown, UpstreamError
from chat_app.models import RouteHealth
from chat_app.providers.base import RouteConfig
from sessions_app.db import db

logger = structlog.get_logger(__name__)
T = TypeVar("T")

COOLDOWN: Final = 5.0  # seconds of the first opening; doubles while probes fail
MAX_COOLDOWN: Final = 60.0
JITTER: Final = 0.2
MAX_RETRY_AFTER: Final = 300.0
PROBE_GRACE: Final = 5.0  # seconds beyond its first token's limit in which a probe must have told
CLAIM_SECONDS: Final = 2.0  # that a turn waits for the database before it goes by
NOTE_SECONDS: Final = 5.0  # between two notes of a route's last error
NEVER_LEFT: Final = "demo"


class Breakers:
    """All routes of a process. `refusal` and `learn` may be called on any thread, the rest on the event loop."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    # What others ask

    def refusal(self, route: RouteConfig) -> Refusal | None:
        """Why a turn that begins now would pass this route by; None where it would be tried."""
        if route.kind == NEVER_LEFT:
            return None
        with self._lock:
            entry = self._entries.get(route.id)
            return entry.refusal() if entry is not None else None

    def learn(self, rows: Mapping[str, Health], ids: Collection[str], began: float) -> None:
        """Take in the rows as they were read from `began` (monotonic) on; forget what is neither in them nor in `ids`."""
        with self._lock:
            for model_id in self._entries.keys() - rows.keys() - set(ids):
                del self._entries[model_id]
            for model_id in rows.keys() | self._entries.keys():
                entry = self._entries.setdefault(model_id, Entry())
                row = rows.get(model_id, Health())
                if entry.changed >= began:
                    continue  # changed here since
                if row.version != entry.row.version:
                    entry.own = None
                    entry.begin_anew()
                entry.row, entry.code = row, entry.code if entry.own else row.code

    def standing(self) -> dict[str, str]:
        """Each route that has ever failed here or elsewhere, and its state: closed, open or half_open."""
        with self._lock:
            return {model_id: entry.health.state for model_id, entry in self._entries.items()}

    # What a turn does

    async def admit(self, route: RouteConfig, *, forced: bool = False) -> Leave | Refusal:
        """Leave to try a route now. Where its pause is over one turn of all workers gets it, as the probe; a `forced` turn
        always does."""
        if route.kind == NEVER_LEFT:
            return Leave(route.id, 0)
        with self._lock:
            entry = self._entries.setdefault(route.id, Entry())
            if forced or entry.health.state == CLOSED:
                return Leave(route.id, entry.generation, closes=forced)
            if (refusal := entry.refusal()) is not None:
                return refusal
            entry.claiming = True
        claim = self._spawn(self._claim(route, entry))
        try:
            await asyncio.wait({claim}, timeout=CLAIM_SECONDS)
        except asyncio.CancelledError:
            claim.add_done_callback(self._claimed_in_vain)
            raise
        if not claim.done():
            claim.add_done_callback(self._claimed_in_vain)
        elif (leave := claim.result()) is not None:
            return leave
        if entry.health.state == CLOSED:  # by another worker, whose probe was faster
            return Leave(route.id, entry.generation)
        return Refusal(entry.code or UpstreamDown.code, PROBE_NEWS)

    def answered(self, leave: Leave) -> None:
        """The person sees something of the answer: the route works."""
        with self._lock:
            entry = self._current(leave)
            if entry is not None and leave.closes and entry.health.state != CLOSED:
                self._become(leave.id, entry, Health(CLOSED))
                leave.generation = entry.generation
                logger.info("breaker.closed", model=leave.id)
            leave.closes = leave.probe = False

    def ended(self, leave: Leave, error: ChatError | None) -> None:
        """The attempt is over: well (None), or with an error, which is counted if it speaks against the route."""
        if error is None:
            self.answered(leave)
        elif not isinstance(error, UpstreamError) or error.of_request:
            self.returned(leave)
            return
        with self._lock:
            entry = self._current(leave)
            if error is not None and leave.generation:
                self._note(leave.id, error)
            if entry is None:
                return
            entry.window.append((time.monotonic(), error is None))
            if error is not None:
                self._failed(leave, entry, error)

    def returned(self, leave: Leave) -> None:
        """The attempt told nothing of the route (it was stopped, say): if it was the probe, the next turn may be it."""
        with self._lock:
            entry = self._current(leave)
            if entry is not None and leave.probe:
                self._become(leave.id, entry, replace(entry.health, state=OPEN, until=time.time()))

    async def settle(self, seconds: float = 2.0) -> None:
        """Wait for the changes that are being stored, for so long at most."""
        writers = {entry.writer for entry in self._entries.values() if entry.writer is not None}
        if running := {writer for writer in writers if not writer.done()}:
            await asyncio.wait(running, timeout=seconds)

    def closed_by_hand(self, rows: Mapping[str, Health], model_ids: Iterable[str]) -> None:
        """Begin anew with these routes, whose rows say now that they are closed."""
        with self._lock:
            for model_id in set(model_ids) & self._entries.keys():
                entry = self._entries[model_id]
                entry.row, entry.own = rows.get(model_id, Health()), None
                entry.changed = time.monotonic()
                entry.begin_anew()

    # How it is done; the lock is held where an entry is changed

    def _current(self, leave: Leave) -> Entry | None:
        """The route's entry, unless its state has changed since this leave was given."""
        entry = self._entries.get(leave.id)
        return entry if entry is not None and entry.generation == leave.generation else None

    def _failed(self, leave: Leave, entry: Entry, error: UpstreamError) -> None:
        told = min(error.retry_after or 0.0, MAX_RETRY_AFTER)
        if leave.probe:
            cooldown = min(2 * max(entry.health.cooldown, COOLDOWN), MAX_COOLDOWN)
        elif entry.health.state == CLOSED and (told or entry.tripped()):
            cooldown = COOLDOWN
        else:
            return
        pause = told or cooldown * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
        self._become(leave.id, entry, Health(OPEN, time.time() + pause, cooldown))
        logger.warning("breaker.opened", model=leave.id, code=error.code, seconds=round(pause, 1))

    def _become(self, model_id: str, entry: Entry, after: Health) -> None:
        entry.own, entry.changed = after, time.monotonic()
        entry.begin_anew()
        if entry.writer is None or entry.writer.done():
            entry.writer = self._spawn(self._write(model_id, entry))

    async def _write(self, model_id: str, entry: Entry) -> None:
        """Store this process's change, and the one that came meanwhile, if any. Who was faster elsewhere is believed."""
        while (own := entry.own) is not None:
            try:
                won, row = await db(health.change, model_id, entry.row.version, own)
            except DatabaseError as error:
                logger.warning("breaker.not_stored", model=model_id, error=type(error).__name__)
                return
            with self._lock:
                entry.changed = time.monotonic()
                entry.row = row or Health()
                if entry.own is own:
                    entry.own = None
                    if not won:
                        entry.begin_anew()

    async def _claim(self, route: RouteConfig, entry: Entry) -> Leave | None:
        """The probe's leave, if this process is the one that makes the row half open."""
        try:
            if entry.writer is not None and not entry.writer.done():
                await asyncio.wait({entry.writer}, timeout=CLAIM_SECONDS)
            limits = route.timeouts
            until = time.time() + min(limits.first_token, limits.total) + PROBE_GRACE
            after = Health(HALF_OPEN, until, entry.health.cooldown)
            won, row = await db(health.change, route.id, entry.row.version, after)
        except DatabaseError as error:
            logger.warning("breaker.not_claimed", model=route.id, error=type(error).__name__)
            entry.claim_at = time.monotonic() + 1.0
            return None
        finally:
            entry.claiming = False
        with self._lock:
            entry.changed, entry.row, entry.own = time.monotonic(), row or Health(), None
            entry.begin_anew()
        return Leave(route.id, entry.generation, closes=True, probe=True) if won else None

    def _claimed_in_vain(self, claim: asyncio.Task[Leave | None]) -> None:
        if not claim.cancelled() and claim.exception() is None and (leave := claim.result()) is not None:
            self.returned(leave)

    def _note(self, model_id: str, error: ChatError) -> None:
        """Let staff see this error soon: at once, or when the last note is old enough; the newest one is kept."""
        entry = self._entries.get(model_id)
        if entry is None:
            return
        entry.code, waits = error.code, entry.error is not None
        entry.error = LastError(error.code, error.detail, timezone.now())
        if not waits:
            self._spawn(self._write_note(model_id, entry))

    async def _write_note(self, model_id: str, entry: Entry) -> None:
        await asyncio.sleep(max(0.0, entry.noted + NOTE_SECONDS - time.monotonic()))
        error, entry.error, entry.noted = entry.error, None, time.monotonic()
        assert error is not None
        try:
            await db(health.note, model_id, error)
        except DatabaseError as failure:
            logger.warning("breaker.not_noted", model=model_id, error=type(failure).__name__)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("breaker.bug", exc_info=error)


BREAKERS = Breakers()


def reset(model_ids: Iterable[str]) -> int:
    """Close these routes by hand, as after an edit: here at once, in other workers within a second. Sync. Returns how many
    had been left alone."""
    ids = list(model_ids)
    count = health.close(ids)
    BREAKERS.closed_by_hand(health.read(), ids)
    return count


@dataclass(frozen=True, slots=True)
class Standing:
    """A route's health for staff: whether turns go there, and a sentence."""

    works: bool
    words: str


def state_of(row: RouteHealth | None) -> Standing:
    """How a route stands by its row; None where it never failed."""
    if row is None or row.state == CLOSED:
        return Standing(True, "answers")
    left = round((row.until - timezone.now()).total_seconds()) if row.until is not None else 0
    if left <= 0:
        return Standing(False, "failed; the next turn tries it again")
    if row.state == HALF_OPEN:
        return Standing(False, "failed; one turn is trying it again")
    return Standing(False, f"failed; left alone for {left} s more")
