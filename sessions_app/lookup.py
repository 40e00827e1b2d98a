"""One row by one unique column, asked so often that building the query anew each time would cost more than the row does.

The statement and its converters are Django's own, made once for each database; rows come back as model instances.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


class Lookup(Generic[M]):
    """`Lookup(Model, "column")(value)` is `Model.objects.filter(column=value).first()` without its price."""

    def __init__(self, model: type[M], column: str) -> None:
        self.model = model
        self.column = column
        self._made: dict[str, tuple[str, list[str], list[tuple[int, list[Any], Any]]]] = {}

    def __call__(self, value: str) -> M | None:
        statement, names, converters = self._made.get(connection.vendor) or self._make()
        with connection.cursor() as cursor:
            cursor.execute(statement, (value,))
            row = cursor.fetchone()
        if row is None:
            return None
        cells = list(row)
        for place, convert, column in converters:
            for converter in convert:
                cells[place] = converter(cells[place], column, connection)
        return self.model.from_db(connection.alias, names, cells)

    def _make(self) -> tuple[str, list[str], list[tuple[int, list[Any], Any]]]:
        query = self.model._default_manager.filter(**{self.column: "x"}).order_by().query
        compiler = query.get_compiler(connection=connection)
        statement, _ = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        converters = [(place, *found) for place, found in compiler.get_converters(columns).items()]
        names = [field.attname for field in self.model._meta.concrete_fields]
        made = self._made[connection.vendor] = (statement, names, converters)
        return made
