"""`manage.py rotate_encryption_keys`: afterwards the old key is not needed, and nothing is lost on the way."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from chat_app.models import ModelConfig
from tests.servers import Launcher, PostgresProcess

KEY = "sk-tests-only-abcdefghijkl-WXYZ"
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def old(db: None, settings: Any) -> None:
    """Two models whose keys were stored under the old key."""
    settings.ENCRYPTION_KEYS = [OLD]
    for name in ("a", "b"):
        ModelConfig.objects.create(id=name, label=name, provider="demo", api_key=f"{KEY}-{name}")


def rotate() -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("rotate_encryption_keys", stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue() + err.getvalue()
    return 0, out.getvalue() + err.getvalue()


def kept() -> dict[str, str]:
    rows = ModelConfig.objects.filter(pk__in=["a", "b"])
    return {row.pk: row.api_key for row in rows}


def test_old_key_is_not_needed_any_more(old: None, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate() == (0, "Encrypted anew: 2.\n")
    settings.ENCRYPTION_KEYS = [NEW]
    assert kept() == {"a": f"{KEY}-a", "b": f"{KEY}-b"}


def test_without_rotation_the_new_key_alone_opens_nothing(old: None, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW]
    assert KEY not in "".join(kept().values())


def test_value_that_no_key_opens_is_left_named_and_the_exit_code(old: None, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW]
    ModelConfig.objects.filter(pk="b").update(api_key=KEY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM chat_app_modelconfig WHERE id = 'a'")
        before = cursor.fetchone()
        code, told = rotate()
        cursor.execute("SELECT api_key FROM chat_app_modelconfig WHERE id = 'a'")
        assert cursor.fetchone() == before
    assert code == 1
    assert told.endswith("None of ENCRYPTION_KEYS opens the value of: model a.\n")
    assert "Encrypted anew: 1." in told
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate()[0] == 0


def test_without_encryption_keys_it_is_said(old: None, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = []
    with pytest.raises(CommandError, match="ENCRYPTION_KEYS is not set"):
        call_command("rotate_encryption_keys")


def test_key_that_is_saved_meanwhile_is_not_lost(
    start_server: Launcher, postgres_process: PostgresProcess
) -> None:
    address = postgres_process.database()
    server = start_server(DATABASE_URL=address, ENCRYPTION_KEYS=f"{NEW},{OLD}")
    create = "from chat_app.models import ModelConfig as M; M.objects.create(id='a', label='a', provider='demo', api_key='{}')"
    server.manage("shell", "-v0", "-c", create.format("first"))
    with psycopg.connect(address) as saving:
        second = Fernet(OLD).encrypt(b"second").decode()
        saving.execute("UPDATE chat_app_modelconfig SET api_key = %s WHERE id = 'a'", [second])
        told: list[str] = []
        rotation = threading.Thread(target=lambda: told.append(server.manage("rotate_encryption_keys")))
        rotation.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'"
        with psycopg.connect(address, autocommit=True) as watching:
            while rotation.is_alive() and not watching.execute(waiting).fetchone()[0]:  # type: ignore[index]
                pass
        saving.commit()
    rotation.join(30)
    assert told == ["Encrypted anew: 1.\n"]
    with psycopg.connect(address) as reading:
        row = reading.execute("SELECT api_key FROM chat_app_modelconfig WHERE id = 'a'").fetchone()
    assert row
    assert Fernet(NEW).decrypt(row[0].encode()) == b"second"
    server.stop()
