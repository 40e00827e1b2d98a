"""What a process counts about itself for those who watch it: added to where it happens, read by `/metrics`.

Nothing is decided by a figure, and nothing that is known elsewhere is counted again: how many turns run, or how a route stands,
is asked at the moment of a scrape (`chatbackend/metrics.py`). Once a turn or more rarely, never once a delta.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()
REGISTRY = CollectorRegistry()
PREFIX = "chatbackend"
TO_FIRST = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
TO_END = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600)
LATE = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

TURNS_STARTED = Counter(
    "turns_started", "Turns begun here, by what began them.", ("trigger",), PREFIX, registry=REGISTRY
)
TURNS_ENDED = Counter(
    "turns_ended",
    "Turns that ran and ended here, by their last state.",
    ("state",),
    PREFIX,
    registry=REGISTRY,
)
FIRST_TOKEN = Histogram(
    "first_token_seconds",
    "From a turn's beginning to what a person sees first, by the model that gave it.",
    ("model",),
    PREFIX,
    registry=REGISTRY,
    buckets=TO_FIRST,
)
TURN = Histogram(
    "turn_seconds",
    "From a turn's beginning to its end, by its last state.",
    ("state",),
    PREFIX,
    registry=REGISTRY,
    buckets=TO_END,
)
STREAMS = Gauge("streams_open", "Answers that are being streamed over HTTP.", (), PREFIX, registry=REGISTRY)
SOCKETS = Gauge("sockets_open", "WebSockets that are open.", (), PREFIX, registry=REGISTRY)
SWEEPS = Counter("sweeps", "Looks for turns whose worker is gone.", (), PREFIX, registry=REGISTRY)
LOOP_LAG = Histogram(
    "event_loop_lag_seconds",
    "How late the event loop woke a timer, looked at once a second.",
    (),
    PREFIX,
    registry=REGISTRY,
    buckets=LATE,
)
# A series that is there from the start shows its first increase.
for _trigger in ("message", "retry", "action", "tool_output", "structured_input"):
    TURNS_STARTED.labels(_trigger)
for _state in ("completed", "failed", "cancelled", "interrupted"):
    TURNS_ENDED.labels(_state)


class Worker:
    """`number` is set by the start of one of several processes on a port."""

    number: str = ""


def turn_ended(state: str, model: str | None, began: datetime, first_token: datetime | None) -> None:
    """A turn that ran here has had its terminal event."""
    TURNS_ENDED.labels(state).inc()
    TURN.labels(state).observe((timezone.now() - began).total_seconds())
    if first_token is not None:
        FIRST_TOKEN.labels(model or "").observe(max(0.0, (first_token - began).total_seconds()))
