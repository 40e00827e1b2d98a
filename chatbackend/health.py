"""What a load balancer asks: is the process alive, and may it get traffic. No details that a stranger could use.

Consumers, not views: the answer comes in time while all threads of the database are taken, or a store takes and never answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import redis.asyncio as redis
import structlog
from django.conf import settings
from django.db import connection

from chat_app.chat import runner
from chat_app.consumers.base import HttpConsumer
from sessions_app.db import db

log = structlog.get_logger("chatbackend.health")
PATIENCE = 1.0  # seconds for a store to answer


class Alive(HttpConsumer):
    """`GET /healthz`: 200 as long as the process answers at all."""

    methods = ("GET", "HEAD")

    async def respond(self) -> None:
        await self.send_json(200, {"status": "ok"})


class Ready(HttpConsumer):
    """`GET /readyz`: 200 `{"status": "ok", "checks": {...}}` when new turns are welcome, else 503 with what is not `ok`."""

    methods = ("GET", "HEAD")

    async def respond(self) -> None:
        state = runner.state()
        asked = {"database": DATABASE, **({"redis": REDIS} if settings.REDIS_URL else {})}
        answers = await asyncio.gather(*(store.answers() for store in asked.values()))
        good = {
            **dict(zip(asked, answers, strict=True)),
            "listeners": state.listening and state.beating,
            "accepting": not state.draining,
        }
        ready = all(good.values())
        checks = {name: "ok" if fine else "down" for name, fine in good.items()}
        headers = {"Cache-Control": "no-store", **({} if ready else {"Retry-After": "5"})}
        body = {"status": "ok" if ready else "unavailable", "checks": checks}
        await self.send_json(200 if ready else 503, body, headers)


class Store:
    """One question to a store at a time, however often it is asked for: each takes a thread or a connection, and one that hangs
    keeps it."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[None]]) -> None:
        self.name, self.ask = name, ask
        self._asking: asyncio.Task[None] | None = None

    async def answers(self) -> bool:
        """Whether it answers in time."""
        loop = asyncio.get_running_loop()
        asking = self._asking
        if asking is None or asking.done() or asking.get_loop() is not loop:
            asking = self._asking = loop.create_task(self._ask())
        await asyncio.wait({asking}, timeout=PATIENCE)
        if not asking.done():
            log.warning("not ready", check=self.name, error="no answer")
            return False
        return asking.exception() is None

    async def _ask(self) -> None:
        try:
            await self.ask()
        except Exception as error:
            log.warning("not ready", check=self.name, error=str(error))
            raise


async def _ask_redis() -> None:
    client = redis.Redis.from_url(
        settings.REDIS_URL or "", socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    async with client:
        await client.ping()


def _query() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")


DATABASE = Store("database", lambda: db(_query))
REDIS = Store("redis", _ask_redis)
