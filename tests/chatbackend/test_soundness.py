"""SQLite's options: in effect on the pool's connections, and a start that ends where they are not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from chatbackend import soundness
from sessions_app.db import db


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
async def test_options_are_in_effect_on_the_pool() -> None:
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        await db(soundness.check)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ["journal_mode is delete", "synchronous is 2", "busy_timeout is 5000", "not IMMEDIATE"]),
        ({"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}, ["synchronous", "busy_timeout"]),
    ],
)  # fmt: skip
def test_what_did_not_take_is_named(tmp_path: Any, options: dict[str, Any], said: list[str]) -> None:
    default = copy.deepcopy(connections["default"].settings_dict)
    plain = {
        **default,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "db"),
        "OPTIONS": options,
    }
    database = DatabaseWrapper({**plain, "TEST": {}}, alias="other")
    found = soundness.problems(database)
    database.close()
    assert len(found) == len(said)
    assert all(word in sentence for word, sentence in zip(said, found, strict=True))


def test_start_on_a_database_without_wal_ends_in_one_line(start_server: Any) -> None:
    with pytest.raises(AssertionError) as ended:
        start_server(DATABASE_URL="sqlite:///:memory:")
    lines = [line for line in str(ended.value).splitlines() if "chatbackend cannot start" in line]
    assert len(lines) == 1
    assert "journal_mode is memory, not wal" in lines[0]
    assert "Traceback" not in str(ended.value)
