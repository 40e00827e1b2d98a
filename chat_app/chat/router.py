"""Which route answers: candidates in order, the next one when one fails before its first visible chunk.

The one retry loop of the project. A provider makes one attempt; clients underneath never retry. A route that the breaker
leaves alone is passed by, one whose places are all taken too. How an attempt is listened to is `attempt.py`'s.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from chat_app.chat import attachments, attempt, context
from chat_app.chat.asks import TurnSpec
from chat_app.chat.breaker import BREAKERS
from chat_app.chat.bulkhead import BULKHEADS, Place
from chat_app.chat.catalog import DEMO, Route
from chat_app.chat.route_state import Leave, Refusal
from chat_app.conf import limit
from chat_app.domain.errors import ChatError, NotConfigured, Unavailable, UpstreamBusy, UpstreamError
from chat_app.domain.events import RouteChosen
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import Chunk, ProgressChunk
from sessions_app.db import db

logger = structlog.get_logger(__name__)
Take = Callable[[RouteChosen | Chunk], None]
WORTH_WAITING: Final = 2.0  # seconds that a turn waits where the only route left says when to come again
QUEUED: Final = "Waiting for the model to be free."
AGAIN: Final = "The model is busy; trying again in a moment."


class Attempts:
    """What was tried for one turn: `log` holds `{model, code, ms}` for each attempt in order, with `skipped` where the route
    was not asked at all; `route` and `prompt` are those of the attempt that is under way or gave the answer."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.route: Route | None = None
        self.prompt: Prompt | None = None

    def note(self, model: str, code: str, started: float) -> None:
        self.log.append({"model": model, "code": code, "ms": round((time.monotonic() - started) * 1000)})

    def skip(self, model: str, code: str) -> None:
        self.log.append({"model": model, "code": code, "ms": 0, "skipped": True})


async def answer(spec: TurnSpec, attempts: Attempts, take: Take) -> None:
    """Hand `take` the chunks of the first route that answers, each attempt announced by a RouteChosen.

    Where the model that was asked for cannot work at all, the reason says so. Raises the ChatError of the last route tried,
    of any route that fails after its first visible chunk, or Unavailable where all are left alone.
    """
    await _Turn(spec, attempts, take).run()


class _Turn:
    """One turn on its way through its candidates."""

    def __init__(self, spec: TurnSpec, attempts: Attempts, take: Take) -> None:
        self.spec, self.attempts, self.take = spec, attempts, take
        self.number = 0
        self.announced: Route | None = None
        self.again: float | None = None  # seconds until the route that was asked last wants to be asked again
        self.reason: str | None = None
        self.failure: ChatError | None = None
        self.pauses: list[float] = []
        self.files: context.Files | None = None

    async def run(self) -> None:
        candidates = self.spec.candidates
        if candidates and candidates[0].id != self.spec.requested_model:
            self._skip(self.spec.requested_model, NotConfigured.code)
        for route in candidates:
            if await self._try(route):
                return
        if self.again is not None and self.again <= WORTH_WAITING and candidates[-1].config.kind != DEMO:
            self.take(ProgressChunk(AGAIN))
            await asyncio.sleep(self.again + 0.01)
            if await self._try(candidates[-1]):
                return
        if self.failure is not None:
            raise self.failure
        raise Unavailable(
            "No route to the model can answer right now.", retry_after=math.ceil(min(self.pauses, default=10))
        )

    async def _try(self, route: Route) -> bool:
        """Whether this route gave the answer. Raises what it failed with after its first visible chunk."""
        self.again = None
        if not self.spec.forced and (refusal := BREAKERS.refusal(route.config)) is not None:
            self._leave_alone(route, refusal)
            return False
        try:
            place = BULKHEADS.enter(route.id, route.concurrency, route.queue)
        except UpstreamBusy as full:
            self.failure = full
            self._skip(route.id, full.code)
            return False
        try:
            if place.waits and not await self._queue(route, place):
                return False
            leave = await BREAKERS.admit(route.config, forced=self.spec.forced)
            if isinstance(leave, Refusal):
                self._leave_alone(route, leave)
                return False
            return await self._ask(route, leave)
        finally:
            place.leave()

    async def _queue(self, route: Route, place: Place) -> bool:
        """Whether the place was had in time."""
        started = time.monotonic()
        self._announce(route)
        self.take(ProgressChunk(QUEUED))
        try:
            await place.come(route.config.timeouts.first_token)
        except UpstreamBusy as busy:
            self._failed(route, busy, started)
            return False
        except asyncio.CancelledError:
            self.attempts.note(route.id, "cancelled", started)
            raise
        return True

    async def _ask(self, route: Route, leave: Leave) -> bool:
        spec, started = self.spec, time.monotonic()
        listening = attempt.Listening(self.take, lambda: BREAKERS.answered(leave))
        try:
            self._announce(route)
            files = await self._read_files()
            question = context.Exchange(spec.question, (), tuple(spec.files))
            self.attempts.prompt = context.build(route, spec.past, question, spec.whose, files)
            await listening.to(route.config, self.attempts.prompt)
        except ChatError as error:
            BREAKERS.ended(leave, error)
            failure = error
        except BaseException as error:
            BREAKERS.returned(leave)
            if isinstance(error, asyncio.CancelledError):
                self.attempts.note(route.id, "cancelled", started)
            raise
        else:
            BREAKERS.ended(leave, None)
            self.attempts.note(route.id, "ok", started)
            return True
        self._failed(route, failure, started)
        if listening.visible:
            raise failure
        self.attempts.prompt = None  # whoever refused before the first word has used nothing of it
        self.again = failure.retry_after if isinstance(failure, UpstreamError) else None
        return False

    async def _read_files(self) -> context.Files:
        """What the conversation's messages have attached, the newest first as far as there is room; read once for a turn."""
        files = self.files
        if files is None:
            named = [*reversed(self.spec.files)]
            named += [file for exchange in reversed(self.spec.past) for file in exchange.attached]
            most = limit("FILES_IN_PROMPT")
            files = self.files = await db(attachments.parts, [f.id for f in named], most) if named else {}
        return files

    def _announce(self, route: Route) -> None:
        """Say once that this route is up next."""
        if self.announced is route:
            return
        self.number += 1
        self.attempts.route, self.attempts.prompt = route, None
        self.take(RouteChosen(route.id, self.number, self.reason))
        self.announced, self.reason = route, None

    def _failed(self, route: Route, failure: ChatError, started: float) -> None:
        self.attempts.note(route.id, failure.code, started)
        self.failure, self.reason, self.announced = failure, failure.code, None
        logger.info("route.failed", model=route.id, code=failure.code)

    def _leave_alone(self, route: Route, refusal: Refusal) -> None:
        self.pauses.append(refusal.seconds)
        self._skip(route.id, refusal.code)

    def _skip(self, model: str, code: str) -> None:
        self.attempts.skip(model, code)
        self.reason, self.announced = code, None
