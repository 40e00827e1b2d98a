"""A full disk, for real: the server's files may not grow any more. A clear error, nothing lost, and on it goes."""

from __future__ import annotations

import os
import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests.servers import Launcher, ServerProcess


@contextmanager
def full_disk(server: ServerProcess) -> Iterator[None]:
    """The server's process may write nothing beyond the size that its database has now."""
    folder = Path(server.env["DATA_DIR"])
    size = max(path.stat().st_size for path in folder.glob("db.sqlite3*"))
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    wal = folder / "db.sqlite3-wal"
    size = wal.stat().st_size if wal.exists() else size
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


@pytest.fixture
def server(start_server: Launcher) -> ServerProcess:
    return start_server("uvicorn")


def session(server: ServerProcess) -> str:
    answer = requests.post(
        f"{server.url}/api/sessions",
        json={"user_id": "u1"},
        headers={"Authorization": f"Bearer {server.backend_key}"},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session_id"])


def chat(server: ServerProcess, token: str, message: str) -> requests.Response:
    body = {"session_id": token, "message": message}
    return requests.post(f"{server.url}/api/chat", json=body, timeout=60)


def test_message_on_a_full_disk_is_a_clear_503_and_the_next_one_is_answered(server: ServerProcess) -> None:
    token = session(server)
    assert chat(server, token, "/echo before").status_code == 200
    with full_disk(server):
        refused = chat(server, token, "/echo " + "x" * 50_000)
        alive = requests.get(
            f"{server.url}/api/threads", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
    assert refused.status_code == 503, refused.text
    assert refused.json()["code"] == "unavailable"
    assert "Retry-After" in refused.headers
    assert alive.status_code == 200
    assert chat(server, token, "/echo after").json()["response"] == "after"


def test_answer_that_ends_while_the_disk_is_full_is_stored_once_there_is_room(server: ServerProcess) -> None:
    token = session(server)
    chat(server, token, "/echo before")
    body = {"session_id": token, "message": "/tokens 3000 0.5", "events": True}
    with requests.post(f"{server.url}/api/chat/stream", json=body, stream=True, timeout=60) as stream:
        turn = stream.headers["X-Turn-Id"]
        lines = stream.iter_lines(decode_unicode=True)
        next(line for line in lines if line.startswith("event: delta"))
        with full_disk(server):
            time.sleep(4)
            assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        names = [line for line in lines if line.startswith("event:")]
    assert names[-1] == "event: completed"
    with closing(sqlite3.connect(os.path.join(server.env["DATA_DIR"], "db.sqlite3"))) as database:
        ((state, text),) = database.execute(
            "SELECT t.state, i.text FROM chat_app_turn t JOIN chat_app_item i ON i.turn_id = t.id "
            "WHERE t.id = ? AND i.kind = 'assistant_message'",
            [turn],
        )
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert state == "completed"
    assert len(text.split()) == 3000
