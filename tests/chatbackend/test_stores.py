"""The same server on other stores and under other servers: PostgreSQL, Redis, uvicorn's own command, daphne."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests
from django.conf import settings

from chat_app.providers.python import handover
from chatbackend import databases
from tests.servers import ServerProcess


def chat(server: ServerProcess, user: str) -> requests.Response:
    """A session and one answered message."""
    key = {"Authorization": f"Bearer {server.backend_key}"}
    made = requests.post(
        server.url + "/api/sessions", json={"user_id": user, "model": "demo"}, headers=key, timeout=20
    )
    assert made.status_code == 201, made.text
    asked = {"session_id": made.json()["session_id"], "message": "/echo as it was"}
    return requests.post(server.url + "/api/chat", json=asked, timeout=20)


@pytest.mark.parametrize("command", ["uvicorn", "daphne"])
def test_project_answers_under_other_servers(start_server, command):
    answer = chat(start_server(command), "smoke")
    assert (answer.status_code, answer.json()["response"]) == (200, "as it was")
    assert answer.headers["X-Request-Id"]


class Watch(threading.Thread):
    """Counts the connections to a database, fifty times a second, until the `with` ends."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.most, self.looks = url, 0, 0
        self.over = threading.Event()

    def run(self) -> None:
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.over.wait(0.02):
                row = connection.execute(others).fetchone()
                assert row is not None
                self.most, self.looks = max(self.most, row[0]), self.looks + 1

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join(5)


def test_postgres_holds_no_more_connections_than_the_executor_has_threads(start_server, postgres_url):
    server = start_server(DATABASE_URL=postgres_url)
    with Watch(postgres_url) as watch, ThreadPoolExecutor(40) as callers:
        answers = list(callers.map(lambda number: chat(server, f"user-{number}").status_code, range(240)))
    assert set(answers) == {200}
    assert watch.looks > 20
    assert 1 < watch.most <= databases.POSTGRES_THREADS


def test_postgres_pool_has_room_for_every_thread_that_may_ask():
    url = "postgres://127.0.0.1/chat"
    most = databases.database(url)["OPTIONS"]["pool"]["max_size"]
    assert most >= databases.threads(url) + handover.THREADS
    assert most == 52, "docs/configuration.md and README.md name the number"


def test_listener_on_redis_outlives_twelve_idle_seconds(start_server, redis_url):
    server = start_server(REDIS_URL=redis_url)
    time.sleep(12.5)
    assert requests.get(server.url + "/readyz", timeout=5).json()["checks"] == {
        "database": "ok",
        "listeners": "ok",
        "accepting": "ok",
        "redis": "ok",
    }
    assert chat(server, "idle").status_code == 200


def test_server_is_not_ready_while_redis_does_not_answer(start_server, redis_process):
    server = start_server(REDIS_URL=redis_process.url)
    redis_process.freeze()
    try:
        answer = requests.get(server.url + "/readyz", timeout=8)
    finally:
        redis_process.freeze(False)
    assert answer.status_code == 503
    assert answer.json()["checks"]["redis"] == "down"


def test_channel_layer_never_times_out_an_idle_reader():
    layer = databases.channel_layer("redis://127.0.0.1:6379/0")
    assert layer["CONFIG"]["hosts"][0]["socket_timeout"] is None


def test_database_urls_become_settings():
    assert databases.database("sqlite:////var/lib/chat.db")["NAME"] == "/var/lib/chat.db"
    made = databases.database("postgres://us%40er:p%2Fw@db:6432/chat?sslmode=require")
    assert [made[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "us@er",
        "p/w",
        "db",
        6432,
        "chat",
    ]
    assert made["OPTIONS"]["sslmode"] == "require"
    assert made["OPTIONS"]["pool"]["max_size"] >= settings.DB_THREADS
