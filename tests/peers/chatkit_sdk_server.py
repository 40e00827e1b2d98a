"""A server on ChatKit's own SDK behind FastAPI that nobody here has written for: what a client of the protocol is held against
besides this project's own server. Run by uvicorn (`sdk.py`); its model is a script that goes by the words of a message.

`GET /seen` is what it was asked, for the tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Any

from chatkit.actions import Action, ActionConfig
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer, StreamingResult, stream_widget
from chatkit.store import AttachmentStore
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    Attachment,
    AttachmentCreateParams,
    AttachmentUploadDescriptor,
    AudioInput,
    ClientEffectEvent,
    ClientToolCallItem,
    CustomTask,
    FileAttachment,
    ImageAttachment,
    NoticeEvent,
    ProgressUpdateEvent,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
    Workflow,
    WorkflowItem,
    WorkflowTaskUpdated,
)
from chatkit.widgets import Button, Card, Form, Input, Row, Text, Title
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AnyUrl, TypeAdapter

from bench.peers.chatkit_stores import MemoryStore

PAUSE = float(os.environ.get("SDK_PAUSE", "0.02"))  # between words
BASE = os.environ.get("SDK_BASE", "http://127.0.0.1")  # where this server is found
REQUEST: TypeAdapter[Any] = TypeAdapter(dict[str, Any])
Events = AsyncIterator[ThreadStreamEvent]
Context = dict[str, Any]
seen: dict[str, list[Any]] = {"operations": [], "headers": [], "actions": [], "feedback": [], "stopped": []}
files: dict[str, bytes] = {}


class Kept(MemoryStore):
    """Threads as the SDK's quick start keeps them: without the items that one may be handed over with, and as copies."""

    async def save_thread(self, thread: ThreadMetadata, context: Context) -> None:
        self.threads[thread.id] = ThreadMetadata(**thread.model_dump(exclude={"items"}))

    async def load_thread(self, thread_id: str, context: Context) -> ThreadMetadata:
        return (await super().load_thread(thread_id, context)).model_copy(deep=True)


