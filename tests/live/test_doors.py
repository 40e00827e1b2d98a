"""The same turn through every door of a default installation: one process on SQLite."""

from __future__ import annotations

import pytest

from tests.live.doors import DoorSuite
from tests.servers import ServerProcess


@pytest.fixture
def server(live: ServerProcess) -> ServerProcess:
    return live


class TestDoors(DoorSuite):
    pass
