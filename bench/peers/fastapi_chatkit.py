"""A server on ChatKit's own SDK behind FastAPI, in the style of the SDK's quick start. Its model says tokens, one an event.

The environment names the store: CHATKIT_STORE is `memory` or `sqlite`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from chatkit.server import ChatKitServer, StreamingResult
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from bench.peers.chatkit_stores import MemoryStore, SqliteStore
from bench.peers.model import ask_of, paced


class Server(ChatKitServer[dict[str, Any]]):
    """Answers each message with the tokens that it asks for."""

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: dict[str, Any]
    ) -> AsyncIterator[ThreadStreamEvent]:
        """An item that is added, grows by deltas and is done."""
        assert input_user_message is not None
        count, delay = ask_of("".join(part.text for part in input_user_message.content))
        item = AssistantMessageItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            content=[AssistantMessageContent(text="")],
        )
        yield ThreadItemAddedEvent(item=item)
        said = []
        async for token in paced(count, delay):
            said.append(token)
            delta = AssistantMessageContentPartTextDelta(content_index=0, delta=token)
            yield ThreadItemUpdatedEvent(item_id=item.id, update=delta)
        whole = [AssistantMessageContent(text="".join(said))]
        yield ThreadItemDoneEvent(item=item.model_copy(update={"content": whole}))


database = os.environ["PEER_DATABASE"].removeprefix("sqlite:///")
server = Server(SqliteStore(database) if os.environ["CHATKIT_STORE"] == "sqlite" else MemoryStore())
app = FastAPI()


@app.post("/chatkit")
async def chatkit(request: Request) -> Response:
    """All of ChatKit's operations."""
    result = await server.process(await request.body(), context={})
    if isinstance(result, StreamingResult):
        return StreamingResponse(result, media_type="text/event-stream")
    return Response(result.json, media_type="application/json")
