"""A relay as most are written: FastAPI, and the openai SDK's objects chunk by chunk. It stores nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel


class Ask(BaseModel):
    """The body of a request."""

    message: str


app = FastAPI()
client = AsyncOpenAI(base_url=os.environ["MODEL_SERVER"], api_key="none")


async def events(message: str) -> AsyncIterator[str]:
    """One event for each chunk with text."""
    stream = await client.chat.completions.create(
        model="bench", messages=[{"role": "user", "content": message}], stream=True
    )
    async for chunk in stream:
        if chunk.choices and (text := chunk.choices[0].delta.content):
            yield f"data: {text}\n\n"


@app.post("/api/chat/stream")
async def stream(ask: Ask) -> StreamingResponse:
    """The answer as server-sent events."""
    return StreamingResponse(events(ask.message), media_type="text/event-stream")
