"""Example 2 of the requirements: a FastAPI endpoint that streams its model by StreamingResponse."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from bench.peers.model import ask_of, paced, tokens


class Ask(BaseModel):
    """The body of a request."""

    message: str


app = FastAPI()


async def events(message: str) -> AsyncIterator[str]:
    """One event a token. The example's model is a plain generator and its pause a sleep between tokens."""
    count, delay = ask_of(message)
    if not delay:
        for token in tokens(count):
            yield f"data: {token}\n\n"
        return
    async for token in paced(count, delay):
        yield f"data: {token}\n\n"


@app.post("/api/chat/stream")
async def stream(ask: Ask) -> StreamingResponse:
    """The answer as server-sent events."""
    return StreamingResponse(events(ask.message), media_type="text/event-stream")
