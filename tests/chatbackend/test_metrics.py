"""What a scrape asks of the process at that moment, in the process."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from chat_app.figures import Worker
from chat_app.streaming.redis_log import RedisLog
from chatbackend import metrics


@pytest.mark.django_db
def test_shared_record_is_told_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    log = RedisLog("redis://127.0.0.1:1/0")
    log.writer.resent = 4
    monkeypatch.setattr(metrics, "REDIS", log)
    lines = generate_latest(metrics.Scrape(metrics._standing())).decode().splitlines()
    assert 'chatbackend_log_up{side="write"} 0.0' in lines
    assert "chatbackend_log_behind_events 0.0" in lines
    assert "chatbackend_log_resent_batches_total 4.0" in lines


@pytest.mark.django_db
def test_every_series_has_a_help_line_and_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "number", "7")
    families = list(metrics.Scrape(metrics._standing()).collect())
    assert all(family.documentation for family in families)
    assert {s.labels.get("worker") for family in families for s in family.samples} == {"7"}
    names = [family.name for family in families]
    assert len(names) == len(set(names))
