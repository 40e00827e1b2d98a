"""A backend as the customer's examples write one: sessions, `/chat/stream`, `/chat`; it fails on purpose, as `faulty.py` does.

It is part of the faulty upstream: its base URL is `http://127.0.0.1:PORT/<fault>/api`, or with any other word for `api`
(example 3). Faults are the methods of `Backend`, and any HTTP status. Knobs are the query of that URL: `tokens` (20),
`delay_ms` (0), `framing` (plain, as example 2; done, with an end; typed, as this project), `turn` (1: X-Turn-Id is sent),
`key` (which must come as Bearer), `expires` (of sessions), `at` (sessions: where a status is answered), `code`, `retry_after`,
`write` (bytes a write, of `recording`).

It says "0001 0002 ... " whatever it is told, but keeps what each session was told: see `Record`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.upstream.chunks import text_of, token
from tests.upstream.recorded import recorded
from tests.upstream.silences import FOREVER, Silences

SECRET = "secret-of-the-upstream"


@dataclass
class Record:
    """What callers did: each call as (path below the base, its fields), each session's messages, cancelled turns with the
    headers that came; `busy` sessions refuse a message."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sessions: dict[str, list[str]] = field(default_factory=dict)
    cancelled: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    turns: int = 0
    deaf: bool = False  # to cancels
    forgets: bool = False  # every session at once

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The fields of the calls to one path."""
        return [fields for called, fields in self.calls if called == path]


def frame(text: str, framing: str = "plain") -> bytes:
    """One token."""
    if framing == "typed":
        shape = {"type": "delta", "turn_id": "turn_1", "item_id": "msg_1", "seq": 1, "text": text}
        return _typed("delta", shape)
    return b"".join(b"data: %s\n" % line.encode() for line in text.split("\n")) + b"\n"


RECORD = web.AppKey("record", Record)


def ending(framing: str, text: str, tokens: int) -> bytes:
    """What closes a whole answer; nothing in example 2."""
    usage = {"input_tokens": 7, "output_tokens": tokens, "total_tokens": tokens + 7, "estimated": False}
    shape = {"type": "completed", "turn_id": "turn_1", "seq": 9, "text": text, "model": "m", "usage": usage}
    return {"plain": b"", "done": b"event: done\ndata:\n\n", "typed": _typed("completed", shape)}[framing]


def _typed(kind: str, shape: Mapping[str, Any]) -> bytes:
    return f"id: {shape.get('seq', 1)}\nevent: {kind}\ndata: {json.dumps(shape)}\n\n".encode()


class Backend(Silences):
    """One method a fault: it answers a chat request, or does not."""

    def __init__(self, request: web.Request, record: Record) -> None:
        knobs = request.query
        self.request = request
        self.record = record
        self.tokens = int(knobs.get("tokens", 20))
        self.delay = float(knobs.get("delay_ms", 0)) / 1000
        self.framing = knobs.get("framing", "plain")
        record.turns += 1
        self.turn = {"X-Turn-Id": f"turn_{record.turns}"} if "turn" in knobs else {}

    async def _start(self, content_type: str = "text/event-stream") -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type, **self.turn})
        await response.prepare(self.request)
        return response

    async def _say(self, response: web.StreamResponse) -> None:
        for number in range(1, self.tokens + 1):
            await response.write(frame(token(number), self.framing))
            if self.delay:
                await asyncio.sleep(self.delay)

    def _ending(self) -> bytes:
        return ending(self.framing, text_of(self.tokens), self.tokens)

    async def ok(self) -> web.StreamResponse:
        """A healthy answer; with `delay_ms` a slow one."""
        response = await self._start()
        await self._say(response)
        await response.write(self._ending())
        return response

    async def open_at_the_end(self) -> web.StreamResponse:
        """A healthy answer, after which the connection stays open."""
        response = await self._start()
        await self._say(response)
        await response.write(self._ending())
        await asyncio.sleep(FOREVER)
        return response

    async def recording(self) -> web.StreamResponse:
        """The bytes of recordings/<name>, `write` bytes a time (0: all at once)."""
        data, content_type = recorded(self.request.query["name"])
        size = int(self.request.query.get("write", 0)) or len(data)
        response = await self._start(content_type)
        for start in range(0, len(data), size):
            await response.write(data[start : start + size])
            await asyncio.sleep(0)
        return response

    async def words(self) -> web.StreamResponse:
        """The answer as plain text, without any framing."""
        response = await self._start("text/plain")
        for number in range(1, self.tokens + 1):
            await response.write(token(number).encode())
        return response

    async def whole(self) -> web.StreamResponse:
        """`/chat`'s answer, whatever was asked for."""
        return web.json_response({"response": text_of(self.tokens)}, headers=self.turn)

    async def late(self) -> web.StreamResponse:
        """Headers after half a second, then nothing."""
        await asyncio.sleep(0.5)
        return await self.hang_after_headers()

    async def thinks(self) -> web.StreamResponse:
        """A typed answer that shows progress at once, and says something after `delay_ms`."""
        response = await self._start()
        await response.write(_typed("progress", {"type": "progress", "text": "Thinking"}))
        await asyncio.sleep(self.delay)
        await response.write(ending("typed", text_of(self.tokens), self.tokens))
        return response

    async def html(self) -> web.StreamResponse:
        """A page with status 200, as a proxy's login form."""
        return web.Response(text="<!doctype html><title>Sign in</title>", content_type="text/html")

    async def empty(self) -> web.StreamResponse:
        """A stream that ends before it began."""
        return await self._start()

    async def truncated(self) -> web.StreamResponse:
        """A clean end of the response after `tokens` tokens, before its ending."""
        response = await self._start()
        await self._say(response)
        return response

    async def cut_off(self) -> web.StreamResponse:
        """The connection is reset in the middle of the answer."""
        response = await self._start()
        await self._say(response)
        await asyncio.sleep(0.05)
        self._abort()
        return response

    async def malformed(self) -> web.StreamResponse:
        """A typed event that is no JSON, behind `tokens` tokens."""
        response = await self._start()
        await self._say(response)
        await response.write(b'event: delta\ndata: {"text": "oops}\n\n')
        return response

    async def error_in_stream(self) -> web.StreamResponse:
        """A failure after `tokens` tokens: a sentence, or typed with its `code`."""
        response = await self._start()
        await self._say(response)
        code = self.request.query.get("code", "upstream_error")
        typed = _typed("failed", {"type": "failed", "code": code, "detail": SECRET, "retryable": True})
        await response.write(
            typed if self.framing == "typed" else f"event: error\ndata: {SECRET}\n\n".encode()
        )
        return response

    async def redirect(self) -> web.StreamResponse:
        """Sends the caller to another host."""
        return web.Response(status=307, headers={"Location": "http://localhost:1/api/chat/stream"})

    def status(self, code: int) -> web.StreamResponse:
        """Any HTTP status; with `code` as this project says it, else as FastAPI does."""
        known = {"code": self.request.query["code"]} if "code" in self.request.query else {}
        wait = self.request.query.get("retry_after")
        headers = {"Retry-After": wait} if wait else {}
        return web.json_response({"detail": SECRET, **known}, status=code, headers=headers)