class Files(AttachmentStore[Context]):
    """Files in two phases: named first, then put as they are."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    async def create_attachment(self, input: AttachmentCreateParams, context: Context) -> Attachment:
        name = self.generate_attachment_id(input.mime_type, context)
        where = AnyUrl(f"{BASE}/files/{name}")
        put = AttachmentUploadDescriptor(url=where, method="PUT", headers={"X-File": name})
        common = {"id": name, "name": input.name, "mime_type": input.mime_type, "upload_descriptor": put}
        if input.mime_type.startswith("image/"):
            return ImageAttachment(**common, preview_url=where)
        return FileAttachment(**common)

    async def delete_attachment(self, attachment_id: str, context: Context) -> None:
        files.pop(attachment_id, None)


class Script(ChatKitServer[Context]):
    """Answers `card`, `tool`, `ask`, `fail`, `bug`, `work` and `slow` as their functions say, and anything else in words."""

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Context
    ) -> Events:
        if input_user_message is None:
            async for event in self._follow_up(thread, context):
                yield event
            return
        said = "".join(part.text for part in input_user_message.content)
        if thread.title is None:
            thread.title = said[:40]
        play = PLAYS.get(said.split(" ")[0])
        events = (
            play(self, thread, context) if play else self._echo(thread, input_user_message, said, context)
        )
        async for event in events:
            yield event

    def _item(self, thread: ThreadMetadata, kind: Any = "message") -> dict[str, Any]:
        name = self.store.generate_item_id(kind, thread, {})
        return {"id": name, "thread_id": thread.id, "created_at": datetime.now()}

    async def _say(self, thread: ThreadMetadata, text: str) -> Events:
        """An answer that comes word by word."""
        item = AssistantMessageItem(**self._item(thread), content=[AssistantMessageContent(text="")])
        yield ThreadItemAddedEvent(item=item)
        for word in text.split(" "):
            item.content[0].text += f"{word} "
            delta = AssistantMessageContentPartTextDelta(content_index=0, delta=f"{word} ")
            yield ThreadItemUpdatedEvent(item_id=item.id, update=delta)
            await asyncio.sleep(PAUSE)
        yield ThreadItemDoneEvent(item=item)

    async def _echo(
        self, thread: ThreadMetadata, message: UserMessageItem, said: str, context: Context
    ) -> Events:
        told = [f"You said **{said}**."]
        told += [f"{file.name} has {len(files.get(file.id, b''))} bytes." for file in message.attachments]
        options = message.inference_options
        if options.model:
            told.append(f"By {options.model}.")
        if options.tool_choice:
            told.append(f"With {options.tool_choice.id}.")
        if message.quoted_text:
            told.append(f"About: {message.quoted_text}")
        async for event in self._say(thread, " ".join(told)):
            yield event

    async def _slow(self, thread: ThreadMetadata, context: Context) -> Events:
        """Words for half a minute."""
        async for event in self._say(thread, " ".join(f"{n:04d}" for n in range(1, int(30 / PAUSE)))):
            yield event

    async def _card(self, thread: ThreadMetadata, context: Context) -> Events:
        """A card whose text streams, with buttons for the server, for the page and without a stream, and a form."""

        async def drafts() -> AsyncGenerator[Card, None]:
            for count in range(1, 5):
                yield card(" ".join(["One", "word", "after", "another"][:count]), streaming=count < 4)
                await asyncio.sleep(PAUSE)

        async for event in stream_widget(thread, drafts(), copy_text="A card"):
            yield event

    async def _tool(self, thread: ThreadMetadata, context: Context) -> Events:
        """A call of the page."""
        call = {"status": "pending", "call_id": "call_1", "name": "look", "arguments": {"where": "out"}}
        yield ThreadItemDoneEvent(item=ClientToolCallItem(**self._item(thread, "tool_call"), **call))

    async def _ask(self, thread: ThreadMetadata, context: Context) -> Events:
        """Questions to the person."""
        sizes = [StructuredInputMultipleChoiceOption(value=size) for size in ("Small", "Large")]
        inputs = [
            StructuredInputMultipleChoice(id="size", question="Which size?", options=sizes),
            StructuredInputFreeform(id="note", question="Anything else?", description="Optional"),
        ]
        yield ThreadItemDoneEvent(item=StructuredInputItem(**self._item(thread), inputs=inputs))

    async def _fail(self, thread: ThreadMetadata, context: Context) -> Events:
        """Half an answer, and a failure in words."""
        async for event in self._say(thread, "So far so good."):
            yield event
        raise CustomStreamError("The oven is cold.", allow_retry=True)

    async def _bug(self, thread: ThreadMetadata, context: Context) -> Events:
        """A failure that nobody has thought of."""
        yield ProgressUpdateEvent(text="Trying", icon="bolt")
        raise KeyError("a bug")

    async def _work(self, thread: ThreadMetadata, context: Context) -> Events:
        """What is told in passing, and steps of work."""
        yield ProgressUpdateEvent(text="Looking it up", icon="search")
        yield ClientEffectEvent(name="lights", data={"on": True})
        yield NoticeEvent(level="info", message="Only *today*.", title="Good to know")
        task = CustomTask(title="Read", status_indicator="loading")
        item = WorkflowItem(**self._item(thread, "workflow"), workflow=Workflow(type="custom", tasks=[task]))
        yield ThreadItemAddedEvent(item=item)
        await asyncio.sleep(PAUSE)
        item.workflow.tasks[0] = CustomTask(title="Read", status_indicator="complete", content="All of it.")
        update = WorkflowTaskUpdated(task_index=0, task=item.workflow.tasks[0])
        yield ThreadItemUpdatedEvent(item_id=item.id, update=update)
        yield ThreadItemDoneEvent(item=item)
        async for event in self._say(thread, "Done."):
            yield event

    async def _follow_up(self, thread: ThreadMetadata, context: Context) -> Events:
        """What comes behind a tool's result or an answered question."""
        page = await self.store.load_thread_items(thread.id, None, 10, "desc", context)
        words = next((found for item in page.data if (found := _result(item))), "Nothing.")
        async for event in self._say(thread, words):
            yield event

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: Context,
    ) -> Events:
        seen["actions"].append([action.type, action.payload, sender.id if sender else None])
        if sender is None:
            async for event in self._say(thread, f"Action {action.type}."):
                yield event
            return
        changed = sender.model_copy(update={"widget": card(f"Done: {action.type} {action.payload}")})
        await self.store.save_item(thread.id, changed, context)
        yield ThreadItemReplacedEvent(item=changed)

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: Context,
    ) -> SyncCustomActionResponse:
        seen["actions"].append([action.type, action.payload, sender.id if sender else None])
        if sender is None:
            return SyncCustomActionResponse()
        changed = sender.model_copy(update={"widget": card("Done at once")})
        await self.store.save_item(thread.id, changed, context)
        return SyncCustomActionResponse(updated_item=changed)

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: Any, context: Context
    ) -> None:
        seen["feedback"].append([item_ids, feedback])

    async def transcribe(self, audio_input: AudioInput, context: Context) -> TranscriptionResult:
        return TranscriptionResult(text=f"{audio_input.media_type} heard")

    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: Context
    ) -> None:
        seen["stopped"].append([item.id for item in pending_items])
        await super().handle_stream_cancelled(thread, pending_items, context)


