"""daphne (`manage.py runserver`, `python -m daphne`) tells its application nothing of its end, for it knows no lifespan: what
has to be done then is hung up in its reactor. How connections end there is daphne's own business: it cuts them.

`runserver` with its reloader ends without telling its reactor either. There the last checkpoint is what is kept of an answer,
and the next process marks it as interrupted.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import structlog
from twisted.internet import reactor  # the one that daphne has installed: it is an app of the project
from twisted.internet.defer import Deferred

from chat_app.chat import runner
from chatbackend import lifespan

log = structlog.get_logger("chatbackend.daphne")
ENDING_SECONDS = 8.0  # daphne's own patience with connections is ten


def attend() -> None:
    """End what runs before daphne does. To be called once, when the application is loaded; nothing happens on other servers,
    whose processes never run the reactor."""
    cast(Any, reactor).addSystemEventTrigger("before", "shutdown", _begin_end)


def _begin_end() -> Deferred[None]:
    """What the reactor waits for."""
    runner.begin_drain()
    return Deferred.fromFuture(asyncio.ensure_future(_end()))


async def _end() -> None:
    try:
        async with asyncio.timeout(ENDING_SECONDS):
            await lifespan.stop()
    except TimeoutError:
        log.error("stop took too long", seconds=ENDING_SECONDS)
    except Exception:
        log.exception("stop failed")
