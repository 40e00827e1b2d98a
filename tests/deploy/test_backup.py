"""Backup and restore by the very commands of docs/operations.md, from a server that runs; and a migration back and forth."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.live.clients import Session, issue
from tests.live.files import attached
from tests.parts import BASE_DIR, postgres_bin
from tests.pictures import PNG
from tests.servers import Launcher, PostgresProcess, ServerProcess, environment, free_port
from tests.upstream.faulty import text_of

PAGE = (BASE_DIR / "docs" / "operations.md").read_text()
KEY = "sk-of-a-model-0123456789"


def commands(section: str, database: str) -> str:
    """The tested block of a section of docs/operations.md for a database."""
    text = re.split(r"^## ", PAGE, flags=re.M)
    (found,) = [part for part in text if part.startswith(section + "\n")]
    (block,) = re.findall(rf"{database}[^:]*\*\(tested\)\*:\n\n```sh\n(.*?)```", found, re.S)
    return str(block)


def run(block: str, env: dict[str, str], **variables: str) -> None:
    """Run a block as an operator would: in the project's folder, in the server's environment."""
    path = f"{postgres_bin()}:{env['PATH']}"
    done = subprocess.run(
        ["sh", "-eu", "-c", block],
        cwd=BASE_DIR,
        env={**env, "PATH": path, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{block}\n{done.stderr}"


@dataclass
class Kept:
    """What was there when the backup was made: a conversation with a file, and somebody's answer that was being written."""

    user: Session
    items: list[Any]
    file_id: str
    waiting: Session
    running: str


def fill(server: ServerProcess) -> Kept:
    rows = [{"id": "keyed", "label": "k", "provider": "openai", "api_key": KEY}]
    server.manage("shell", "-c", f"from tests.live.routes import create_rows\ncreate_rows({rows!r})")
    user, waiting = issue(server, "who-came-back", model="demo"), issue(server, "who-waits", model="demo")
    user.ask("/echo größe 漢")
    file_id = attached(user, PNG)["id"]
    running, _ = waiting.begin("/tokens 600 20")
    time.sleep(2.5)  # until a part of it has been in a checkpoint
    return Kept(user, user.items(user.thread_id), file_id, waiting, running)


@dataclass
class Restored:
    """The second server, and what had been at the first when the backup was made."""

    server: ServerProcess
    kept: Kept
    backup: Path

    @property
    def user(self) -> Session:
        return replace(self.kept.user, server=self.server)

    def model_key(self) -> str:
        code = "from chat_app.models import ModelConfig as M; print(M.objects.get(pk='keyed').api_key)"
        return self.server.manage("shell", "-c", code).split()[-1]


@pytest.fixture(scope="module", params=["PostgreSQL", "SQLite"])
def restored(
    start_server: Launcher, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Restored]:
    """A server of other folders and another database, with the secrets of the first, which was killed after its backup."""
    folder, backup = tmp_path_factory.mktemp("restored"), tmp_path_factory.mktemp("backup")
    database, before, after = request.param, {}, f"sqlite:///{folder}/db.sqlite3"
    if database == "PostgreSQL":
        postgres: PostgresProcess = request.getfixturevalue("postgres_process")
        before, after = {"DATABASE_URL": postgres.database()}, postgres.database()
    first = start_server(**before)
    kept = fill(first)
    assert kept.waiting.turn(kept.running)["state"] == "running"
    run(commands("Back up", database), first.env, BACKUP=str(backup))
    kept.user.ask("/echo after the backup")
    first.kill()
    port = free_port()
    secrets = {name: first.env[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    env = environment(folder, HOST="127.0.0.1", PORT=str(port), DATABASE_URL=after, **secrets)
    run(commands("Restore", database), env, BACKUP=str(backup))
    server = ServerProcess(port, env, backup / "server.log")
    server.start()
    yield Restored(server, kept, backup)
    server.stop()


def test_backup_of_a_running_server_is_restored_whole(restored: Restored) -> None:
    user, kept = restored.user, restored.kept
    assert user.items(user.thread_id) == kept.items
    assert user.get(f"/api/attachments/{kept.file_id}").content == PNG
    assert "größe 漢" in user.ask("/history")["response"]
    assert restored.model_key() == KEY


def test_answer_that_was_being_written_is_interrupted_with_its_text(restored: Restored) -> None:
    turn = replace(restored.kept.waiting, server=restored.server).ended(restored.kept.running, 40)
    assert turn["state"] == "interrupted"
    assert len(turn["text"]) > 50
    assert text_of(600).startswith(turn["text"])


def test_backup_holds_no_key_of_a_model_as_it_is(restored: Restored) -> None:
    (database,) = [path for path in restored.backup.iterdir() if path.stem in ("db", "database")]
    assert KEY.encode() not in database.read_bytes()


def test_last_migration_is_undone_and_done_again_without_loss(restored: Restored) -> None:
    user = restored.user
    before = user.items(user.thread_id)
    restored.server.stop()
    *_, to, last = sorted(path.stem for path in (BASE_DIR / "chat_app" / "migrations").glob("0*.py"))
    (block,) = re.findall(r"```sh\n(.*migrate chat_app \"\$BEFORE\".*)\n", PAGE)
    run(block, restored.server.env, BEFORE=to[:4])
    assert f"[ ] {last}" in restored.server.manage("showmigrations", "chat_app")
    restored.server.manage("migrate", "-v0")
    restored.server.start()
    assert user.items(user.thread_id) == before
    assert "größe 漢" in user.ask("/history")["response"]
