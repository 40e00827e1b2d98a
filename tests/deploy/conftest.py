"""The topology of production, started once for the tests of this folder; who stops a part starts it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy import rehearse
from tests import parts
from tests.live.clients import Caller, bearer


@pytest.fixture(scope="package")
def topology() -> Iterator[rehearse.Topology]:
    for part in ("nginx", "postgres", "redis"):
        parts.require(part)
    with rehearse.start(DRAIN_SECONDS="10") as started:
        yield started


@pytest.fixture(scope="package")
def key(topology: rehearse.Topology) -> Caller:
    """The customer's own server, which calls through nginx."""
    return Caller(topology.nginx, bearer(topology.nginx.backend_key))