PLAYS = {
    "card": Script._card,
    "tool": Script._tool,
    "ask": Script._ask,
    "fail": Script._fail,
    "bug": Script._bug,
    "work": Script._work,
    "slow": Script._slow,
}


def card(words: str, *, streaming: bool = False) -> Card:
    """The card of `_card` with these words in it."""

    def does(kind: str, **how: Any) -> ActionConfig:
        return ActionConfig(type=kind, payload={"n": 1}, **how)

    buttons = [
        Button(label="Add", key="add", onClickAction=does("add")),
        Button(label="At once", key="sync", onClickAction=does("sync", streaming=False)),
        Button(label="On the page", key="page", onClickAction=does("page", handler="client")),
    ]
    form = Form(
        onSubmitAction=ActionConfig(type="save"),
        children=[Input(name="city", placeholder="City"), Button(label="Save", submit=True)],
    )
    text = Text(id="words", value=words, streaming=streaming)
    return Card(key="card", children=[Title(value="A card"), text, Row(children=buttons), form])


def _result(item: ThreadItem) -> str:
    """What a tool or a person has answered, in words; empty for any other item."""
    if isinstance(item, ClientToolCallItem) and item.status == "completed":
        return f"The page returned {item.output}."
    if isinstance(item, StructuredInputItem) and item.status != "pending":
        return "; ".join(f"{own.id}: {', '.join(own.answer.values)}" for own in item.inputs if own.answer)
    return ""


app = FastAPI()
app.add_middleware(
    CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=["*"]
)
_store = Kept()
server = Script(_store, Files(_store))


@app.post("/chatkit")
async def chatkit(request: Request) -> Response:
    """All of ChatKit's operations."""
    body = await request.body()
    seen["operations"].append(REQUEST.validate_json(body)["type"])
    seen["headers"].append(dict(request.headers))
    result = await server.process(body, context={})
    if isinstance(result, StreamingResult):
        return StreamingResponse(result, media_type="text/event-stream")
    return Response(result.json, media_type="application/json")


@app.put("/files/{name}")
async def put_file(name: str, request: Request) -> Response:
    """The second phase of an upload."""
    if request.headers.get("X-File") != name:
        return Response(status_code=403)
    files[name] = await request.body()
    return JSONResponse({})


@app.get("/files/{name}")
async def get_file(name: str) -> Response:
    """A picture's preview."""
    return Response(files[name]) if name in files else Response(status_code=404)


@app.get("/seen")
async def what_was_seen() -> Response:
    """What was asked so far."""
    return JSONResponse({**seen, "files": {name: len(data) for name, data in files.items()}})
