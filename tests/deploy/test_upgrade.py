"""What docs/operations.md says of upgrades and of systemd: migrations add and can be undone, the unit starts what we serve."""

from __future__ import annotations

import configparser
from collections.abc import Iterator

import pytest
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from chatbackend.env import Env
from tests.parts import BASE_DIR

OURS = ("chat_app", "sessions_app")
# What the first release began with: nothing older ever runs beside it.
FIRST = {"chat_app": "0005", "sessions_app": "0001"}
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
    migrations.RunSQL,
)


def operations(*, later: bool = False) -> Iterator[tuple[str, Operation]]:
    """(migration, operation) of our apps; `later`: of what came after the first release."""
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OURS and (not later or name[:4] > FIRST[app]):
            yield from ((f"{app}.{name}", operation) for operation in migration.operations)


def old_code_cannot_write(operation: Operation) -> bool:
    """A new column that must have a value and gets none from the database: an insert of the release before fails."""
    if not isinstance(operation, migrations.AddField):
        return False
    field = operation.field
    return not (field.null or field.has_db_default() or field.many_to_many)


def test_migrations_can_be_undone() -> None:
    found = list(operations())
    assert len(found) > 10
    assert [f"{name}: {operation.describe()}" for name, operation in found if not operation.reversible] == []


def test_migrations_after_the_first_release_leave_the_one_before_able_to_run() -> None:
    breaking = [
        f"{name}: {operation.describe()}"
        for name, operation in operations(later=True)
        if isinstance(operation, TAKES_AWAY) or old_code_cannot_write(operation)
    ]
    assert breaking == []


@pytest.fixture
def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(BASE_DIR / "deploy" / "chatbackend@.service")
    return parser["Service"]


def test_unit_serves_on_its_port_and_leaves_the_time_to_drain(unit: configparser.SectionProxy) -> None:
    assert (
        unit["ExecStart"].removeprefix(unit["WorkingDirectory"]) == "/.venv/bin/python -m chatbackend.serve"
    )
    set_here = dict(pair.split("=") for pair in unit["Environment"].split())
    assert set_here.pop("PYTHONUNBUFFERED") == "1"
    assert set_here == {"PORT": "%i", "WORKERS": "1"}
    assert set_here.keys() <= Env.model_fields.keys()
    assert (unit["KillSignal"], unit["KillMode"], unit["Restart"]) == ("SIGTERM", "mixed", "always")
    assert int(unit["TimeoutStopSec"]) > Env.model_fields["DRAIN_SECONDS"].default + 15
