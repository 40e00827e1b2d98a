"""SQL by cursor for the two hot transactions, the start and the end of a turn: what the ORM's compiler costs there, the
profile shows (docs/performance.md). Statements are made from the models' own columns, once for each database; nothing else
in the project writes SQL by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import Any

from django.db import connection, models, transaction

Row = tuple[Any, ...]
_writing = (
    RLock()
)  # SQLite has one writer: who waits for a lock here wakes at once, who polls the file sleeps


@contextmanager
def atomic() -> Iterator[None]:
    """`transaction.atomic()`; on SQLite the writers of this process queue up in memory rather than at the file."""
    if connection.vendor == "sqlite":
        with _writing, transaction.atomic():
            yield
    else:
        with transaction.atomic():
            yield


def insert(*rows: models.Model) -> None:
    """Insert rows of one model, ids and all, as they are: no signals, no look at what is there."""
    statement, fields = _insert(connection.vendor, type(rows[0]))
    with connection.cursor() as cursor:
        for row in rows:
            values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
            cursor.execute(statement, values)


def update(model: type[models.Model], changes: Mapping[str, Any], **where: Any) -> int:
    """`UPDATE model SET changes WHERE all of where`; a tuple in `where` means one of. Returns how many rows changed."""
    statement, fields = _update(connection.vendor, model, tuple(changes), _shape(where))
    values = [
        field.get_db_prep_save(value, connection)
        for field, value in zip(fields, changes.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *_flat(where.values())])
        return cursor.rowcount


def fetch(statement: str, values: Sequence[Any]) -> list[Row]:
    """All rows of a SELECT whose names come from `table()` and the models."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def table(model: type[models.Model]) -> str:
    """A model's table, quoted for use in a statement."""
    return connection.ops.quote_name(model._meta.db_table)


def for_update() -> str:
    """What locks the selected rows: nothing on SQLite, where a transaction holds the whole file for writing. `NO KEY`, so
    that who adds a row that points to one of them (the end of a turn adds items to its thread) does not wait for it."""
    return " FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""


@cache
def _insert(vendor: str, model: type[models.Model]) -> tuple[str, list[Any]]:
    fields = list(model._meta.local_concrete_fields)
    names = ", ".join(_quoted(field) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table(model)} ({names}) VALUES ({marks})", fields  # noqa: S608 - names of our own columns


@cache
def _update(
    vendor: str, model: type[models.Model], names: tuple[str, ...], where: tuple[tuple[str, int], ...]
) -> tuple[str, list[Any]]:
    fields = [model._meta.get_field(name) for name in names]
    sets = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    tests = []
    for name, count in where:
        column = _quoted(model._meta.get_field(name))
        tests.append(f"{column} = %s" if count < 0 else f"{column} IN ({', '.join(['%s'] * count)})")
    return f"UPDATE {table(model)} SET {sets} WHERE {' AND '.join(tests)}", fields  # noqa: S608


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _shape(where: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(value) if isinstance(value, tuple) else -1) for name, value in where.items())


def _flat(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat.extend(value if isinstance(value, tuple) else (value,))
    return flat
