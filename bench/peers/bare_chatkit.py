"""The limit for ChatKit: the least ASGI application that streams a turn of a new thread in its frames, storing nothing."""

from __future__ import annotations

import json
from typing import Any

from bench.peers.model import ask_of, paced, tokens

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
AT = '"created_at":"2026-01-01T00:00:00Z"'
THREAD = '{"id":"thr_1",' + AT + ',"status":{"type":"active"},"items":{"data":[],"has_more":false}}'
ITEM = '{"id":"%s","thread_id":"thr_1",' + AT + ',"type":"%s","content":%s}'
DELTA = (
    b'data: {"type":"thread.item.updated","item_id":"msg_2","update":{"type":'
    b'"assistant_message.content_part.text_delta","content_index":0,"delta":"%b"}}\n\n'
)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """One path, one operation; a frame for each token."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body, more = b"", True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    message = json.loads(body)["params"]["input"]["content"]
    count, delay = ask_of(message[0]["text"])
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": opening(message), "more_body": True})
    if delay:
        async for token in paced(count, delay):
            await send({"type": "http.response.body", "body": DELTA % token.encode(), "more_body": True})
    else:
        for token in tokens(count):
            await send({"type": "http.response.body", "body": DELTA % token.encode(), "more_body": True})
    done = event("thread.item.done", "item", answer("".join(tokens(count))))
    await send({"type": "http.response.body", "body": done})


def opening(message: Any) -> bytes:
    """What comes before the text."""
    question = ITEM % (
        "msg_1",
        "user_message",
        json.dumps(message) + ',"attachments":[],"inference_options":{}',
    )
    return b"".join(
        [
            event("thread.created", "thread", THREAD),
            event("thread.item.done", "item", question),
            event("stream_options", "stream_options", '{"allow_cancel":true}'),
            event("thread.item.added", "item", answer("")),
        ]
    )


def answer(text: str) -> str:
    """The answer's item."""
    return ITEM % (
        "msg_2",
        "assistant_message",
        json.dumps([{"type": "output_text", "text": text, "annotations": []}]),
    )


def event(kind: str, name: str, value: str) -> bytes:
    """One event as a frame, its value in JSON already."""
    return f'data: {{"type":"{kind}","{name}":{value}}}\n\n'.encode()
