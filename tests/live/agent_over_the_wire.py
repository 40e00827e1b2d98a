"""An agent for the live tests: its model is the faulty upstream at AGENT_URL, which says a token each 20 ms for ten seconds."""

from __future__ import annotations

import os

from agents import Agent, OpenAIChatCompletionsModel
from openai import AsyncOpenAI

from chat_app.responders.agents import agent_responder

client = AsyncOpenAI(
    base_url=os.environ["AGENT_URL"], api_key="none", default_query={"tokens": 500, "delay_ms": 20}
)
answer = agent_responder(
    Agent(name="Helper", instructions="Count.", model=OpenAIChatCompletionsModel("m", client))
)
