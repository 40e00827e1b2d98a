"""The product grown: several workers on one PostgreSQL and one Redis, which it brings along for as long as it runs.

What is asked of it is the measures' business. The two stores have the load generator's core: what is compared is the CPU of
workers alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import product, venv
from bench.machine import LOAD_CORE, pinned
from bench.servers import Desk, Running
from tests.parts import PARTS
from tests.servers import PostgresProcess, RedisProcess


@dataclass(frozen=True, slots=True)
class Grown:
    """So many workers of one installation, each on a port of its own; `alone` starts the product on SQLite beside them, which
    has no Redis."""

    name: str
    workers: int = 1
    alone: bool = False

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start them on a new database. venv.Absent where this machine lacks a store."""
        with ExitStack() as stack:
            env = {"REDIS_URL": stack.enter_context(redis_server(desk))}
            database = stack.enter_context(postgres_database())
            product.migrate(database, **env)
            first, *beside = [
                stack.enter_context(
                    product.serving(desk, database, f"{self.name} {n}", port=desk.port + n, **env)
                )
                for n in range(self.workers)
            ]
            first.beside = beside
            if self.alone:
                single = product.serving(
                    desk, product.fresh_database(desk), "alone", port=desk.port + self.workers
                )
                first.alone = stack.enter_context(single)
            yield first


@contextmanager
def redis_server(desk: Desk) -> Iterator[str]:
    """A Redis that keeps nothing on disk; its URL."""
    _require("redis")
    with pinned(LOAD_CORE):
        server = RedisProcess(desk.folder)
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def postgres_database() -> Iterator[str]:
    """An empty database in a PostgreSQL of its own; its URL."""
    _require("postgres")
    with pinned(LOAD_CORE):
        server = PostgresProcess()
    try:
        yield server.database()
    finally:
        server.remove()


def _require(part: str) -> None:
    reason = PARTS[part]()
    if reason is not None:
        raise venv.Absent(reason)
