"""What a load balancer asks: is the process alive, and may it get traffic. No details that a stranger could use."""

from __future__ import annotations

from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse

from chat_app.chat import runner

log = structlog.get_logger("chatbackend.health")


def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 `{"status": "ok", "checks": {...}}` when new turns are welcome, else 503 with what is not `ok`."""
    found = {name: _verdict(name, check) for name, check in _checks().items()}
    ready = all(verdict == "ok" for verdict in found.values())
    body = {"status": "ok" if ready else "unavailable", "checks": found}
    response = JsonResponse(body, status=200 if ready else 503)
    response["Cache-Control"] = "no-store"
    if not ready:
        response["Retry-After"] = "5"
    return response


def _checks() -> dict[str, Callable[[], bool]]:
    named: dict[str, Callable[[], bool]] = {
        "database": _database,
        "listeners": lambda: runner.state().listening and runner.state().beating,
        "accepting": lambda: not runner.state().draining,
    }
    if settings.REDIS_URL:
        named["redis"] = _redis
    return named


def _verdict(name: str, check: Callable[[], bool]) -> str:
    try:
        return "ok" if check() else "down"
    except Exception as error:  # noqa: BLE001 - whatever a store raises, the answer is that it is down
        log.warning("not ready", check=name, error=str(error))
        return "down"


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    return True


def _redis() -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL or "", socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    finally:
        client.close()
