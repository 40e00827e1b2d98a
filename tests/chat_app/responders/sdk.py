"""What the tests of ChatKit's SDK on our tables share: items of all kinds, a server of a test's own, a turn that it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chatkit.server import ChatKitServer
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    HiddenContextItem,
    InferenceOptions,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    UserMessageItem,
    UserMessageTextContent,
    WidgetItem,
)
from pydantic import TypeAdapter

from chat_app.chat.asks import TurnSpec
from chat_app.chat.engine import Run
from chat_app.domain.events import ItemData
from chat_app.domain.prompt import Given
from chat_app.models import Item, Thread, Turn
from chat_app.providers.base import RouteConfig
from chat_app.providers.python import provider as python
from chat_app.responders.chatkit_server import chatkit_responder
from chat_app.streaming.log import MemoryLog
from tests.chat_app.chat.routes import route

OWNER, STRANGER = "ext:1", "ext:2"
Respond = Callable[..., AsyncIterator[ThreadStreamEvent]]
_items: TypeAdapter[Any] = TypeAdapter(ThreadItem)


def said(name: str, *texts: str, thread_id: str = "thr_1") -> AssistantMessageItem:
    """An answer of so many parts."""
    content = [AssistantMessageContent(text=text) for text in texts]
    return AssistantMessageItem(id=name, thread_id=thread_id, created_at=datetime.now(), content=content)


def asked(name: str, text: str, thread_id: str = "thr_1") -> UserMessageItem:
    return UserMessageItem(
        id=name,
        thread_id=thread_id,
        created_at=datetime.now(),
        content=[UserMessageTextContent(text=text)],
        inference_options=InferenceOptions(),
    )


def card(name: str, text: str, thread_id: str = "thr_1") -> WidgetItem:
    """A widget with one text, whose id is `t`."""
    widget = {"type": "Card", "children": [{"type": "Text", "id": "t", "value": text}]}
    found: WidgetItem = item("widget", name, thread_id, widget=widget)
    return found


def note(name: str, content: Any, thread_id: str = "thr_1") -> HiddenContextItem:
    return HiddenContextItem(id=name, thread_id=thread_id, created_at=datetime.now(), content=content)


def item(kind: str, name: str, thread_id: str = "thr_1", /, **fields: Any) -> Any:
    """An item of any kind, as the SDK would read it."""
    base = {"type": kind, "id": name, "thread_id": thread_id, "created_at": datetime.now()}
    return _items.validate_python({**base, **fields})


def done(value: ThreadItem) -> ThreadItemDoneEvent:
    return ThreadItemDoneEvent(item=value)


class Scripted(ChatKitServer[Any]):
    """A server whose `respond` is a test's own: it gets the server, the thread and the message."""

    def __init__(self, respond: Respond, store: Any = None) -> None:
        super().__init__(store)
        self._script = respond
        self.contexts: list[Any] = []

    async def respond(
        self, thread: Any, input_user_message: Any, context: Any
    ) -> AsyncIterator[ThreadStreamEvent]:
        self.contexts.append(context)
        async for event in self._script(self, thread, input_user_message):
            yield event


def begin(server: Any, given: Given | None = None, *, thread: Thread | None = None, **turn: Any) -> TurnSpec:
    """A turn for this server in a thread of OWNER's, begun by a message unless something else was `given`."""
    python.configure({"it": chatkit_responder(server)})
    thread = thread or Thread.objects.create(owner=OWNER, title="hello")
    seq = thread.item_seq + 1
    row = Turn.objects.create(owner=OWNER, thread=thread, state="running", **turn)
    if given is None:
        asked = Item.objects.create(thread=thread, turn=row, seq=seq, kind="user_message", text="hello")
        seq += 1
        given = Given("message", ItemData(asked.pk, asked.kind, asked.text, {}, None, asked.created_at))
    Thread.objects.filter(pk=thread.pk).update(item_seq=seq)
    thread.item_seq = seq
    own = replace(route("own"), config=RouteConfig("own", "python", model="it"))
    trigger = row.trigger if turn.get("trigger") == "retry" else given.trigger
    return TurnSpec(
        row.pk, OWNER, thread.pk, 1, trigger, "own", "hello", seq - 1, seq, [own], [], given=given
    )


def execute(spec: TurnSpec, stop_after: float | None = None) -> list[Any]:
    """Run the turn to its end: its events."""

    async def scenario() -> list[Any]:
        log = MemoryLog()
        run = Run(spec, log)
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, run.stop, "cancelled")
        await asyncio.wait_for(run.execute(), 10)
        held = log.find(spec.turn_id)
        assert held is not None
        return [record.event for record in held.after(0) or []]

    return asyncio.run(scenario())


def answered(respond: Respond, **options: Any) -> tuple[list[Any], Sequence[Item], TurnSpec]:
    """What a server's answer was: its events, and the rows that the turn left."""
    spec = begin(Scripted(respond))
    events = execute(spec, **options)
    return events, rows(spec), spec


def rows(spec: TurnSpec) -> Sequence[Item]:
    """What is in the turn's thread behind its message."""
    held = Item.objects.filter(thread_id=spec.thread_id, on_path=True).exclude(kind="user_message")
    return list(held.order_by("seq"))


def changed(name: str, update: Any) -> ThreadItemUpdatedEvent:
    return ThreadItemUpdatedEvent(item_id=name, update=update)


def plays(*events: Any) -> Any:
    async def respond(*_: Any) -> Any:
        for event in events:
            yield event

    return respond
