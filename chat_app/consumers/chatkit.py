"""`POST /chatkit`: ChatKit's whole protocol. What streams is here, what is answered at once in `chatkit_calls.py`; and a turn
that runs already, for who did not ask for it.

Decode, start, follow, encode. A stream is a follow: whether its end means Stop is told by how it ended, for a client that has
no other way to say so.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chat_app.chat import turns
from chat_app.chat.again import DERIVED, OWNERS
from chat_app.chat.asks import Ask, Begun, Busy, Opening, Step
from chat_app.conf import limit
from chat_app.consumers import chatkit_calls
from chat_app.consumers.stream import FollowConsumer, turn_headers
from chat_app.domain.errors import ChatError, ThreadClosed, TooLarge
from chat_app.wire import chatkit, requests, sse
from chat_app.wire import chatkit_requests as ops
from chat_app.wire.chatkit_events import Encoder
from sessions_app.db import db

NOTICED_SECONDS = 0.25
MOST_DIGITS = 15  # of an event's number
_streams: Counter[str] = Counter()  # of each turn that is read here


@contextmanager
def _counted(turn_id: str) -> Iterator[None]:
    """One more stream of this turn, until it is over."""
    _streams[turn_id] += 1
    try:
        yield
    finally:
        _streams[turn_id] -= 1
        if not _streams[turn_id]:
            del _streams[turn_id]


class ChatKitStream(FollowConsumer):
    """What a ChatKit client is told in its own shapes, whichever way it came to a turn."""

    def error_shape(self, body: dict[str, Any]) -> dict[str, Any]:
        return chatkit.error_body(body)

    def session_ended(self, *, typed: bool) -> bytes:
        return chatkit.error("The session has ended.", allow_retry=False)

    def goes_on_elsewhere(self, *, typed: bool) -> bytes:
        return sse.CUT if self.resumes else chatkit.notice("warning", chatkit.GOES_ON)

    def shapes(self) -> chatkit.Shapes:
        """Items with addresses that this client can load."""
        base = self.base_url()
        more = self.header(b"x-chat-connector") == "details"
        return chatkit.Shapes(lambda name: base + chatkit_calls.preview_path(name), more=more)

    def has_connector(self) -> bool:
        """Whether the client says by itself what the end of its stream means."""
        return self.header(b"x-chat-connector") is not None

    def base_url(self) -> str:
        """Where the client has found this server."""
        host = self.header(b"host") or ""
        return f"{self.scope.get('scheme', 'http')}://{host}"

    def seen(self, turn_id: str) -> int | None:
        """The number of the last event of this turn that the client has, None where it has none."""
        name, _, number = (self.header(b"last-event-id") or "").rpartition(":")
        known = name == turn_id and number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS
        return int(number) if known else None


class ChatKitTurn(ChatKitStream):
    """`GET /chatkit/turns/{id}/events`: the stream of a turn from its first event, or behind `Last-Event-ID`; 204 where nothing
    is left to come. It only reads: a stream that is hung up on here is no Stop, and while it lasts neither is another."""

    methods = ("GET",)
    resumes = True

    async def respond(self) -> None:
        turn_id = self.path("turn_id") or ""
        seen = self.seen(turn_id)
        following, opening = await turns.join(chatkit_calls.person(self.identify()), turn_id, seen)
        self.when_gone(following.follower.close)
        if following.over:
            following.follower.close()
            await self.start(204, [])
            await self.write(b"", more=False)
            return
        shapes = self.shapes()
        joined = following.last if seen is None else 0
        encoder = Encoder(
            turn_id, opening.thread, shapes, seen or 0, joined=joined, replaces=opening.replaces
        )
        with _counted(turn_id):
            await self.start(200, [*sse.HEADERS, *turn_headers(following)])
            if seen is None:
                await self.write(_opening(opening, turn_id, shapes))
            await self.pass_on(following, encoder.frame, [])


class ChatKit(ChatKitStream):
    """One request of a ChatKit client, the official one or any other."""

    _begun: Begun | None = None
    _key_used: str | None = None
    _left = False

    async def allow_more(self) -> int:
        """A dictation comes in the body; whoever sends one is known before it is read."""
        await db(self.identify())
        return int(limit("MAX_BODY")) + int(limit("MAX_AUDIO")) * 4 // 3

    async def respond(self) -> None:
        if not requests.is_json(self.header(b"content-type") or "json"):
            raise requests.NotJson
        operation, params = ops.read(self.body)
        if len(self.body) > limit("MAX_BODY") and operation != "input.transcribe":
            raise TooLarge
        if operation not in ops.STREAMING:
            calls = chatkit_calls.Calls(self.identify(), self.shapes(), self.base_url())
            answer = await calls.answer(operation, params)
            await self.send_json(200, answer.body, answer.headers)
            return
        key = self._key()
        try:
            begun = await self._begin_soon(params, key)
        except Busy as busy:
            await self._say(chatkit.notice("warning", busy.detail))
        except ThreadClosed as closed:
            await self._say(chatkit.error(closed.detail, allow_retry=False))
        else:
            await self._follow(begun, key)

    def _key(self) -> str | None:
        """The request's idempotency key. Without one, the same body from the same frame is the same request until its answer
        was delivered: the official client repeats a POST that a proxy has answered in our place."""
        given = self.header(b"idempotency-key")
        frame = self.header(b"chatkit-frame-instance-id")
        if given is not None:
            return f"{OWNERS}{given}"
        if frame is None:
            return None
        return f"{DERIVED}chatkit:{frame[:64]}:{hashlib.sha256(self.body).hexdigest()}"

    async def _begin_soon(self, params: Any, key: str | None) -> Begun:
        """`_begin`, with a moment for a stream that was hung up on just now to be noticed: a message may follow its Stop at
        once."""
        try:
            return await self._begin(params, key)
        except Busy:
            if self.has_connector():
                raise
        await asyncio.sleep(NOTICED_SECONDS)
        return await self._begin(params, key)

    async def _begin(self, params: Any, key: str | None) -> Begun:
        identify = chatkit_calls.person(self.identify())
        match params:
            case ops.Create(input=message):
                return await turns.start_turn(identify, _ask(message, key, None))
            case ops.AddMessage(thread_id=thread_id, input=message):
                return await turns.start_turn(identify, _ask(message, key, thread_id))
            case ops.AddToolOutput(thread_id=thread_id, result=result):
                step = Step(thread_id, "tool_output", result=result, idempotency_key=key)
            case ops.AddStructuredInput(thread_id=thread_id, item_id=item_id, input=answers):
                given = ops.builtin(answers)
                step = Step(thread_id, "structured_input", item_id, answers=given, idempotency_key=key)
            case ops.CustomAction(thread_id=thread_id, item_id=sender, action=action):
                told = ops.builtin(action)
                step = Step(thread_id, "action", sender, action=told, idempotency_key=key)
            case ops.AboutItem(thread_id=thread_id, item_id=item_id):
                return await turns.retry_after(identify, thread_id, item_id, key)
            case _:
                raise ChatError
        return await turns.start_step(identify, step)

    async def _say(self, frame: bytes) -> None:
        """A whole stream of one frame: what the client would swallow as a status, the person reads as an event."""
        await self.start(200, sse.HEADERS)
        await self.write(frame, more=False)

    async def _follow(self, begun: Begun, key: str | None) -> None:
        opening = begun.opening
        assert opening is not None
        self._begun, self._key_used, self.resumes = begun, key, self.has_connector()
        seen = self.seen(begun.turn_id)
        following = turns.watch(
            begun
        )  # from the beginning: the encoder learns what the client was told before

        def hang_up() -> None:
            self._left = True
            following.follower.close()

        self.when_gone(hang_up)
        shapes = self.shapes()
        encoder = Encoder(begun.turn_id, opening.thread, shapes, seen or 0)
        with _counted(begun.turn_id):
            await self.start(200, [*sse.HEADERS, *turn_headers(begun)])
            try:
                if seen is None:
                    await self.write(_opening(opening, begun.turn_id, shapes))
                await self.pass_on(following, encoder.frame, [])
            finally:
                if self._left and _streams[begun.turn_id] == 1 and not self.has_connector():
                    await turns.hung_up(begun)

    async def before_end(self) -> None:
        if self._begun is None or self._left:
            return
        if self._key_used is not None and self._key_used.startswith(DERIVED):
            await turns.delivered(self._begun, self._key_used)


def _ask(message: ops.UserMessage, key: str | None, thread_id: str | None) -> Ask:
    options = message.inference_options
    return Ask(
        text=ops.text_of(message),
        thread_id=thread_id,
        model=options.model or None,
        idempotency_key=key,
        new_thread=thread_id is None,
        data=ops.message_data(message),
        attachments=tuple(message.attachments),
        tool=options.tool_choice.id if options.tool_choice is not None else None,
    )


def _opening(opening: Opening, turn_id: str, shapes: chatkit.Shapes) -> bytes:
    item = opening.item
    return chatkit.opening(
        opening.thread,
        f"{turn_id}:0",
        is_new=opening.is_new,
        item=shapes.info(item) if item is not None else None,
        answered=item is not None and item.kind != chatkit.QUESTION,
        expired=opening.expired,
    )
