"""The way from async code to the ORM: one bounded pool of threads for the whole process.

Whatever touches the database runs on POOL: `db()` for consumers and the chat service, and the whole sync chain of a request for
the handler. Neither queries nor rules live here. Django's own `sync_to_async` would serialise everything on one thread, and a
thread of its own for each request costs more than the query.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock, get_ident
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections, connections, reset_queries

P = ParamSpec("P")
T = TypeVar("T")


class Pool(Executor):
    """A ThreadPoolExecutor made at its first use, so that a process may stop it and start again (tests, lifespan)."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self.at_work: set[int] = set()  # threads; each adds and takes away itself alone

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        threads = self._threads
        if threads is None:
            with self._lock:
                threads = self._threads
                if threads is None:
                    threads = self._threads = ThreadPoolExecutor(settings.DB_THREADS, thread_name_prefix="db")
        return threads.submit(fn, *args, **kwargs)

    def waiting(self) -> int:
        """Jobs for which no thread is free yet."""
        threads = self._threads
        return 0 if threads is None else threads._work_queue.qsize()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=wait, cancel_futures=cancel_futures)


POOL = Pool()


async def db(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run sync `fn` on the pool in a copy of this context, and await its result.

    Cancelling the caller does not interrupt `fn`: once begun it runs to its end on its thread, commits or rolls back, and gives
    its connection back; a call that still waits in the queue is dropped.
    """
    return await asyncio.get_running_loop().run_in_executor(POOL, prepare(fn, *args, **kwargs))


def prepare(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
    """`fn` bound to its arguments, to a copy of the caller's context and to clean connections; for `POOL.submit`."""
    context = contextvars.copy_context()

    def run() -> T:
        me = get_ident()
        POOL.at_work.add(me)
        try:
            return context.run(_clean, fn, args, kwargs)
        finally:
            POOL.at_work.discard(me)

    return run


def _clean(fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    if settings.DEBUG:
        reset_queries()  # else Django keeps thousands of statements for each thread, texts and all
    # On SQLite a thread keeps its connection for good (CONN_MAX_AGE None); a look at it is only due after a failure.
    keep = settings.DATABASES["default"].get("CONN_MAX_AGE", 0) is None
    if keep:
        try:
            return fn(*args, **kwargs)
        except BaseException:
            close_old_connections()
            raise
    close_old_connections()
    try:
        return fn(*args, **kwargs)
    finally:
        close_old_connections()


def connections_held() -> dict[str, int]:
    """PostgreSQL's connections of this process: `open`, `idle` among them, and the calls `waiting` for one. Empty on SQLite,
    where each thread keeps its own, and before the first is made."""
    pool = getattr(connections["default"], "pool", None)
    if pool is None or pool.closed:
        return {}
    told = pool.get_stats()
    names = {"open": "pool_size", "idle": "pool_available", "waiting": "requests_waiting"}
    return {name: told.get(key, 0) for name, key in names.items()}


def shutdown() -> None:
    """Wait for the work under way, then close what PostgreSQL's pool holds. For the end of the process; blocks."""
    POOL.shutdown(wait=True, cancel_futures=True)
    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool is not None:
            close_pool()
