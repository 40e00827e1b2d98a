"""Answers as Server-Sent Events: a new turn in the examples' framing or as typed events, and a turn that runs already.

Decode, start, follow, encode. Nothing here decides anything about the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from chat_app.chat import turns
from chat_app.chat.turns import Ask, Begun, Following
from chat_app.conf import limit
from chat_app.consumers.base import Gone, HttpConsumer
from chat_app.consumers.parting import StreamParting, elsewhere
from chat_app.domain.errors import InvalidInput, Unauthenticated
from chat_app.domain.events import Failed, ItemDone, TextDelta
from chat_app.domain.turn import is_terminal
from chat_app.figures import STREAMS
from chat_app.streaming.control import CONTROL
from chat_app.streaming.log import Record
from chat_app.wire import native, problems, requests, sse
from chat_app.wire.plain import PlainEncoder

STALL_SECONDS = 60.0  # a client that reads nothing for so long is cut off; it can resume
WRITE_RECORDS = 256  # records in one write at most
Frame = Callable[[Record], bytes]


def ask_of(consumer: HttpConsumer) -> tuple[dict[str, Any], Ask]:
    """The fields of a chat request, from its body, query string, path and headers, and the Ask that they make."""
    query = requests.query(consumer.scope["query_string"])
    fields = requests.check(requests.AskBody, {**query, **consumer.fields()})
    ask = Ask(
        text=fields["message"],
        thread_id=fields.get("thread_id") or None,
        model=fields.get("model") or consumer.path("model"),
        on_busy=fields.get("on_busy", "reject"),
        idempotency_key=consumer.header(b"idempotency-key"),
    )
    return fields, ask


def turn_headers(begun: Begun | Following) -> list[tuple[bytes, bytes]]:
    """The ids that a client needs to resume or stop."""
    headers = [(b"x-turn-id", begun.turn_id.encode())]
    if begun.thread_id is not None:
        headers.append((b"x-thread-id", begun.thread_id.encode()))
    return headers


class FollowConsumer(HttpConsumer):
    """What all SSE answers share: frames out, a ping when it is quiet, an end when the session is revoked or the process
    drains. `resumes` says that the client goes on elsewhere by itself where a stream ends before its turn."""

    resumes = False
    revoked = False
    unsubscribe: Callable[[], None] | None = None
    parting: StreamParting | None = None

    def session_ended(self, *, typed: bool) -> bytes:
        """The last words of a stream whose session was revoked."""
        return native.session_ended(typed=typed)

    def goes_on_elsewhere(self, *, typed: bool) -> bytes:
        """The last words of a stream that ends before its turn, for this process ends."""
        return b"" if self.resumes else native.restarting(typed=typed)

    @property
    def parted(self) -> bool:
        """Whether the turn goes on, but not here."""
        return self.parting is not None and self.parting.told

    def heed(self, following: Following) -> None:
        """From now on the end of the session is the end of the stream, and the drain may be. `pass_on` does so by itself."""

        def end(message: dict[str, Any]) -> None:
            self.revoked = True
            following.follower.close()

        session = following.principal.session_id
        if session is not None and self.unsubscribe is None:
            self.unsubscribe = CONTROL.subscribe(f"session:{session}", end)
        if self.parting is None and not following.ended:
            self.parting = StreamParting(following.turn_id, self.resumes, following.follower.close)

    def let_go(self, following: Following) -> None:
        """The stream is over."""
        following.follower.close()
        if self.unsubscribe is not None:
            self.unsubscribe()
        if self.parting is not None:
            self.parting.stop()

    async def before_end(self) -> None:
        """All that there is has been sent, and the client does not know yet that it was all."""

    async def pass_on(
        self, following: Following, frame: Frame, records: list[Record] | None, *, typed: bool = True
    ) -> None:
        """Send `records` and all that follows, until the turn ends or the client goes. The headers have left."""
        follower = following.follower
        self.heed(following)
        stall = _Stall()
        STREAMS.inc()
        try:
            while records is not None:
                for n in range(0, len(records), WRITE_RECORDS):
                    data = b"".join([frame(record) for record in records[n : n + WRITE_RECORDS]])
                    if data:
                        await stall.during(self.write(data))
                if not records:
                    await stall.during(self.write(sse.PING))
                records = await follower.next()
            if self.revoked:
                await self.write(self.session_ended(typed=typed))
            elif self.parted:
                await self.write(self.goes_on_elsewhere(typed=typed))
            else:
                await self.before_end()
            await self.write(b"", more=False)
        finally:
            STREAMS.dec()
            stall.close()
            self.let_go(following)


class _Stall:
    """Cuts off a write that waits too long, by one timer for the whole stream rather than one for each write."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._since: float | None = None
        self._cut = False
        self._timer = self._loop.call_later(STALL_SECONDS, self._look)

    async def during(self, write: Any) -> None:
        """Await a write. Raises Gone where it was cut off."""
        self._since = self._loop.time()
        try:
            await write
        except asyncio.CancelledError:
            if not self._cut:
                raise
            raise Gone from None
        self._since = None

    def _look(self) -> None:
        since = self._since
        if since is not None and self._loop.time() - since >= STALL_SECONDS and self._task is not None:
            self._cut = True
            self._task.cancel()
        else:
            self._timer = self._loop.call_later(STALL_SECONDS / 2, self._look)

    def close(self) -> None:
        self._timer.cancel()


