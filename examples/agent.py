"""An agent of the OpenAI Agents SDK as a model, with a tool that knows who is speaking.

    .venv/bin/pip install -r requirements-agents.txt
    CHAT_RESPONDERS=agent=examples.agent.answer

It asks the server at OPENAI_BASE_URL with OPENAI_API_KEY, which may be any that speaks chat completions.
"""

from __future__ import annotations

from agents import Agent, OpenAIChatCompletionsModel, RunContextWrapper, function_tool
from django.conf import settings
from openai import AsyncOpenAI

from chat_app.models import Thread
from chat_app.responders import Prompt, db
from chat_app.responders.agents import agent_responder


@function_tool
async def conversations(run: RunContextWrapper[Prompt]) -> int:
    """How many conversations the person has here."""
    return await db(Thread.objects.filter(owner=run.context.owner).count)


client = AsyncOpenAI(base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY or "none")
helper = Agent(
    name="Helper",
    instructions="You help people with their conversations here. Be brief.",
    model=OpenAIChatCompletionsModel("gpt-4o-mini", client),
    tools=[conversations],
)
answer = agent_responder(helper, max_turns=5)
