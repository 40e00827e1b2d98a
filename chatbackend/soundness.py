"""Whether the database took the options it was given, looked at once at a process's start: an option in the wrong place, or a
file system without shared memory, would show itself only under load, as `database is locked` or a lost write.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

WANTED = {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 10_000}
MEANS = {
    "journal_mode": "writers block readers; the file system may not allow WAL, as network file systems do not",
    "synchronous": "each answer waits for the disk, or a crash may damage the file",
    "busy_timeout": "two writers at once are an error",
}


class Unsound(Exception):
    """The database would lose or refuse what it is told; the text is one line for an operator."""


def check() -> None:
    """Raises Unsound where SQLite runs otherwise than `databases.py` asked for. Sync, on a connection of the pool."""
    found = problems(connection)
    if found:
        raise Unsound("SQLite did not take its options: " + "; ".join(found))


def problems(database: BaseDatabaseWrapper) -> list[str]:
    """What is not as asked, a sentence each; none on another database."""
    if database.vendor != "sqlite":
        return []
    found = []
    with database.cursor() as cursor:
        for name, wanted in WANTED.items():
            value: Any = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            if value != wanted:
                found.append(f"{name} is {value}, not {wanted} ({MEANS[name]})")
    if getattr(database, "transaction_mode", None) != "IMMEDIATE":
        found.append("transactions are not IMMEDIATE (two that read and then write are an error)")
    return found
