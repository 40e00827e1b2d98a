"""The limit: the least ASGI application that streams tokens by SSE and by WebSocket, no framework at all."""

from __future__ import annotations

import json
from typing import Any

from bench.peers.model import ask_of, paced, tokens

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Route by the kind of connection; there is one path of each kind."""
    if scope["type"] == "http":
        await sse(receive, send)
    elif scope["type"] == "websocket":
        await websocket(receive, send)
    else:
        raise NotImplementedError(scope["type"])


async def sse(receive: Any, send: Any) -> None:
    """One event a token."""
    body, more = b"", True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    count, delay = ask_of(json.loads(body)["message"])
    if delay:
        async for token in paced(count, delay):
            await send({"type": "http.response.body", "body": event(token), "more_body": True})
    else:
        for token in tokens(count):
            await send({"type": "http.response.body", "body": event(token), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def event(token: str) -> bytes:
    """A token in the examples' framing."""
    return b"data: %b\n\n" % token.encode()


async def websocket(receive: Any, send: Any) -> None:
    """One frame a token, and a last one that says so."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        for token in tokens(ask_of(json.loads(message["text"])["text"])[0]):
            await send({"type": "websocket.send", "text": f'{{"type":"delta","text":"{token}"}}'})
        await send({"type": "websocket.send", "text": '{"type":"response"}'})
