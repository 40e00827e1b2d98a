"""Every test reads the catalogue anew, and nothing is known of any route's health: rows of one must not be another's.
Files have a folder of their own where a test asks for one.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from chat_app.chat import breaker, catalog, router
from chat_app.models import ModelConfig
from tests.chat_app.chat.sick import Clock


@pytest.fixture(autouse=True)
def _catalogue_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = breaker.Breakers()
    for module in (breaker, catalog, router):
        monkeypatch.setattr(module, "BREAKERS", fresh)
    catalog.forget()


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Where the files of this test lie."""
    backend = "django.core.files.storage.FileSystemStorage"
    stores = {"default": {"BACKEND": backend, "OPTIONS": {"location": tmp_path}}}
    settings.STORAGES = {**settings.STORAGES, **stores}
    return tmp_path


@pytest.fixture
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The row that `sick.py` speaks of, no jitter, and a time of day that may be put forward."""
    ModelConfig.objects.create(id="sick", label="Sick", provider="openai")
    monkeypatch.setattr(breaker, "JITTER", 0.0)
    found, real = Clock(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + found.ahead)
    return found