class ChatStream(FollowConsumer):
    """`POST /api/chat/stream`, `/api/custom/stream` and the examples' bases."""

    async def respond(self) -> None:
        fields, ask = ask_of(self)
        self.resumes = typed = bool(fields.get("events"))
        begun = await turns.start_turn(self.identify(fields.get("session_id")), ask)
        following = turns.watch(begun)

        def hang_up() -> None:
            following.follower.close()
            turns.abandon(begun)

        self.when_gone(hang_up)
        self.heed(following)
        try:
            records, failure = await self._first(following)
            if self.revoked:
                raise Unauthenticated("The session has ended.")
            if self.parted:
                raise elsewhere()
            if failure is not None:
                problem = problems.of_code(
                    failure.code, failure.detail, failure.retryable, failure.retry_after
                )
                headers = {k.decode(): v.decode() for k, v in turn_headers(begun)}
                body = problem.with_id(self.scope.get("request_id", ""))
                await self.send_json(problem.status, body, {**headers, **problem.headers})
                return
            await self.start(200, [*sse.HEADERS, *turn_headers(begun)])
            encoder = native.Encoder(begun.turn_id, begun.thread_id)
            frame = encoder.sse_frame if typed else PlainEncoder().frame
            await self.pass_on(following, frame, records, typed=typed)
        finally:
            self.let_go(following)

    async def _first(self, following: Following) -> tuple[list[Record] | None, Failed | None]:
        """What came until the first text, the end, or one second, whichever was first; a failure that came before any
        text stands apart, since it can still be a status."""
        held: list[Record] = []
        try:
            async with asyncio.timeout(limit("HEADERS_AFTER")):
                while (records := await following.follower.next()) is not None:
                    held += records
                    if any(type(r.event) in (TextDelta, ItemDone) for r in records):
                        return held, None
                    if records and isinstance(last := records[-1].event, Failed):
                        return held, last
                    if records and is_terminal(records[-1].event):
                        return held, None
        except TimeoutError:
            return held, None
        return held or None, None


class TurnEvents(FollowConsumer):
    """`GET /api/turns/{id}/events`: typed events behind `Last-Event-ID` or `?after=`; 204 when nothing is left to come."""

    methods = ("GET",)
    resumes = True

    async def respond(self) -> None:
        query = requests.query(self.scope["query_string"])
        turn_id = self.path("turn_id") or ""
        following = await turns.follow(self.identify(query.get("session_id")), turn_id, self._after(query))
        self.when_gone(following.follower.close)
        if following.over:
            following.follower.close()
            await self.start(204, [])
            await self.write(b"", more=False)
            return
        await self.start(200, sse.HEADERS)
        frame = native.Encoder(turn_id, following.thread_id).sse_frame
        await self.pass_on(following, frame, [])

    def _after(self, query: dict[str, str]) -> int | None:
        raw = self.header(b"last-event-id") or query.get("after")
        if not raw:
            return None
        if not raw.isascii() or not raw.isdigit() or len(raw) > 15:
            raise InvalidInput(fields={"after": ["A number from an event's id."]})
        return int(raw)
