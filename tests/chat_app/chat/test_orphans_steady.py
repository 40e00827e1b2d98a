"""When a worker may take others' turns for lost: after a lease without a heartbeat, and never because the database was away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chat_app.chat import orphans
from chat_app.streaming import leases

LEASE = 0.4


class Database:
    """One turn without a heartbeat, whoever asks; a call waits for as long as `away` says. `claims` are the tries to get it."""

    def __init__(self) -> None:
        self.away, self.claims = 0.0, 0

    async def __call__(self, work: Callable[..., Any], *arguments: Any) -> Any:
        await asyncio.sleep(self.away)
        if work is leases.orphans:
            return [("trn_1", 1)]
        self.claims += 1
        return None


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Database:
    database = Database()
    settings.CHAT = {**settings.CHAT, "LEASE_SECONDS": LEASE}
    monkeypatch.setattr(orphans, "db", database)
    monkeypatch.setattr(orphans, "LONGEST_PAUSE", LEASE / 2)
    return database


@pytest.fixture
def worker() -> orphans.Orphans:
    return orphans.Orphans("me", lambda turn_id: False, lambda spec: True)


async def test_turn_without_a_heartbeat_is_claimed(database: Database, worker: orphans.Orphans) -> None:
    await worker.sweep()
    assert database.claims == 1


async def test_after_a_pause_without_a_failure_others_get_a_lease_to_say_that_they_live(
    database: Database, worker: orphans.Orphans
) -> None:
    await worker.sweep()
    database.away = LEASE
    await worker.sweep()
    assert database.claims == 1
    database.away = 0.0
    await asyncio.sleep(LEASE / 4)
    await worker.sweep()
    assert database.claims == 1
    for _ in range(8):
        await asyncio.sleep(LEASE / 8)
        await worker.sweep()
    assert database.claims > 1


async def test_after_a_failed_heartbeat_others_get_a_lease_to_say_that_they_live(
    database: Database, worker: orphans.Orphans
) -> None:
    worker.database_failed()
    await worker.sweep()
    assert database.claims == 0