def add_routes(app: web.Application, counts: Any) -> None:
    """Add the backend to the faulty upstream, in whose `counts` its chat requests are. `app[RECORD]` is what callers did."""
    record = app[RECORD] = Record()

    async def sessions(request: web.Request) -> web.StreamResponse:
        fields = await _called(request, record, "/sessions")
        fault, knobs = request.match_info["fault"], request.query
        if "key" in knobs and request.headers.get("Authorization") != f"Bearer {knobs['key']}":
            return web.json_response({"detail": "Invalid credentials"}, status=401)
        if fault == "in_query" and "user_id" not in knobs:
            return _missing("user_id")
        if fault.isdecimal() and knobs.get("at") == "sessions":
            return Backend(request, record).status(int(fault))
        if fault == "no_sessions":
            return web.json_response({"detail": "Not Found"}, status=404)
        secret = f"far-{len(record.sessions) + 1}"
        record.sessions[secret] = []
        later = (datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)).isoformat()  # as example 7
        shape = {
            "session_id": secret,
            "expires_at": knobs.get("expires", later),
            "model": fields.get("model", "default"),
        }
        return web.json_response(shape)

    async def chat(request: web.Request) -> web.StreamResponse:
        path = "/chat/stream" if request.path.endswith("/stream") else "/chat"
        fields = await _called(request, record, path)
        async with _counted(request, counts, fields):
            refused = _refusal(request, record, path, fields)
            return refused or await _answer(request, record, path)

    async def cancel(request: web.Request) -> web.Response:
        if record.deaf:
            await asyncio.sleep(FOREVER)
        record.cancelled.append((request.match_info["turn"], request.path, dict(request.headers)))
        return web.json_response({}, status=202)

    app.router.add_post("/api/turns/{turn}/cancel", cancel)
    for path, handler in (
        ("sessions", sessions),
        ("chat/stream", chat),
        ("chat", chat),
        ("turns/{turn}/cancel", cancel),
    ):
        app.router.add_post(f"/{{fault}}/{{home}}/{path}", handler)


