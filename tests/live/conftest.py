"""The cast of the live tests: a server that runs, the customer's own server, and users who are new each time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tests.live.clients import Caller, Session, bearer, issue
from tests.servers import ServerProcess

_users = count(1000)


@pytest.fixture(scope="session")
def live(live_server_process: ServerProcess) -> ServerProcess:
    return live_server_process


@pytest.fixture(scope="session")
def key(live: ServerProcess) -> Caller:
    """The customer's own server, by the key of the environment."""
    return Caller(live, bearer(live.backend_key))


@pytest.fixture(scope="session")
def nobody(live: ServerProcess) -> Caller:
    return Caller(live)


@pytest.fixture
def new_user(live: ServerProcess) -> Callable[..., Session]:
    """`new_user(**fields) -> Session`: a session of a user whom nobody has seen before."""
    return lambda **fields: issue(live, f"user-{next(_users)}", **fields)


@pytest.fixture
def user(new_user: Callable[..., Any]) -> Any:
    return new_user()
