"""The worked example in CONTRIBUTING is a provider as it stands there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from textwrap import dedent
from typing import Any

import pytest
from aiohttp import web

from chat_app.domain.errors import UpstreamDown
from chat_app.providers import registry
from chat_app.providers.base import RouteConfig, TextChunk
from tests.chat_app.providers.conftest import prompt
from tests.parts import BASE_DIR


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example as the registry has it once it is there."""
    found = re.search(r"```python\n(.*?)```", (BASE_DIR / "CONTRIBUTING.md").read_text(), re.S)
    assert found
    names: dict[str, Any] = {}
    exec(dedent(found[1]), names)
    made = names["PlainProvider"]()
    monkeypatch.setattr(registry, "_INSTANCES", {**registry._INSTANCES, made.kind: made})
    return made


@asynccontextmanager
async def serving(pieces: list[bytes], hung_up: asyncio.Event, status: int = 200) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        try:
            for piece in [(await request.json())["question"].encode(), *pieces]:
                await response.write(piece)
                await asyncio.sleep(0.01)
        except (asyncio.CancelledError, ConnectionError):
            hung_up.set()
            raise
        return response

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_worked_example_answers_and_says_what_it_misses(plain: Any) -> None:
    pieces = ["é".encode()[:1], "é".encode()[1:], b" end\0"]
    async with serving(pieces, asyncio.Event()) as url:
        chunks = [c async for c in plain.stream(RouteConfig("m", plain.kind, url), prompt("hi"))]
    assert "".join(chunk.text for chunk in chunks) == "hié end\ufffd"
    assert all(type(chunk) is TextChunk and chunk.text for chunk in chunks)
    assert plain.missing(RouteConfig("m", plain.kind)) == "The row has no base URL."


async def test_worked_example_fails_and_stops_as_every_kind_does(plain: Any) -> None:
    hung_up = asyncio.Event()
    async with serving([], hung_up, status=503) as url:
        with pytest.raises(UpstreamDown):
            await anext(plain.stream(RouteConfig("m", plain.kind, url), prompt("hi")))
    async with serving([b"on "] * 1000, hung_up) as url:
        stream = plain.stream(RouteConfig("m", plain.kind, url), prompt("hi"))
        await anext(stream)
        await stream.aclose()
        await asyncio.wait_for(hung_up.wait(), 5)
