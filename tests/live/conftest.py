"""The cast of the live tests: a server that runs, the customer's own server, and users who are new each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def place(live: ServerProcess) -> Callable[[str], tuple[Caller, str]]:
    """Who may call a path, and the path with the ids of things that are theirs."""
    owner = issue(live, "owner of things")
    said = owner.ask("/echo hi")
    things = {
        "thread": said["thread_id"],
        "turn": said["turn_id"],
        "item": owner.items(said["thread_id"])[1]["id"],
    }

    def find(path: str) -> tuple[Caller, str]:
        keyed = path.endswith("sessions")
        return Caller(live, bearer(live.backend_key)) if keyed else owner, path.format(**things)

    return find


@pytest.fixture
def unharmed(user: Session) -> Iterator[None]:
    """Whatever a test has sent: the next good call works."""
    yield
    assert user.ask("/echo still here")["response"] == "still here"