async def _called(request: web.Request, record: Record, path: str) -> dict[str, Any]:
    """The fields of a call, kept; those of the query where this backend reads them there."""
    fields = await request.json()
    if request.match_info["fault"] == "in_query":
        fields = {
            **fields,
            **{name: value for name, value in request.query.items() if name not in ("tokens",)},
        }
    record.calls.append((path, fields))
    return dict(fields)


def _refusal(
    request: web.Request, record: Record, path: str, fields: Mapping[str, Any]
) -> web.Response | None:
    """What keeps a chat request from being answered, as the examples say it."""
    fault, secret = request.match_info["fault"], fields.get("session_id")
    if path == "/chat/stream" and fault in ("no_stream", "in_query"):
        return web.json_response({"detail": "Not Found"}, status=404)
    if fault == "in_query" and "message" not in request.query:
        return _missing("message")
    if fault == "no_sessions":
        return None
    if secret not in record.sessions or record.forgets:
        return web.json_response({"detail": "Session invalid"}, status=401)
    if secret in record.busy:
        return web.json_response({"detail": "Busy", "code": "turn_running", "retryable": True}, status=409)
    record.sessions[secret].append(fields["message"])
    return None


async def _answer(request: web.Request, record: Record, path: str) -> web.StreamResponse:
    fault, backend = request.match_info["fault"], Backend(request, record)
    if fault.isdecimal():
        return backend.status(int(fault))
    if path == "/chat":
        return await backend.whole()
    if fault == "no_sessions":
        return await backend.ok()
    response: web.StreamResponse = await getattr(backend, fault)()
    return response


def _missing(name: str) -> web.Response:
    """What FastAPI says of a query parameter that is not there."""
    error = {"type": "missing", "loc": ["query", name], "msg": "Field required", "input": None}
    return web.json_response({"detail": [error]}, status=422)


@asynccontextmanager
async def _counted(request: web.Request, counts: Any, fields: Mapping[str, Any]) -> AsyncIterator[None]:
    counts.requests += 1
    counts.open += 1
    counts.fault, counts.body = request.match_info["fault"], fields
    counts.peers.add(request.transport and request.transport.get_extra_info("peername"))
    counts.authorization = request.headers.get("Authorization", "")
    try:
        yield
    except (asyncio.CancelledError, ConnectionError):
        counts.hung_up += 1
        raise
    finally:
        counts.open -= 1
