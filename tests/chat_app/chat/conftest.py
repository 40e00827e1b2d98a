"""Every test reads the catalogue anew: rows of one must not be another's."""

from __future__ import annotations

import pytest

from chat_app.chat import catalog


@pytest.fixture(autouse=True)
def _catalogue_read_anew() -> None:
    catalog.forget()
