"""`GET /metrics`: what a process says about itself in Prometheus' text format, to those who may know.

Counters are kept where things happen (`chat_app/figures.py`); here is the door, and what is asked at the moment of a scrape. A
scrape tells of the process that answers it: of several on one port each series carries the `worker`'s number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from django.conf import settings
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chat_app.chat import runner
from chat_app.chat.breaker import BREAKERS
from chat_app.consumers.base import HttpConsumer
from chat_app.figures import PREFIX, REGISTRY, Worker
from chat_app.streaming.redis_log import RedisLog
from chat_app.streaming.shared import REDIS
from sessions_app import tokens
from sessions_app.db import POOL, connections_held, db
from sessions_app.errors import Unauthenticated

ROUTE_STATES = ("closed", "open", "half_open")


class Metrics(HttpConsumer):
    """For a backend key, METRICS_TOKEN or a staff login; anybody else gets 401. A consumer, so that it answers while all
    threads of the database are taken; METRICS_TOKEN needs none of them."""

    methods = ("GET", "HEAD")

    async def respond(self) -> None:
        if not self._has_token():
            principal = await db(self.identify())
            if principal.kind != "key" and not (principal.kind == "login" and principal.is_staff):
                raise Unauthenticated
        # In a thread: some hundred lines are some milliseconds, for which no stream should stand still.
        body = await asyncio.to_thread(generate_latest, Scrape(list(_standing())))
        headers = [
            (b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        await self.start(200, headers)
        await self.write(body, more=False)

    def _has_token(self) -> bool:
        wanted, given = settings.METRICS_TOKEN, self.scope["identify"].credentials.bearer
        return bool(wanted and given) and tokens.same(tokens.digest(wanted), tokens.digest(given))


class Scrape(Collector):
    """All that is told; with the worker's number on each series where there are several. `standing` was asked on the event
    loop, whose things those are."""

    def __init__(self, standing: Iterable[Metric]) -> None:
        self.standing = standing

    def collect(self) -> Iterator[Metric]:
        number = {"worker": Worker.number} if Worker.number else {}
        for metric in chain(REGISTRY.collect(), self.standing, PROCESS.collect()):
            if number:
                metric.samples = [s._replace(labels={**s.labels, **number}) for s in metric.samples]
            yield metric


def _standing() -> Iterator[Metric]:
    yield from _turns()
    yield from _stores()
    yield from _routes()
    if REDIS is not None:
        yield from _log(REDIS)


def _turns() -> Iterator[Metric]:
    state = runner.state()
    yield _labelled("process_id_info", "The name of this process in rows and logs.", "id", {state.worker: 1})
    yield _gauge("turns_running", "Turns that run here.", state.running)
    orphans = CounterMetricFamily(
        f"{PREFIX}_orphans",
        "Turns of workers that are gone, by what became of them here.",
        labels=("outcome",),
    )
    orphans.add_metric(("closed",), runner.RUNNER.orphans.closed)
    orphans.add_metric(("rerun",), runner.RUNNER.orphans.rerun)
    yield orphans
    yield _gauge("draining", "Whether this process takes no new turn.", state.draining)
    yield _gauge("listener_up", "Whether this process hears control messages.", state.listening)
    yield _gauge(
        "checkpoint_age_seconds", "Since all running turns were last stored as they stand.", state.beaten
    )


def _stores() -> Iterator[Metric]:
    threads = {"all": settings.DB_THREADS, "busy": len(POOL.at_work)}
    yield _labelled("db_threads", "Threads for work with the database.", "state", threads)
    yield _gauge("db_queue", "Work that waits for such a thread.", POOL.waiting())
    yield _labelled("db_connections", "Connections to PostgreSQL.", "state", connections_held())


def _routes() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        f"{PREFIX}_route_state", "Whether a route is in use; 1 for its state.", labels=("model", "state")
    )
    for model, state in sorted(BREAKERS.standing().items()):
        for one in ROUTE_STATES:
            family.add_metric((model, one), float(one == state))
    yield family


def _log(log: RedisLog) -> Iterator[Metric]:
    up = {"write": log.writer.up, "read": log.reader.up}
    yield _labelled("log_up", "Whether the shared record of turns answered last.", "side", up)
    yield _gauge("log_behind_events", "Events that are not in it yet.", log.writer.behind)
    yield _counted("log_outages", "Times that it stopped answering.", log.writer.outages)
    yield _counted("log_resent_batches", "Batches written again since it had lost them.", log.writer.resent)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", says, value=float(value))


def _counted(name: str, says: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", says, value=float(value))


def _labelled(name: str, says: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", says, labels=(label,))
    for one, value in values.items():
        family.add_metric((one,), float(value))
    return family


PROCESS: Collector = ProcessCollector(registry=None)
