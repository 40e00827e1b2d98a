"""The pool between async code and the ORM."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from django.conf import settings
from django.db import connection

from sessions_app.db import db

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD")
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def pragma(name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]


@pytest.mark.skipif(not settings.DATABASE_URL.startswith("sqlite"), reason="pragmas are SQLite's")
async def test_sqlite_connection_has_the_options_that_avoid_locks():
    assert await db(pragma, "journal_mode") == "wal"
    assert await db(pragma, "synchronous") == 1
    assert await db(pragma, "busy_timeout") == 10_000


async def test_db_runs_in_the_callers_context():
    WORD.set("carried")
    assert await db(WORD.get) == "carried"


async def test_db_calls_stay_on_a_bounded_number_of_threads():
    names = await asyncio.gather(*(db(lambda: threading.current_thread().name) for _ in range(100)))
    assert len(set(names)) <= settings.DB_THREADS
    assert all(name.startswith("db") for name in names)


async def test_cancelled_db_call_finishes_on_its_thread():
    begun, go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(5)
        done.set()

    task = asyncio.create_task(db(work))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    assert await asyncio.to_thread(done.wait, 5)
