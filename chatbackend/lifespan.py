"""Start and stop of a process as the ASGI lifespan protocol tells them. What runs in between is the runner's business."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings

from chat_app.chat import runner
from chatbackend import soundness
from sessions_app import db

log = structlog.get_logger("chatbackend.lifespan")
Message = dict[str, Any]


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """https://asgi.readthedocs.io/en/latest/specs/lifespan.html"""
    await receive()
    try:
        await db.db(soundness.check)
        await runner.startup()
        gc.collect()
        gc.freeze()  # what the start has made stays: looking through it again and again stops every stream for 0.1 s
    except soundness.Unsound as error:
        await send({"type": "lifespan.startup.failed", "message": f"chatbackend cannot start. {error}"})
        return
    except Exception as error:
        log.exception("start failed")
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    try:
        await stop()
    except Exception as error:
        log.exception("stop failed")
        await send({"type": "lifespan.shutdown.failed", "message": str(error)})
        return
    await send({"type": "lifespan.shutdown.complete"})


async def stop() -> None:
    """End what runs, then the pool. A server of ours has drained before; any other gets the time to drain here."""
    await runner.shutdown(0 if runner.state().draining else settings.DRAIN_SECONDS)
    await asyncio.to_thread(db.shutdown)
