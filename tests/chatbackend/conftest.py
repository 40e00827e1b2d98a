"""An ASGI app behind a real uvicorn, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import uvicorn

Serve = Callable[[Any], Awaitable[int]]


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port on which uvicorn serves `app`."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    options = {"lifespan": "off", "log_config": None, "proxy_headers": False, "loop": "none"}
    server = uvicorn.Server(uvicorn.Config(app, **options))  # type: ignore[arg-type]
    task = asyncio.create_task(server._serve([bound]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield bound.getsockname()[1]
    server.should_exit = True
    await task


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`port = await serve(app)`; every app is stopped at the test's end."""
    async with AsyncExitStack() as stack:

        async def start(app: Any) -> int:
            return await stack.enter_async_context(serving(app))

        yield start
