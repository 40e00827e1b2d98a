"""Starts the peer on ChatKit's own SDK as a process on a free port. What it answers is `chatkit_sdk_server.py`'s business."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.parts import BASE_DIR
from tests.servers import answers, free_port, wait_until


@dataclass(frozen=True)
class SdkServer:
    """A running peer; `chatkit` is its endpoint."""

    url: str
    log: Path

    @property
    def chatkit(self) -> str:
        return self.url + "/chatkit"

    def seen(self) -> Any:
        """What it was asked so far: `operations`, `headers`, `actions`, `feedback`, `stopped`, `files`."""
        return requests.get(self.url + "/seen", timeout=10).json()


@contextmanager
def sdk_server(pause: float = 0.02) -> Iterator[SdkServer]:
    """A peer for a `with`, with so many seconds between words."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "SDK_BASE": url, "SDK_PAUSE": str(pause), "PYTHONPATH": _path()}
    app = "tests.peers.chatkit_sdk_server:app"
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "warning"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "peer.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=output, stderr=output)
        try:
            wait_until(
                lambda: answers(url + "/seen") or _is_over(process, log), "the server on ChatKit's SDK"
            )
            yield SdkServer(url, log)
        finally:
            process.terminate()
            process.wait(10)


def _path() -> str:
    return os.pathsep.join(filter(None, [str(BASE_DIR), os.environ.get("PYTHONPATH", "")]))


def _is_over(process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-2000:]
    return False
