"""A server written with ChatKit's SDK as a responder, unchanged: a subclass of `ChatKitServer`, durable like any turn.

    CHAT_RESPONDERS="support=myapp.chat.SupportServer"

names the class, an object of it, or a function that makes one; its store is ours. It is told of a turn as the SDK tells it, and
what it yields is the turn's answer. `chatkit_responder` is for one that wants a context of its own. Needs
`pip install -r requirements-agents.txt`, and is imported only where such a server is named.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from chatkit.actions import Action
from chatkit.server import ChatKitServer
from chatkit.types import AudioInput, ThreadItem, ThreadStreamEvent, UserMessageItem, WidgetItem

from chat_app.domain.errors import InvalidInput, NotFound
from chat_app.domain.events import ItemData, StreamOptions
from chat_app.domain.prompt import Prompt
from chat_app.models import Thread, Turn
from chat_app.models.fields import new_id
from chat_app.providers.base import CommitChunk
from chat_app.responders.chatkit_answer import Answer
from chat_app.responders.chatkit_errors import mapped, told
from chat_app.responders.chatkit_here import context_of, outside
from chat_app.responders.chatkit_items import QUESTION, from_item, to_item
from chat_app.responders.chatkit_scope import Scope
from chat_app.responders.chatkit_store import DjangoAttachments, DjangoStore
from chat_app.responders.chatkit_turn import Making
from chat_app.streaming import threads

log = logging.getLogger(__name__)
T = TypeVar("T")
Server = ChatKitServer[Any]
ContextOf = Callable[[Prompt], Any]
NO_ACTIONS = "The model of this thread does not take actions."


class RequestContext(dict[str, Any]):
    """What a server is told of a request unless it wants something else: `owner` (`<realm>:<id>`), `user_id` (the id alone),
    `thread_id` and `turn_id` (None where there is none), by key and by attribute."""

    @classmethod
    def of(cls, prompt: Prompt) -> RequestContext:
        """The context of a turn, or of what is asked beside it."""
        who, turn_id = prompt.owner, prompt.turn_id or None
        user_id = who.partition(":")[2]
        return cls(owner=who, user_id=user_id, thread_id=prompt.thread_id, turn_id=turn_id)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def chatkit_responder(
    server: Server | type[Server] | Callable[..., Server], context: ContextOf = RequestContext.of
) -> ChatKitResponder:
    """A responder of a server, of a class, or of a function that makes one; `context(prompt)` is what its methods get as their
    context, and may be async."""
    return ChatKitResponder(server if isinstance(server, ChatKitServer) else _made(server), context)


def _made(make: Callable[..., Server]) -> Server:
    """A server with our store, as far as what makes it asks for one."""
    store, files = DjangoStore(), DjangoAttachments()
    ways: Sequence[tuple[tuple[Any, ...], dict[str, Any]]] = (
        ((), {"store": store, "attachment_store": files}),
        ((), {"store": store}),
        ((store,), {}),
        ((), {}),
    )
    signature = inspect.signature(make)
    for args, kwargs in ways:
        try:
            signature.bind(*args, **kwargs)
        except TypeError:
            continue
        server = make(*args, **kwargs)
        if isinstance(server, ChatKitServer):
            return server
        raise TypeError(f"{make!r} made {type(server).__name__}, which is no ChatKitServer")
    raise TypeError(f"{make!r} takes more than a store")


class ChatKitResponder:
    """What the provider of kind `python` calls. `sync_action`, `feedback` and `transcribe` are there where the server has its
    own, else None."""

    def __init__(self, server: Server, context: ContextOf = RequestContext.of) -> None:
        if not isinstance(server.store, DjangoStore):
            if server.store is not None:
                log.info("%s keeps its threads here: its own store is left out", type(server).__name__)
            server.store = DjangoStore()
        self.server = server
        self._context_of = context
        self.sync_action = self._sync_action if self._has("sync_action") else None
        self.feedback = self._feedback if self._has("add_feedback") else None
        self.transcribe = self._transcribe if self._has("transcribe") else None

    def _has(self, method: str) -> bool:
        return getattr(type(self.server), method) is not getattr(ChatKitServer, method)

    async def respond(self, prompt: Prompt) -> AsyncIterator[Any]:
        """The events of the server's answer to what began the turn. Raises what the server tells of a failure as UpstreamError,
        NotFound and InvalidInput for what it is not made for, and what its code raises."""
        answer = Answer(self.server, await _opened(prompt))
        answer.begin(lambda begun: self._stream(begun, prompt))
        try:
            while (event := await answer.next()) is not None:
                yield event
            failure = answer.failure
            if failure is None or told(failure) is not None:
                yield CommitChunk()
            if failure is not None:
                with mapped():
                    raise failure
        finally:
            await answer.stop()

    async def _stream(self, answer: Answer, prompt: Prompt) -> AsyncIterator[ThreadStreamEvent]:
        """What the server answers with: its `respond`, or `action` for what is one."""
        given, thread_id = prompt.given, answer.turn.thread_id
        answer.context = context = await self._context(prompt)
        answer.thread = thread = await self.server.store.load_thread(thread_id, context)
        if not self.server.get_stream_options(thread, context).allow_cancel:  # that it can is told already
            answer.turn.outbox.put(StreamOptions(allow_cancel=False))
        if given.trigger == "action":
            if not self._has("action"):
                raise InvalidInput(NO_ACTIONS)
            sender, action = _sender(prompt, thread_id), _action(prompt)
            return await _events(self.server.action(thread, action, sender, context))
        item = await _asked(answer, prompt) if given.trigger == "message" else None
        return await _events(self.server.respond(thread, item, context))

    async def _context(self, prompt: Prompt) -> Any:
        context = self._context_of(prompt)
        return await context if isinstance(context, Awaitable) else context

    # What is asked beside turns

    async def _sync_action(self, prompt: Prompt) -> ItemData | None:
        async def ask(scope: Scope, context: Any) -> ItemData | None:
            thread_id = prompt.thread_id or ""
            thread = await self.server.store.load_thread(thread_id, context)
            sender = _sender(prompt, thread_id)
            answer = await self.server.sync_action(thread, _action(prompt), sender, context)
            if answer.updated_item is None:
                return None
            return await scope.pictures.kept(from_item(answer.updated_item), thread_id)

        return await self._beside(prompt, ask)

    async def _feedback(self, prompt: Prompt, item_ids: list[str], kind: Any) -> None:
        async def ask(scope: Scope, context: Any) -> None:
            await self.server.add_feedback(prompt.thread_id or "", list(item_ids), kind, context)

        await self._beside(prompt, ask)

    async def _transcribe(self, prompt: Prompt, audio: bytes, mime_type: str) -> str:
        async def ask(scope: Scope, context: Any) -> str:
            said = await self.server.transcribe(AudioInput(data=audio, mime_type=mime_type), context)
            return said.text

        return await self._beside(prompt, ask)

    async def _beside(self, prompt: Prompt, ask: Callable[[Scope, Any], Awaitable[T]]) -> T:
        """Ask the server in a scope of its own; whoever hangs up cancels it."""
        scope = Scope(prompt.owner)

        async def work() -> T:
            with mapped():
                return await ask(scope, await self._context(prompt))

        return await asyncio.get_running_loop().create_task(work(), context=context_of(scope))


async def _opened(prompt: Prompt) -> Making:
    """The turn as its server sees it. Raises NotFound for a thread that is no longer there."""
    asked = prompt.given.item
    if prompt.thread_id is None:
        thread = Thread(id=new_id("thr"), owner=prompt.owner)
        return Making(prompt.owner, prompt.turn_id, thread, kept=False, asked=asked)
    row, gap = await outside(_row, prompt.owner, prompt.thread_id, prompt.turn_id)
    return Making(prompt.owner, prompt.turn_id, row, kept=True, gap=gap)


def _row(owner: str, thread_id: str, turn_id: str) -> tuple[Thread, tuple[int, int] | None]:
    """The thread, and between which numbers lies what the turn is to replace."""
    row = threads.find(owner, thread_id)
    if row is None:
        raise NotFound
    turn = Turn.objects.select_related("input_item").filter(pk=turn_id, trigger="retry").first()
    if turn is None:
        return row, None
    stays = turn.input.get("after", turn.input_item.seq if turn.input_item is not None else row.item_seq)
    return row, (int(stays), row.item_seq)


async def _asked(answer: Answer, prompt: Prompt) -> UserMessageItem:
    """The message that began the turn."""
    given = prompt.given.item or ItemData(new_id("msg"), QUESTION, prompt.last_user_text)
    url_of = await answer.turn.pictures.addresses([given])
    item = to_item(given, answer.turn.thread_id, url_of)
    if not isinstance(item, UserMessageItem):
        raise InvalidInput("The model of this thread cannot read this message.")
    return item


def _sender(prompt: Prompt, thread_id: str) -> WidgetItem | None:
    """The widget that an action came from, if any."""
    given = prompt.given.item
    item: ThreadItem | None = to_item(given, thread_id) if given is not None else None
    if given is not None and not isinstance(item, WidgetItem):
        raise InvalidInput("The model of this thread cannot read the widget that this came from.")
    return item if isinstance(item, WidgetItem) else None


def _action(prompt: Prompt) -> Action[str, Any]:
    told = prompt.given.action or {}
    return Action[str, Any](type=told.get("type", ""), payload=told.get("payload"))


async def _events(given: Any) -> AsyncIterator[ThreadStreamEvent]:
    """What a server's method gives, which may be a coroutine that returns the events."""
    events: AsyncIterator[ThreadStreamEvent] = await given if isinstance(given, Awaitable) else given
    return events
