"""An upstream that hears recordings, and fails on purpose: a real server on a real socket, in the test's own event loop.

The fault is part of the base URL, `http://127.0.0.1:PORT/<fault>/v1`: a method of `Hearing` below, or an HTTP status. `Heard`
holds the forms that came whole, and how many were heard at the same time.

`async with listening() as upstream: upstream.base_url("500")`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.upstream.silences import Silences

WEBM = b"\x1a\x45\xdf\xa3" + b"\0" * 60
OGG = b"OggS" + b"\0" * 60
MP4 = b"\0\0\0\x18ftypmp42" + b"\0" * 60


@dataclass
class Heard:
    """What callers sent."""

    forms: list[dict[str, Any]] = field(default_factory=list)
    authorization: str = ""
    open: int = 0
    most_at_once: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)


class Hearing(Silences):
    """One method a fault."""

    def __init__(self, request: web.Request, heard: Heard) -> None:
        self.request, self.heard = request, heard

    async def _start(self) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(self.request)
        return response

    async def _say(self, response: web.StreamResponse) -> None:
        await response.write(b'{"text": "half')

    async def ok(self) -> web.StreamResponse:
        """What was said."""
        return web.json_response({"text": "  Hello there.\n", "usage": {"type": "duration", "seconds": 1}})

    async def held(self) -> web.StreamResponse:
        """The same, once the test lets it go."""
        await self.heard.release.wait()
        return await self.ok()

    async def silence(self) -> web.StreamResponse:
        """Nobody spoke."""
        return web.json_response({"text": ""})

    async def dirty(self) -> web.StreamResponse:
        """NUL and a lone surrogate."""
        return web.Response(text='{"text": "a\\u0000b\\ud800c"}', content_type="application/json")

    async def nonsense(self) -> web.StreamResponse:
        """No JSON."""
        return web.Response(text='{"text": "oops', content_type="application/json")

    async def other(self) -> web.StreamResponse:
        """JSON without a text."""
        return web.json_response({"words": ["secret-of-the-upstream"]})

    async def html(self) -> web.StreamResponse:
        """A page with status 200."""
        return web.Response(text="<!doctype html>", content_type="text/html")

    async def endless(self) -> web.StreamResponse:
        """A text of two megabytes."""
        return web.json_response({"text": "x" * 2 * 1024 * 1024})


class Upstream:
    """A running upstream."""

    def __init__(self, port: int, heard: Heard) -> None:
        self.port, self.heard = port, heard

    def base_url(self, fault: str = "ok") -> str:
        return f"http://127.0.0.1:{self.port}/{fault}/v1"


@asynccontextmanager
async def listening() -> AsyncIterator[Upstream]:
    """An upstream on a free port."""
    heard = Heard()

    async def hear(request: web.Request) -> web.StreamResponse:
        heard.open += 1
        heard.most_at_once = max(heard.most_at_once, heard.open)
        try:
            heard.authorization = request.headers.get("Authorization", "")
            form = await request.post()
            heard.forms.append({name: _plain(value) for name, value in form.items()})
            fault = request.match_info["fault"]
            if fault.isdecimal():
                return web.json_response({"error": {"message": "secret-of-the-upstream"}}, status=int(fault))
            answer: web.StreamResponse = await getattr(Hearing(request, heard), fault)()
            return answer
        finally:
            heard.open -= 1

    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_post("/{fault}/v1/audio/transcriptions", hear)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Upstream(runner.addresses[0][1], heard)
    finally:
        await runner.cleanup()


def _plain(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return (value.filename, value.content_type, value.file.read())
    return value
