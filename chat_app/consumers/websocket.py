"""`/ws/chat`: a conversation over a WebSocket. Commands in, events of every turn of the thread out.

A turn is never streamed inside a receive handler: each is passed on by a task of its own, so that `cancel` does not wait
behind the stream that it should stop. Closing the socket ends the follows, never a turn (but for one-off turns).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import structlog
from channels.consumer import AsyncConsumer

from chat_app.chat import runner, turns
from chat_app.chat.asks import Ask, session_thread
from chat_app.chat.threads import active_turn
from chat_app.chat.turns import Following
from chat_app.conf import limit
from chat_app.consumers.channel import Allowance, Closed, SocketChannel
from chat_app.consumers.parting import SocketParting
from chat_app.domain.errors import ChatError, InvalidInput, NotFound, Unavailable
from chat_app.domain.turn import is_terminal
from chat_app.streaming.control import CONTROL
from chat_app.wire import native, problems, requests, socket
from sessions_app.db import db
from sessions_app.principal import Principal

logger = structlog.get_logger(__name__)
BAD_CREDENTIAL, IDLE, TOO_MANY, TOO_LARGE = 4401, 4408, 4429, 1009
COMMANDS = ("message", "cancel", "follow", "resume", "auth", "ping")


class ChatSocket(AsyncConsumer):
    """One socket. `principal` is who speaks now; `thread_id` the thread of its session, or the one it followed last."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        self.channel = SocketChannel(scope, receive, send)
        self.principal: Principal | None = None
        self.token: str | None = scope["url_route"]["kwargs"].get("token") or None
        self.thread_id: str | None = None
        self.follows: dict[str, asyncio.Task[None]] = {}
        self.asked: dict[str, str | None] = {}  # turn -> the id that its message had here
        self.one_offs: dict[str, turns.Begun] = {}  # those that run
        self.subscriptions: dict[str, Any] = {}
        self.expiry: asyncio.TimerHandle | None = None
        self.parting = SocketParting(self.channel, self._is_free)
        self.handling = False
        self.allowance = Allowance(limit("WS_RATE"))
        try:
            await runner.startup()  # a server without lifespan (daphne) has not begun to listen yet
            await self.parting.accept(scope.get("request_id", ""))
            await self._authenticate_first()
            await self._receive_forever()
        except Closed:
            pass
        except Exception as error:
            logger.error("socket.bug", exc_info=error)
            await self.channel.close(1011)
        finally:
            self._clean_up()

    def _is_free(self) -> bool:
        """Whether nothing is under way that this process alone can bring to its end."""
        return not self.handling and not any(turns.stays(turn_id) for turn_id in self.follows)

    # Who speaks

    async def _authenticate_first(self) -> None:
        """By path, header, subprotocol or cookie; where none of them is there, by a first message within ten seconds."""
        given = self.scope["identify"].credentials
        named = (self.token, given.bearer, given.auth_token, given.subprotocol_token)
        if any(token is not None for token in named) or await self._known_by_cookie():
            await self._become(self.token)
            return
        try:
            async with asyncio.timeout(limit("AUTH_SECONDS")):
                await self._first_message()
        except TimeoutError:
            await self.channel.close(BAD_CREDENTIAL)
            raise Closed from None

    async def _known_by_cookie(self) -> bool:
        if not self.scope["identify"].credentials.cookies:
            return False
        try:
            await db(self.scope["identify"], None)
        except Exception as error:
            if not problems.is_refusal(error):
                raise
            return False
        return True

    async def _first_message(self) -> None:
        while self.principal is None:
            message = await self._next_message()
            if message is None:
                continue
            if message.get("type") != "auth":
                await self.channel.send(socket.socket_error(InvalidInput("Say who you are first: auth.")))
                continue
            await self._handle(message)

    async def _become(self, token: str | None) -> None:
        """Learn who speaks and begin to listen to what concerns them. A bad credential closes the socket with 4401."""
        try:
            principal = await db(self.scope["identify"], token)
        except Exception as error:
            if not problems.is_refusal(error):
                raise
            await self.channel.close(BAD_CREDENTIAL)
            raise Closed from None
        if self.principal is not None and principal.owner != self.principal.owner:
            await self.channel.close(BAD_CREDENTIAL)
            raise Closed
        self.principal, self.token = principal, token
        self._subscribe(f"owner:{principal.owner}", self._on_doubt)
        if principal.session_id is not None:
            self._subscribe(f"session:{principal.session_id}", self._on_session_ended)
            self._listen_to(session_thread(principal.session_id))
        self._watch_expiry(principal)
        await self._ready()

    async def _ready(self) -> None:
        assert self.principal is not None
        active = await db(active_turn, self.principal, self.thread_id) if self.thread_id else None
        await self.channel.send(socket.ready(self.thread_id, active, self.principal.expires_at))
        if active is not None and self.thread_id is not None:
            await self._show(active, None)

    def _watch_expiry(self, principal: Principal) -> None:
        if self.expiry is not None:
            self.expiry.cancel()
        if principal.expires_at is not None:
            seconds = principal.expires_at.timestamp() - time.time()
            loop = asyncio.get_running_loop()
            self.expiry = loop.call_later(max(seconds, 0) + 0.1, self._on_doubt, {})

    def _on_session_ended(self, message: dict[str, Any]) -> None:
        if self.principal is None or self.principal.session_id == message["session_id"]:
            self.channel.close_soon(BAD_CREDENTIAL)

    def _on_doubt(self, message: dict[str, Any]) -> None:
        """A credential of this owner died, or this one's time is over: ask again who speaks."""
        self.channel.spawn(self._check_again())

    async def _check_again(self) -> None:
        try:
            principal = await db(self.scope["identify"], self.token)
        except Exception as error:  # noqa: BLE001 - what is no refusal is asked again at the next doubt
            if problems.is_refusal(error):
                await self.channel.close(BAD_CREDENTIAL)
            return
        self.principal = principal
        self._watch_expiry(principal)

    # What comes in

    async def _receive_forever(self) -> None:
        while True:
            message = await self._next_message()
            if message is not None:
                self.handling = True
                await self._handle(message)
                self.handling = False
                self.parting.look()

    async def _next_message(self) -> dict[str, Any] | None:
        """The next command; None for what was no command and has been answered. Raises Closed at the end."""
        text = await self.channel.receive(limit("WS_IDLE"), IDLE)
        if not self.allowance.take():
            await self.channel.close(TOO_MANY)
            raise Closed
        if len(text) > limit("WS_FRAME"):
            await self.channel.close(TOO_LARGE)
            raise Closed
        try:
            data = orjson.loads(text)
        except orjson.JSONDecodeError:
            data = None
        if isinstance(data, dict):
            return data
        await self.channel.send(socket.socket_error(requests.BadJson("A message is one JSON object.")))
        return None

    async def _handle(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        handler = getattr(self, f"_on_{kind}") if kind in COMMANDS else None
        given = message.get("id")
        message_id = given if isinstance(given, str) and len(given) <= 255 else None
        try:
            if handler is None:
                raise InvalidInput("There is no message of that type.", fields={"type": ["Unknown."]})
            await handler(message)
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the socket stays open and says so
            await self._refuse(error, message_id)

    async def _refuse(self, error: Exception, message_id: str | None) -> None:
        problem = problems.problem(error)
        if problem is None or problems.is_storage(error):
            logger.error("socket.command_failed", exc_info=error)
        problem = problem or problems.internal()
        if problem.status == 401:
            await self.channel.close(BAD_CREDENTIAL)
            raise Closed
        retry_after = error.retry_after if isinstance(error, ChatError) else None
        await self.channel.send(
            {"type": "error", **problem.body, **native.lean(id=message_id, retry_after=retry_after)}
        )

    async def _on_ping(self, message: dict[str, Any]) -> None:
        await self.channel.send({"type": "pong"})

    async def _on_auth(self, message: dict[str, Any]) -> None:
        await self._become(requests.check(requests.SocketAuth, message)["token"])

    async def _on_message(self, message: dict[str, Any]) -> None:
        fields = requests.check(requests.SocketMessage, message)
        ask = Ask(
            text=fields["text"],
            thread_id=fields.get("thread_id"),
            model=fields.get("model"),
            on_busy=fields.get("on_busy", "reject"),
            idempotency_key=fields.get("id"),
        )
        begun = await turns.start_turn(self._identify, ask)
        self.asked[begun.turn_id] = fields.get("id")
        if begun.thread_id is None:
            self.one_offs[begun.turn_id] = begun
        else:
            self._listen_to(begun.thread_id)
        if begun.turn_id not in self.follows:
            self._begin_follow(turns.watch(begun))

    async def _on_cancel(self, message: dict[str, Any]) -> None:
        fields = requests.check(requests.SocketCancel, message)
        assert self.principal is not None
        turn_id = fields.get("turn_id")
        if turn_id is None and self.thread_id is not None:
            turn_id = await db(active_turn, self.principal, self.thread_id)
        if turn_id is None and self.one_offs:
            turn_id = list(self.one_offs)[-1]
        if turn_id is not None:
            await turns.cancel(self._identify, turn_id)

    async def _on_follow(self, message: dict[str, Any]) -> None:
        thread_id = requests.check(requests.SocketFollow, message)["thread_id"]
        assert self.principal is not None
        await db(active_turn, self.principal, thread_id, must_exist=True)
        self._listen_to(thread_id)
        await self._ready()

    async def _on_resume(self, message: dict[str, Any]) -> None:
        fields = requests.check(requests.SocketResume, message)
        await self._follow(fields["turn_id"], fields.get("after"), again=True)

    def _identify(self) -> Principal:
        principal: Principal = self.scope["identify"](self.token)
        return principal

    # What goes out

    def _listen_to(self, thread_id: str) -> None:
        """Hear of every turn of this thread from now on, whoever starts it."""
        self.thread_id = thread_id
        self._subscribe(f"thread:{thread_id}", self._on_thread_news)

    def _on_thread_news(self, message: dict[str, Any]) -> None:
        if message["type"] == "turn":
            self.channel.spawn(self._show(message["turn_id"], 0))
        elif self.thread_id is not None:
            self.channel.spawn(self.channel.send(socket.thread_news(self.thread_id, message)))

    def _subscribe(self, topic: str, handler: Any) -> None:
        if topic not in self.subscriptions:
            self.subscriptions[topic] = CONTROL.subscribe(topic, handler)

    async def _show(self, turn_id: str, after: int | None) -> None:
        """Follow a turn that nobody named: where it is not to be followed here any more there is nothing to say."""
        try:
            await self._follow(turn_id, after)
        except Exception as error:
            if problems.is_refusal(error):
                await self.channel.close(BAD_CREDENTIAL)
                raise Closed from None
            if not isinstance(error, NotFound | Unavailable):
                raise

    async def _follow(self, turn_id: str, after: int | None, *, again: bool = False) -> None:
        """Pass a turn on in a task of its own; a second follow of the same turn takes the place of the first if `again`."""
        if turn_id in self.follows and not again:
            return
        following = await turns.follow(self._identify, turn_id, after)
        running = self.follows.get(turn_id)
        if following.over or (running is not None and not again):
            following.follower.close()
            return
        if running is not None:
            running.cancel()
        self._begin_follow(following)

    def _begin_follow(self, following: Following) -> None:
        task = asyncio.get_running_loop().create_task(self._pass_on(following))
        self.follows[following.turn_id] = task
        task.add_done_callback(lambda done: self._forget(following, done))

    def _forget(self, following: Following, task: asyncio.Task[None]) -> None:
        turn_id = following.turn_id
        following.follower.close()  # a task that was cancelled before its first step has closed nothing
        if self.follows.get(turn_id) is task:
            del self.follows[turn_id]
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Closed):
            logger.error("socket.follow_failed", turn=turn_id, exc_info=error)
        self.parting.look()

    async def _pass_on(self, following: Following) -> None:
        encoder = native.Encoder(following.turn_id, following.thread_id)
        model: str | None = None
        try:
            while (records := await following.follower.next()) is not None:
                for record in records:
                    model = getattr(record.event, "model", None) or model
                    if is_terminal(record.event):
                        await self._end(encoder, record.event, model)
                    elif frame := encoder.frame(record):
                        await self.channel.send_text(frame.decode())
        finally:
            following.follower.close()

    async def _end(self, encoder: native.Encoder, event: Any, model: str | None) -> None:
        """The one message that ends a turn on a socket: `response`, or `error` where it failed."""
        self.one_offs.pop(encoder.turn_id, None)
        await self.channel.send(encoder.ending(event, model, self.asked.pop(encoder.turn_id, None)))

    def _clean_up(self) -> None:
        self.parting.stop()
        for unsubscribe in self.subscriptions.values():
            unsubscribe()
        for task in list(self.follows.values()):
            task.cancel()
        if self.expiry is not None:
            self.expiry.cancel()
        for begun in self.one_offs.values():
            turns.abandon(begun)
        self.channel.dispose()
