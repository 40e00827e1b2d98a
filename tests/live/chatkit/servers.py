"""Servers written with ChatKit's SDK, as its guide has them, for a started server to run unchanged: nothing of this project
is imported here. A plain one, one with the Agents SDK (its model is the faulty upstream at AGENT_URL), one with all that a page
can do.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, RunConfig, RunContextWrapper, Runner, function_tool
from chatkit.actions import Action
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer
from chatkit.store import Store
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    AudioInput,
    ClientEffectEvent,
    ClientToolCallItem,
    CustomTask,
    FeedbackKind,
    FileSource,
    HiddenContextItem,
    LockedStatus,
    NoticeEvent,
    ProgressUpdateEvent,
    StructuredInputFreeform,
    StructuredInputItem,
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
    WidgetRootUpdated,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)
from openai import AsyncOpenAI

SECRET = "for the model's eyes only"


class QuickStart(ChatKitServer[dict[str, Any]]):
    """Says who asks, how much was said before, and what was asked; `slow: ...` a word each 50 ms."""

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: dict[str, Any]
    ) -> AsyncIterator[ThreadStreamEvent]:
        assert input_user_message is not None
        page = await self.store.load_thread_items(
            thread.id, after=None, limit=100, order="desc", context=context
        )
        asked = "".join(part.text for part in input_user_message.content)
        words = f"{context['user_id']} said {asked} behind {len(page.data) - 1} items".split(" ")
        if thread.title is None:
            thread.title = f"About {asked}"[:20]
        item = AssistantMessageItem(
            thread_id=thread.id,
            id=self.store.generate_item_id("message", thread, context),
            created_at=datetime.now(),
            content=[AssistantMessageContent(text=" ".join(words))],
        )
        if asked.startswith("slow"):
            yield ThreadItemAddedEvent(item=item.model_copy(update={"content": []}))
            for word in words * 20:
                update = AssistantMessageContentPartTextDelta(content_index=0, delta=word + " ")
                yield ThreadItemUpdatedEvent(item_id=item.id, update=update)
                await asyncio.sleep(0.05)
            item.content[0].text = " ".join(words * 20) + " "
        yield ThreadItemDoneEvent(item=item)


@function_tool
async def whoami(run: RunContextWrapper[AgentContext[Any]]) -> str:
    """Who speaks."""
    return str(run.context.request_context["user_id"])


class Assistant(ChatKitServer[dict[str, Any]]):
    """An agent, whose model's server is asked with these knobs."""

    knobs: dict[str, Any] = {"tokens": 5}

    def __init__(self, store: Store[dict[str, Any]]) -> None:
        super().__init__(store)
        client = AsyncOpenAI(base_url=os.environ["AGENT_URL"], api_key="none", default_query=self.knobs)
        model = OpenAIChatCompletionsModel("m", client)
        self.agent = Agent[AgentContext[Any]](
            name="Helper", instructions="Help.", model=model, tools=[whoami]
        )

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: dict[str, Any]
    ) -> AsyncIterator[ThreadStreamEvent]:
        items: list[ThreadItem] = []
        after = None
        while True:
            page = await self.store.load_thread_items(thread.id, after, 20, "asc", context)
            items += page.data
            if not page.has_more:
                break
            after = page.after
        agent_context = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(
            self.agent,
            await simple_to_agent_input(items),
            context=agent_context,
            run_config=RunConfig(tracing_disabled=True),
        )
        async for event in stream_agent_response(agent_context, result):
            yield event


class SlowAssistant(Assistant):
    knobs = {"tokens": 500, "delay_ms": 20}


