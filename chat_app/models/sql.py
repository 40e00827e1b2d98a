"""SQL by cursor for the two hot transactions, the start and the end of a turn: what the ORM's compiler costs there, the
profile shows (docs/performance.md). Statements are made from the models' own columns, once for each database; nothing else
in the project writes SQL by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from threading import RLock
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
_writing = RLock()  # SQLite has one writer: who waits here wakes at once, who polls the file sleeps
_AS_IT_IS = (models.CharField, models.TextField, models.BooleanField, models.IntegerField)


@contextmanager
def atomic() -> Iterator[None]:
    """`transaction.atomic()`; on SQLite the writers of this process queue up in memory rather than at the file."""
    if _here().vendor == "sqlite":
        with _writing, transaction.atomic():
            yield
    else:
        with transaction.atomic():
            yield


def insert(*rows: models.Model) -> None:
    """Insert rows of one model as they are: no signals, no look at what is there. Ids too, but for those that the database
    counts, which the rows are not told of."""
    here = _here()
    statement, columns = _insert(here.vendor, type(rows[0]))
    with here.cursor() as cursor:
        for row in rows:
            values = [
                getattr(row, name) if field is None else field.get_db_prep_save(getattr(row, name), here)
                for name, field in columns
            ]
            cursor.execute(statement, values)


def update(model: type[models.Model], changes: Mapping[str, Any], **where: Any) -> int:
    """`UPDATE model SET changes WHERE all of where`; a tuple in `where` means one of. Returns how many rows changed."""
    here = _here()
    statement, fields = _update(here.vendor, model, tuple(changes), _shape(where))
    values = [
        value if field is None else field.get_db_prep_save(value, here)
        for field, value in zip(fields, changes.values(), strict=True)
    ]
    with here.cursor() as cursor:
        cursor.execute(statement, [*values, *_flat(where.values())])
        return cursor.rowcount


def delete(model: type[models.Model], **where: Any) -> int:
    """`DELETE FROM model WHERE all of where`, of a model that nothing points to. Returns how many rows went."""
    here = _here()
    with here.cursor() as cursor:
        cursor.execute(_delete(here.vendor, model, _shape(where)), _flat(where.values()))
        return cursor.rowcount


def fetch(statement: str, values: Sequence[Any]) -> list[Row]:
    """All rows of a SELECT whose names come from `table()` and the models."""
    with _here().cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def moment(value: Any) -> datetime:
    """A time that `fetch` gave, which SQLite keeps as text, as an aware datetime."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def plain(value: Any) -> Any:
    """A JSON column's value, which a cursor gives as text."""
    return json.loads(value) if isinstance(value, str) else value


def table(model: type[models.Model]) -> str:
    """A model's table, quoted for use in a statement."""
    return connection.ops.quote_name(model._meta.db_table)


def for_update() -> str:
    """What locks the selected rows: nothing on SQLite, where a transaction holds the whole file for writing. `NO KEY`, so
    that who adds a row that points to one of them (the end of a turn adds items to its thread) does not wait for it."""
    return " FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""


def _here() -> BaseDatabaseWrapper:
    """This thread's connection itself: the proxy looks it up anew for each attribute."""
    return connections[DEFAULT_DB_ALIAS]


def _prepared(field: Any) -> Any:
    """The field, if it must turn a value into what the driver takes; None for what the driver takes as it is."""
    target = field.target_field if field.is_relation else field
    own = type(target).get_db_prep_save is not models.Field.get_db_prep_save
    plain = type(target).__module__.startswith("django.") and isinstance(target, _AS_IT_IS)
    return None if plain and not own else field


@cache
def _insert(vendor: str, model: type[models.Model]) -> tuple[str, list[tuple[str, Any]]]:
    fields = [own for own in model._meta.local_concrete_fields if not isinstance(own, models.AutoField)]
    names = ", ".join(_quoted(field) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table(model)} ({names}) VALUES ({marks})", [  # noqa: S608 - names of our own columns
        (field.attname, _prepared(field)) for field in fields
    ]


@cache
def _update(
    vendor: str, model: type[models.Model], names: tuple[str, ...], where: tuple[tuple[str, int], ...]
) -> tuple[str, list[Any]]:
    fields = [model._meta.get_field(name) for name in names]
    sets = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    return f"UPDATE {table(model)} SET {sets} WHERE {_tests(model, where)}", [  # noqa: S608
        _prepared(field) for field in fields
    ]


@cache
def _delete(vendor: str, model: type[models.Model], where: tuple[tuple[str, int], ...]) -> str:
    return f"DELETE FROM {table(model)} WHERE {_tests(model, where)}"  # noqa: S608


def _tests(model: type[models.Model], where: tuple[tuple[str, int], ...]) -> str:
    tests = []
    for name, count in where:
        column = _quoted(model._meta.get_field(name))
        tests.append(f"{column} = %s" if count < 0 else f"{column} IN ({', '.join(['%s'] * count)})")
    return " AND ".join(tests)


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _shape(where: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(value) if isinstance(value, tuple) else -1) for name, value in where.items())


def _flat(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat.extend(value if isinstance(value, tuple) else (value,))
    return flat
