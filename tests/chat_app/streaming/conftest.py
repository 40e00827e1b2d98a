"""A Redis that these tests may harm, and workers that are quick to notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat_app.streaming.redis_log import mirrors, reader, writer
from tests.parts import require
from tests.servers import RedisProcess


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    require("redis")
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield process
    process.freeze(False)
    process.stop()


@pytest.fixture
def server(process: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> RedisProcess:
    """The same, empty."""
    monkeypatch.setattr(writer, "PATIENCE", 0.3)
    monkeypatch.setattr(writer, "PAUSES", (0.05, 0.1))
    monkeypatch.setattr(reader, "PATIENCE", 0.3)
    monkeypatch.setattr(reader, "PAUSES", (0.05, 0.1))
    monkeypatch.setattr(reader, "BLOCK_SECONDS", 0.5)
    monkeypatch.setattr(mirrors, "POLL_SECONDS", 0.1)
    process.flush()
    return process
