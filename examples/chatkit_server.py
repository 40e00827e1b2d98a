"""A server written with ChatKit's own SDK as a model: an agent that shows cards, and a button that turns one over.

    .venv/bin/pip install -r requirements-agents.txt
    CHAT_RESPONDERS=cards=examples.chatkit_server.CardServer

Nothing in the class is this project's: it is what the SDK's guide makes of it. Its store comes from here, its threads are those
of every other way in. The agent asks the server at OPENAI_BASE_URL with OPENAI_API_KEY.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, RunConfig, RunContextWrapper, Runner, function_tool
from chatkit.actions import Action
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.server import ChatKitServer
from chatkit.store import Store
from chatkit.types import (
    HiddenContextItem,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import DynamicWidgetRoot
from django.conf import settings
from openai import AsyncOpenAI

Context = dict[str, Any]


def card(front: str, back: str, *, turned: bool = False) -> DynamicWidgetRoot:
    """A card with a button that turns it over."""
    turn = {"type": "turn", "payload": {"front": front, "back": back, "turned": not turned}}
    text = {"type": "Text", "value": back if turned else front}
    button = {"type": "Button", "label": "Turn over", "onClickAction": turn}
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": [text, button]})


@function_tool
async def show_card(run: RunContextWrapper[AgentContext[Context]], front: str, back: str) -> str:
    """Show the person a card with a question in front and its answer on the back."""
    await run.context.stream_widget(card(front, back), copy_text=front)
    return "The card is shown."


class CardServer(ChatKitServer[Context]):
    """`context["user_id"]` is who speaks."""

    def __init__(self, store: Store[Context]) -> None:
        super().__init__(store)
        client = AsyncOpenAI(base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY or "none")
        self.agent = Agent[AgentContext[Context]](
            name="Teacher",
            instructions="You teach with cards. Be brief.",
            model=OpenAIChatCompletionsModel("gpt-4o-mini", client),
            tools=[show_card],
        )

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Context
    ) -> AsyncIterator[ThreadStreamEvent]:
        newest = await self.store.load_thread_items(thread.id, None, 40, "desc", context)
        said = await simple_to_agent_input(newest.data[::-1])
        own: AgentContext[Context] = AgentContext(thread=thread, store=self.store, request_context=context)
        run = Runner.run_streamed(self.agent, said, context=own, run_config=RunConfig(tracing_disabled=True))
        async for event in stream_agent_response(own, run):
            yield event

    async def action(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: WidgetItem | None, context: Context
    ) -> AsyncIterator[ThreadStreamEvent]:
        if sender is None or action.type != "turn":
            return
        sender.widget = card(**action.payload)
        yield ThreadItemReplacedEvent(item=sender)
        note = HiddenContextItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            content="The person has turned the card over.",
        )
        await self.store.add_thread_item(thread.id, note, context)