class Shop(ChatKitServer[dict[str, Any]]):
    """Everything that a page can do; what a message says is what is done."""

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: dict[str, Any]
    ) -> AsyncIterator[ThreadStreamEvent]:
        do = "".join(p.text for p in input_user_message.content) if input_user_message else "after a step"
        async for event in getattr(self, "_" + do.replace(" ", "_"))(thread, context):
            yield event

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: dict[str, Any],
    ) -> AsyncIterator[ThreadStreamEvent]:
        if action.type == "nothing":
            return
        if sender is not None:
            sender.widget = self._card(thread, context, f"bought {action.payload['n']}").widget
            yield ThreadItemReplacedEvent(item=sender)
        note = HiddenContextItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            content=SECRET,
        )
        await self.store.add_thread_item(thread.id, note, context)
        yield ThreadItemDoneEvent(item=self._text(thread, context, f"did {action.type}"))

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: dict[str, Any],
    ) -> SyncCustomActionResponse:
        assert sender is not None
        sender.widget = self._card(thread, context, f"picked {action.payload['n']}").widget
        await self.store.save_item(thread.id, sender, context)
        return SyncCustomActionResponse(updated_item=sender)

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: FeedbackKind, context: dict[str, Any]
    ) -> None:
        thread = await self.store.load_thread(thread_id, context)
        thread.title = f"{feedback} {len(item_ids)}"
        await self.store.save_thread(thread, context)

    async def transcribe(self, audio_input: AudioInput, context: dict[str, Any]) -> TranscriptionResult:
        return TranscriptionResult(text=f"{context['user_id']} spoke {audio_input.media_type}")

    # What can be asked for

    async def _widget(self, thread: Any, context: Any) -> Any:
        item = self._card(thread, context, "one")
        yield ThreadItemAddedEvent(item=item)
        update = WidgetRootUpdated(widget=self._card(thread, context, "two").widget)
        yield ThreadItemUpdatedEvent(item_id=item.id, update=update)
        yield ThreadItemDoneEvent(item=self._card(thread, context, "three", item.id))

    async def _tool(self, thread: Any, context: Any) -> Any:
        yield ThreadItemDoneEvent(
            item=ClientToolCallItem(
                id=self.store.generate_item_id("tool_call", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                call_id="call_1",
                name="pick",
                arguments={"of": 3},
            )
        )

    async def _after_a_step(self, thread: Any, context: Any) -> Any:
        page = await self.store.load_thread_items(thread.id, None, 1, "desc", context)
        last: Any = page.data[0]
        told = last.output if last.type == "client_tool_call" else last.inputs[0].answer.values
        yield ThreadItemDoneEvent(item=self._text(thread, context, f"{last.status} with {told}"))

    async def _questions(self, thread: Any, context: Any) -> Any:
        yield ThreadItemDoneEvent(
            item=StructuredInputItem(
                id=self.store.generate_item_id("message", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                inputs=[StructuredInputFreeform(id="q", question="How many?")],
            )
        )

    async def _workflow(self, thread: Any, context: Any) -> Any:
        name = self.store.generate_item_id("workflow", thread, context)
        flow = WorkflowItem(
            id=name,
            thread_id=thread.id,
            created_at=datetime.now(),
            workflow=Workflow(type="custom", tasks=[]),
        )
        yield ThreadItemAddedEvent(item=flow)
        for number in range(2):
            task = CustomTask(title=f"step {number}", status_indicator="loading")
            flow.workflow.tasks.append(task)
            yield ThreadItemUpdatedEvent(item_id=name, update=WorkflowTaskAdded(task=task, task_index=number))
            task.status_indicator = "complete"
            yield ThreadItemUpdatedEvent(
                item_id=name, update=WorkflowTaskUpdated(task=task, task_index=number)
            )
        yield ThreadItemDoneEvent(item=flow)

    async def _sources(self, thread: Any, context: Any) -> Any:
        item = self._text(thread, context, "It says so.")
        source = FileSource(title="A book", filename="book.pdf")
        item.content[0].annotations.append(Annotation(source=source, index=11))
        yield ThreadItemAddedEvent(item=item.model_copy(update={"content": []}))
        update = AssistantMessageContentPartTextDelta(content_index=0, delta="It says so.")
        yield ThreadItemUpdatedEvent(item_id=item.id, update=update)
        yield ThreadItemDoneEvent(item=item)

    async def _asides(self, thread: Any, context: Any) -> Any:
        yield ProgressUpdateEvent(text="Looking", icon="search")
        yield NoticeEvent(level="warning", message="This is old.", title="Note")
        yield ClientEffectEvent(name="confetti", data={"n": 3})
        yield ThreadItemDoneEvent(item=self._text(thread, context, "so"))

    async def _lock(self, thread: Any, context: Any) -> Any:
        yield ThreadItemDoneEvent(item=self._text(thread, context, "Enough."))
        thread.status = LockedStatus(reason="That is all.")

    async def _refuse(self, thread: Any, context: Any) -> Any:
        yield ProgressUpdateEvent(text="Looking")
        raise CustomStreamError("Not before noon.", allow_retry=True)

    def _text(self, thread: Any, context: Any, text: str) -> AssistantMessageItem:
        return AssistantMessageItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            content=[AssistantMessageContent(text=text)],
        )

    def _card(self, thread: Any, context: Any, text: str, name: str | None = None) -> WidgetItem:
        press = {"type": "buy", "payload": {"n": 1}}
        button = {"type": "Button", "label": "Buy", "onClickAction": press}
        widget: Any = {"type": "Card", "children": [{"type": "Text", "id": "t", "value": text}, button]}
        return WidgetItem(
            id=name or self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            widget=widget,
        )
