"""Every test reads the catalogue anew, and nothing is known of any route's health: rows of one must not be another's."""

from __future__ import annotations

import pytest

from chat_app.chat import breaker, catalog, router


@pytest.fixture(autouse=True)
def _catalogue_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = breaker.Breakers()
    for module in (breaker, catalog, router):
        monkeypatch.setattr(module, "BREAKERS", fresh)
    catalog.forget()
