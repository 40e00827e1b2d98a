"""The site that the chaos tests break; they leave it as it was, all parts running and ready."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import parts
from tests.chaos.site import Site, site

LEASE = "4"  # shorter than the shipped one, so that twenty crashes take four minutes


@pytest.fixture(scope="package")
def whole_site() -> Iterator[Site]:
    for part in ("nginx", "postgres", "redis"):
        parts.require(part)
    with site(LEASE_SECONDS=LEASE, DRAIN_SECONDS="3") as built:
        yield built


@pytest.fixture
async def grown(whole_site: Site) -> Site:
    """nginx, two workers, PostgreSQL and Redis, all of them ready."""
    await whole_site.ready()
    return whole_site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What breaks the site measures, too: it runs alone."""
    for item in items:
        if "tests/chaos/" in item.nodeid and "log_machine" not in item.nodeid:
            item.add_marker(pytest.mark.serial)
