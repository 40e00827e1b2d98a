"""The turns of workers that are gone: taken over one by one, run again where nobody has seen anything of the answer, else ended
as interrupted with all that anybody was shown.

Any worker does this, many at once: the lease in the row decides who has a turn. How a turn that runs is run is `runner.py`'s.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from chat_app import figures
from chat_app.chat import catalog, quotas, rerun
from chat_app.chat.asks import TurnSpec
from chat_app.conf import limit
from chat_app.domain.events import (
    ClientEffect,
    Event,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Snapshot,
    Terminal,
)
from chat_app.domain.turn import ENDED
from chat_app.models import Turn
from chat_app.streaming import leases, stored
from chat_app.streaming.control import CONTROL
from chat_app.streaming.log import Past, Record
from chat_app.streaming.redis_log.log import Seized
from chat_app.streaming.shared import LOG, REDIS
from sessions_app.db import db

logger = structlog.get_logger(__name__)
SHOWN: Final[tuple[type[Event], ...]] = (ItemAdded, ItemUpdated, ItemDone, ItemRemoved, ClientEffect)
AWAY_SECONDS: Final = 20.0  # so much longer we wait while Redis is away: only there is all that was shown
LONGEST_PAUSE: Final = 2.5  # seconds between two calls of ours to the database, while all is well
RERUN_SECONDS: Final = 300.0  # after so long nobody waits for an answer that has not begun


class Orphans:
    """Closes what others left. `launch` runs a turn here, or says that it cannot."""

    def __init__(self, worker: str, runs: Callable[[str], bool], launch: Callable[[TurnSpec], bool]) -> None:
        self._worker, self._runs, self._launch = worker, runs, launch
        self._steady_since: float | None = None  # when the database came back; None: it was never away
        self._reached: float | None = None  # when it was last known to answer
        self.closed = 0
        self.rerun = 0

    def database_failed(self) -> None:
        """A heartbeat could not be written. Where that is the database's fault, nobody else's could: their leases have run out
        and their turns go on, so they get a whole lease to say so."""
        self._steady_since = asyncio.get_running_loop().time()

    def database_answered(self) -> None:
        """It may have been away without a failure: a call waits for its pool, and goes through when it is back."""
        now = asyncio.get_running_loop().time()
        patience = max(float(limit("LEASE_SECONDS")) / 2, LONGEST_PAUSE)
        if self._reached is not None and now - self._reached > patience:
            self._steady_since = now
        self._reached = now

    def _steady(self, lease: float) -> bool:
        """Whether the database has been there for long enough that whoever lives has said so."""
        since = self._steady_since
        if since is not None and asyncio.get_running_loop().time() - since >= lease:
            self._steady_since = since = None
        return since is None

    async def sweep(self) -> None:
        """Take over whatever has had no heartbeat for the length of a lease."""
        lease = float(limit("LEASE_SECONDS"))
        figures.SWEEPS.inc()
        away = AWAY_SECONDS if REDIS is not None and not REDIS.writer.up else 0.0
        before = timezone.now() - timedelta(seconds=lease + away)
        found = await db(leases.orphans, before)
        self.database_answered()
        if not self._steady(lease):
            return
        random.shuffle(found)  # of several workers each begins elsewhere
        for turn_id, fence in found:
            if not self._runs(turn_id):
                await self._claim(turn_id, fence, before)

    async def _claim(self, turn_id: str, fence: int, before: datetime) -> None:
        """Take one over, if nobody else does. One that cannot be closed keeps nobody from closing the others."""
        try:
            turn = await db(leases.claim, turn_id, fence, self._worker, before)
            self.database_answered()
            if turn is not None:
                await self._take_over(turn)
        except (OperationalError, InterfaceError):  # the database is away
            raise
        except Exception as error:
            logger.error("turn.not_taken_over", turn=turn_id, exc_info=error)

    async def _take_over(self, turn: Turn) -> None:
        past, is_all = await _recovered(turn)
        shown = past.view().snapshot()
        if is_all and not _showed(past) and _may_run_again(turn, shown):
            spec = await db(rerun.spec_of, turn, past)
            if spec is not None and self._launch(spec):
                self.rerun += 1
                logger.warning("turn.run_again", turn=turn.pk)
                return
        await self._end(turn, past, shown, is_all=is_all)

    async def _end(self, turn: Turn, past: Past, shown: Snapshot, *, is_all: bool) -> None:
        done = [ItemDone(item) for item in shown.items if item.id in shown.open]
        gap = len(done) + 1 if is_all else leases.CRASH_GAP
        if is_all and shown.state in ENDED:
            gap = 0  # its followers were told of an end that could not be stored
        terminal = await db(_store_end, turn, shown, past.last + gap)
        if terminal is None:
            return
        self.closed += 1
        logger.warning("turn.interrupted", turn=turn.pk, at=past.last)
        if is_all and shown.state not in ENDED:
            # Go on with the log that the followers have read, to its end.
            LOG.open(turn.pk, turn.fence, past)
            LOG.append(turn.pk, [*done, terminal])
        if turn.thread_id:
            CONTROL.publish(f"thread:{turn.thread_id}", {"type": "turn", "turn_id": turn.pk})


async def _recovered(turn: Turn) -> tuple[Past, bool]:
    """What was told of a claimed turn: by its checkpoint and by what the shared log has, and whether that is all that any
    follower can have seen."""
    row = stored.standing(turn).snapshot
    seized = await REDIS.seize(turn.pk, turn.fence) if REDIS is not None else None
    past = None if seized is None else joined(row, seized)
    return (Past(row), False) if past is None else (past, True)


def joined(row: Record, seized: Seized) -> Past | None:
    """The checkpoint and the events behind it, or all events from the first where they are there; None where something
    between them is missing."""
    if seized.last < row.seq or seized.first > row.seq + 1:
        return None
    if seized.first == 1:
        return Past(None, seized.events)
    return Past(row, seized.events[row.seq + 1 - seized.first :])


def _showed(past: Past) -> bool:
    """Whether anything happened that a person may have seen, here or in an item of an earlier turn, though nothing of it need
    be there now."""
    return past.base is not None or any(isinstance(event, SHOWN) for event in past.events)


def _may_run_again(turn: Turn, shown: Snapshot) -> bool:
    """Whether nobody has seen anything of the answer, and somebody may still wait for it."""
    first_time = turn.fence == 2  # it has had one owner, and we are the next
    wanted = turn.cancel_requested is None and turn.abandoned_at is None and turn.thread_id is not None
    young = (timezone.now() - turn.created_at).total_seconds() < RERUN_SECONDS
    return first_time and wanted and young and not shown.items and shown.state not in ENDED


def _store_end(turn: Turn, shown: Snapshot, last_seq: int) -> Terminal | None:
    routes = catalog.catalogue().routes

    def price(model_id: str, tokens: int) -> Decimal | None:
        route = routes.get(model_id)
        return None if route is None else route.cost(0, tokens)  # the prompt went with its worker

    return leases.end(turn, shown, last_seq, quotas.charges_of(turn), price)
