"""What the site's workers hold when nobody asks them anything: what a leak would add to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import psycopg
import redis

from chat_app.streaming.control import SENDS_AT_ONCE
from chat_app.streaming.redis_log.reader import ASKED_AT_ONCE
from tests.chaos.site import Site
from tests.live.crowd import status
from tests.live.held import sockets_out, tasks
from tests.servers import ServerProcess

PLACES = (
    SENDS_AT_ONCE + ASKED_AT_ONCE
)  # of one worker at Redis, beside its listeners, its reader and its writer


@dataclass(frozen=True)
class Worker:
    """One process: its threads, its memory in KiB, its tasks by the name of what they run, its open files and sockets, and
    those of the sockets that lead to others."""

    threads: int
    memory: int
    tasks: dict[str, int]
    files: int
    sockets: int


@dataclass(frozen=True)
class Holdings:
    """All workers, and their connections as PostgreSQL and Redis count them."""

    workers: list[Worker]
    postgres: int
    in_transaction: int
    redis: int

    def __str__(self) -> str:
        each = "; ".join(
            f"{one.memory // 1024} MB, {one.threads} threads, {sum(one.tasks.values())} tasks, {one.sockets} sockets"
            for one in self.workers
        )
        return f"{each}; PostgreSQL {self.postgres}, Redis {self.redis} connections"


def worker(server: ServerProcess) -> Worker:
    open_files = len(os.listdir(f"/proc/{server.pid}/fd"))
    return Worker(
        status(server, "Threads"), status(server, "VmRSS"), tasks(server), open_files, sockets_out(server)
    )


def postgres_connections(site: Site) -> tuple[int, int]:
    """All of the workers' connections, and those among them that have left a transaction open."""
    with psycopg.connect(site.topology.database_url) as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%') FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def redis_connections(site: Site) -> int:
    with redis.Redis.from_url(site.redis.url) as client:
        known: list[Any] = client.client_list()
    return len(known) - 1


def holdings(site: Site) -> Holdings:
    """What is held now. Every worker must run."""
    return Holdings(
        [worker(server) for server in site.workers], *postgres_connections(site), redis_connections(site)
    )


def more(now: Holdings, before: Holdings, memory: int) -> list[str]:
    """What is held beyond `before`, in words; memory may have grown by so many KiB a worker.

    The pools of Redis keep a connection for each place that was once needed: what may send or ask at once may have added.
    """
    found = []
    for number, (one, was) in enumerate(zip(now.workers, before.workers, strict=True)):
        if one.threads > was.threads:
            found.append(f"worker {number}: {was.threads} -> {one.threads} threads")
        if one.memory > was.memory + memory:
            found.append(f"worker {number}: {was.memory} -> {one.memory} KiB")
        if one.tasks != was.tasks:
            found.append(f"worker {number}: tasks {was.tasks} -> {one.tasks}")
        if one.sockets > was.sockets + PLACES:
            found.append(f"worker {number}: {was.sockets} -> {one.sockets} sockets to others")
    if now.postgres > before.postgres:
        found.append(f"PostgreSQL: {before.postgres} -> {now.postgres} connections")
    if now.in_transaction:
        found.append(f"PostgreSQL: {now.in_transaction} transactions left open")
    if now.redis > before.redis + PLACES * len(now.workers):
        found.append(f"Redis: {before.redis} -> {now.redis} connections")
    return found
