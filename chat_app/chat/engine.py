"""The engine: runs one turn from its first route to its one terminal event. Chunks become events here.

It knows no connection and no follower: it appends to the log, and the log wakes whoever reads. Stopping it is `stop()`; only
the engine itself writes the terminal event.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Literal

import structlog
from django.db import Error as DatabaseError
from django.utils import timezone

from chat_app.chat import router, used
from chat_app.chat.asks import TurnSpec
from chat_app.chat.own_items import OwnItems
from chat_app.chat.thread_news import ThreadNews
from chat_app.domain.errors import ChatError, Unavailable
from chat_app.domain.events import (
    Cancelled,
    Completed,
    Event,
    Failed,
    Interrupted,
    ItemAdded,
    ItemData,
    ItemDone,
    Progress,
    RouteChosen,
    Terminal,
    TextDelta,
)
from chat_app.domain.turn import ANSWER, IllegalEvent, answer_id
from chat_app.providers.base import Chunk, EventChunk, ProgressChunk, TextChunk, UsageChunk
from chat_app.streaming import kept, last_words, leases, pace, store
from chat_app.streaming.log import EventLog
from sessions_app.db import db

logger = structlog.get_logger(__name__)
STOP_GRACE = 2.0  # seconds that a provider has to let go once it was stopped
STORE_TRIES = (0.1, 0.5, 1, 2, 4, 8)  # seconds between tries to store an ending
Stop = Literal["cancelled", "interrupted", "lost"]  # lost: another worker has the lease, and ends the turn


class Run:
    """One turn under way. `execute()` is awaited once, by the runner's task; everything runs on its event loop."""

    def __init__(self, spec: TurnSpec, log: EventLog) -> None:
        self.spec = spec
        self.log = log
        self.attempts = router.Attempts()
        self.item_id = answer_id(spec.turn_id)
        self.usage: UsageChunk | None = None
        self.own_items = OwnItems()
        self.answering: datetime | None = None  # since when the answer's own item is there
        self.first_token_at: datetime | None = None  # of the first text or item
        self.thread = ThreadNews(spec, self._tell)
        self.saved_seq = spec.past_events.last if spec.past_events else 0  # of the last event in a checkpoint
        self._saved_items: kept.Kept = []
        self._pump: asyncio.Task[None] | None = None
        self._stop: Stop | None = None
        self._buffer: list[str] = []
        self._buffered = self.item_id  # the item that the buffer's text belongs to
        self._flush_handle: asyncio.Handle | None = None
        self._begun: asyncio.Task[None] | None = None
        self.finishing = False  # the end is being stored
        self.over = asyncio.Event()  # it is stored, and told
        self._let_go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.record = log.open(spec.turn_id, spec.fence, spec.past_events)

    def text(self) -> str:
        """The answer so far."""
        self._flush()
        return self.log.view(self.spec.turn_id).text

    def checkpoint(self) -> leases.Checkpoint | None:
        """How the turn stands, None where that is stored already."""
        spec, seq = self.spec, self.record.last
        if seq == self.saved_seq or self.record.ended:
            return None
        view = self.log.view(spec.turn_id)
        text, model = view.text, view.model or ""
        items = kept.items_as_kept(self._items(), view.open_ids, text)
        changed = None if items == self._saved_items else items
        return leases.Checkpoint(spec.turn_id, spec.fence, seq, text, model, changed)

    def saved(self, stands: leases.Checkpoint) -> None:
        """That checkpoint is stored."""
        self.saved_seq = stands.seq
        self.log.saved(stands.turn_id, stands.seq)
        if stands.items is not None:
            self._saved_items = stands.items

    def change(self, item: ItemData) -> bool:
        """A click changes an item of this answer. False where that is not there or goes on, or the end is being stored."""
        view = self.log.view(self.spec.turn_id)
        if self.finishing or item.id in view.open_ids or item.id not in {own.id for own in view.items}:
            return False
        self._tell(ItemDone(item))
        return True

    def stop(self, reason: Stop) -> None:
        """Stop the answer: the model's connection closes, what was said is kept. The first reason counts."""
        if self._stop is None:
            self._stop = reason
            if self._pump is not None:
                self._pump.cancel()
            asyncio.get_running_loop().call_later(STOP_GRACE, self._let_go.cancel)

    async def execute(self) -> None:
        """Run to the terminal event; never raises for what a model, a client or the database does."""
        self.thread.begin()
        last_words.open_for(self.spec.turn_id)
        self._pump = asyncio.get_running_loop().create_task(
            router.answer(self.spec, self.attempts, self._take)
        )
        if self._stop is not None:
            self._pump.cancel()
        try:
            await asyncio.wait({self._pump, self._let_go}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the process goes down without a drain
            self.stop("interrupted")
            await asyncio.wait({self._pump}, timeout=STOP_GRACE)
        self._flush()
        self._take_last_words()
        if self._stop == "lost" and self.log.lose(self.spec.turn_id):
            self.log.forget(self.spec.turn_id)
            return
        try:
            await self._finish(self._outcome())
        except Exception:
            # The sweep closes the row; who follows must not wait for it.
            logger.exception("turn.not_finished", turn=self.spec.turn_id)
            if not self.record.ended:
                self._append(Failed("internal", ChatError.default_detail, True, self.text()))

    def _take(self, chunk: RouteChosen | Chunk) -> None:
        if type(chunk) is not TextChunk:
            self._aside(chunk)
        elif self.answering is None:
            self._flush()
            self._begin(chunk.text)
        else:
            self._more(self.item_id, chunk.text)

    def _more(self, item_id: str, text: str) -> None:
        """More text of an item that has begun."""
        if item_id != self._buffered:
            self._flush()
            self._buffered = item_id
        self._buffer.append(text)
        if self._flush_handle is None:
            self._flush_soon()

    def _aside(self, chunk: RouteChosen | Chunk) -> None:
        match chunk:
            case RouteChosen():
                self.usage = None  # what a route that failed has counted is not this one's
                self._append(chunk)
            case ProgressChunk():
                self._flush()
                self._append(Progress(chunk.text))
            case UsageChunk():
                self.usage = chunk
            case EventChunk():
                self._own(chunk)

    def _own(self, chunk: EventChunk) -> None:
        """An event that Python made for its own answer."""
        if chunk.visible:
            self._visible()
        route = self.attempts.route
        event = self.own_items.translate(chunk.event, route.id if route else None)
        if type(event) is TextDelta:
            if event.text:
                self._more(event.item_id, event.text)
            return
        if self.thread.takes(event):
            self.thread.change(event)
            return
        self._flush()
        self._append(event)

    def _take_last_words(self) -> None:
        """What Python made of its items while it was stopped. Of an answer that ended otherwise nobody wants to hear more."""
        for event in last_words.take(self.spec.turn_id):
            if self._stop == "cancelled":
                try:
                    self._own(EventChunk(event))
                except IllegalEvent as error:
                    logger.error("turn.last_word_refused", turn=self.spec.turn_id, exc_info=error)

    def _tell(self, event: Event) -> None:
        """Something that happened beside the answer. Too late once it has ended, here or elsewhere."""
        if not self.record.ended and self.log.find(self.spec.turn_id) is not None:
            self._flush()
            self._append(event)

    def _append(self, *events: Event) -> None:
        self.log.append(self.spec.turn_id, events)

    def _begin(self, text: str) -> None:
        """The first text leaves at once."""
        self.answering = timezone.now()
        self._append(ItemAdded(self._item()), TextDelta(self.item_id, text))
        self._visible()

    def _visible(self) -> None:
        """The person sees something of the answer."""
        if self.first_token_at is not None:
            return
        self.first_token_at = timezone.now()
        if self.spec.trigger == "retry" and self.spec.thread_id is not None:
            self._begun = asyncio.get_running_loop().create_task(self._begin_retry())

    def _item(self, text: str = "") -> ItemData:
        """The answer as an item; where another model gave it, it says which one was asked for."""
        model = self.attempts.route.id if self.attempts.route else None
        asked = self.spec.requested_model
        return ItemData(
            self.item_id,
            ANSWER,
            text,
            {} if asked == model else {"requested_model": asked},
            model,
            self.answering,
        )

    def _flush_soon(self) -> None:
        loop = asyncio.get_running_loop()
        if pace.METER.lags():
            self._flush_handle = loop.call_later(pace.WINDOW_SECONDS, self._flush)
        else:
            self._flush_handle = loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if self._buffer:
            text = "".join(self._buffer)
            self._buffer.clear()
            self._append(TextDelta(self._buffered, text))

    async def _begin_retry(self) -> None:
        spec = self.spec
        assert spec.thread_id is not None
        await db(store.begin_retry, spec.turn_id, spec.fence, spec.thread_id, spec.question_seq)

    async def _not_replaced(self) -> int | None:
        """The number of the question, where a retry's answer has yet to take the place of the old one: its first text
        came while the database was away."""
        if self._begun is None:
            return None
        await asyncio.wait({self._begun})
        error = self._begun.exception()
        if error is None:
            return None
        logger.warning("turn.retry_not_begun", turn=self.spec.turn_id, error=type(error).__name__)
        return self.spec.question_seq

    def _outcome(self) -> Terminal:
        """The terminal event that this run deserves, once its pump has ended."""
        assert self._pump is not None
        text = self.text()
        if not self._pump.done() or self._pump.cancelled():
            if self._stop == "cancelled":
                return Cancelled(text, used.by(self.attempts, self.usage, text))
            return Interrupted(text, "restart" if self._stop == "interrupted" else "interrupted")
        error = self._pump.exception()
        match error:
            case None:
                self._visible()  # an answer with nothing to see is one all the same
                route = self.attempts.route
                return Completed(text, route.id if route else "", used.by(self.attempts, self.usage, text))
            case ChatError():
                return Failed(error.code, error.detail, error.retryable, text, error.retry_after)
            case _:
                logger.error("turn.bug", turn=self.spec.turn_id, exc_info=error)
                return Failed("internal", ChatError.default_detail, True, text)

    async def _finish(self, terminal: Terminal) -> None:
        """Store the answer, then tell the followers: what they see as ended is stored."""
        replaces = await self._not_replaced()
        await self.thread.written()
        self.finishing = True
        route = self.attempts.route
        items, view = self._items(), self.log.view(self.spec.turn_id)
        done = [ItemDone(item) for item in items if item.id in view.open_ids]
        usage = getattr(terminal, "usage", None) or used.at(
            terminal, self.attempts, self.usage, visible=self.first_token_at is not None
        )
        ending = store.Ending(
            turn_id=self.spec.turn_id,
            fence=self.spec.fence,
            thread_id=self.spec.thread_id,
            answer_seq=self.spec.answer_seq,
            terminal=terminal,
            items=items,
            open=view.open_ids,
            model=route.id if route else "",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            estimated=usage.estimated,
            cost=None if usage.cost is None else Decimal(usage.cost),
            attempts=self.attempts.log,
            first_token_at=self.first_token_at,
            last_seq=self.record.last + len(done) + 1,
            replaces_after=replaces,
            charges=self.spec.charges,
        )
        terminal = await self._store(ending, terminal)
        await self.thread.settle(patient=isinstance(terminal, Completed))
        self._append(*done, terminal)

    def _items(self) -> list[ItemData]:
        """What is stored of the answer, in order of appearance."""
        shown = self.log.view(self.spec.turn_id).items
        return [self._item(item.text) if item.id == self.item_id else item for item in shown]

    async def _store(self, ending: store.Ending, terminal: Terminal) -> Terminal:
        """Try until it is stored; a database that stays away ends the turn as failed, its text still with the followers."""
        for delay in (*STORE_TRIES, None):
            try:
                if await asyncio.shield(db(store.save_ending, ending)):
                    return terminal
                logger.warning("turn.lease_lost", turn=ending.turn_id)
                return terminal if isinstance(terminal, Cancelled) else Interrupted(terminal.text)
            except DatabaseError as error:
                logger.error(
                    "turn.not_stored", turn=ending.turn_id, error=type(error).__name__, again_in=delay
                )
                if delay is not None:
                    await asyncio.sleep(delay)
        return Failed(Unavailable.code, "The answer could not be stored on this server.", True, terminal.text)
