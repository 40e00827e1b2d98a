"""Routes to model servers for live tests: rows of a started server, and the faulty upstream as a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests

from tests.live.clients import Caller, bearer
from tests.parts import BASE_DIR
from tests.servers import ServerProcess, wait_until


def add_models(server: ServerProcess, models: Mapping[str, Mapping[str, Any]]) -> None:
    """Rows of kind `openai`, by id; `fallbacks` are ids of rows, in order. On return the server knows them.

    The first that works is the default from then on: not for a server that other tests share.
    """
    rows = [
        {"id": name, "label": name, "provider": "openai", "api_key": "not-a-secret", **fields}
        for name, fields in models.items()
    ]
    server.manage("shell", "-c", f"from tests.live.routes import create_rows\ncreate_rows({rows!r})")
    key = Caller(server, bearer(server.backend_key))
    known = lambda: {model["id"] for model in key.get("/api/models").json()["data"]}  # noqa: E731
    wait_until(lambda: set(models) <= known(), "the new models", 10)


def create_rows(rows: Sequence[dict[str, Any]]) -> None:
    """What `add_models` has the server's own environment do."""
    from chat_app.models import Fallback, ModelConfig

    fallbacks = {row["id"]: row.pop("fallbacks", ()) for row in rows}
    ModelConfig.objects.bulk_create([ModelConfig(**row) for row in rows])
    Fallback.objects.bulk_create(
        Fallback(model_id=name, to_id=to, position=position)
        for name, ids in fallbacks.items()
        for position, to in enumerate(ids, 1)
    )


class FaultyUpstream:
    """The faulty upstream (`tests/upstream/faulty.py`) that runs at `root`, and over TLS at `tls_root`."""

    def __init__(self, root: str, tls_root: str) -> None:
        self.root, self.tls_root = root, tls_root

    def base_url(self, fault: str, *, tls: bool = False, **knobs: object) -> str:
        query = "&".join(f"{name}={value}" for name, value in knobs.items())
        return f"{self.tls_root if tls else self.root}/{fault}/v1?{query}"

    def ports(self) -> set[int]:
        """Where it listens."""
        return {int(root.rpartition(":")[2]) for root in (self.root, self.tls_root)}

    def state(self) -> Any:
        return requests.get(f"{self.root}/_state", timeout=5).json()

    def forget(self) -> None:
        requests.delete(f"{self.root}/_state", timeout=5)

    def seconds_until(self, **wanted: object) -> float:
        """How long it took until its state had these values; AssertionError after five seconds."""
        begun = time.monotonic()
        while any(self.state()[name] != value for name, value in wanted.items()):
            assert time.monotonic() - begun < 5, self.state()
            time.sleep(0.005)
        return time.monotonic() - begun


@contextmanager
def faulty_upstream() -> Iterator[FaultyUpstream]:
    """Start it on a free port, and stop it at the end."""
    command = [sys.executable, "-m", "tests.upstream.faulty", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=BASE_DIR) as process:
        try:
            assert process.stdout is not None
            found = re.findall(r"https?://127\.0\.0\.1:\d+", process.stdout.readline())
            assert len(found) == 2
            yield FaultyUpstream(*found)
        finally:
            process.terminate()
