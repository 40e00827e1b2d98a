"""The model server that others wrote: Hugging Face's `transformers serve`, a process of its own on loopback.

`tests/upstream/install_model_server.sh` installs it; the part is called `model_server` in tests/parts.py.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.parts import MODEL_SERVER, require

START_SECONDS = 90.0


@dataclass(frozen=True)
class ModelServer:
    """A running model server: what a route to it needs. The model says only lower-case letters and spaces."""

    base_url: str
    model: str
    log: Path
    parameters: Mapping[str, object] = field(default_factory=lambda: {"max_tokens": 24})

    @staticmethod
    def prompt_tokens(messages: Iterable[tuple[str, str]]) -> int:
        """The tokens that the server counts for these (role, text) pairs: it has a token for each byte.

        A turn whose `input_tokens` equals this had exactly these messages in its prompt, to the byte.
        """
        lines = "".join(f"{role}: {text}\n" for role, text in messages)
        return len(f"{lines}assistant: ".encode())


@contextmanager
def running(folder: Path) -> Iterator[ModelServer]:
    """Start the server, wait until it is well, and stop it at the end. Its log and caches go to `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model, log = MODEL_SERVER / "tiny-model", folder / "model-server.log"
    command = [str(MODEL_SERVER / "bin" / "transformers"), "serve", str(model), "--device", "cpu"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=kept | offline, cwd=folder, stdout=out, stderr=out)
        try:
            _wait(process, f"http://127.0.0.1:{port}/health", log)
            yield ModelServer(f"http://127.0.0.1:{port}/v1", str(model), log)
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the model server ended at its start:\n{_end_of(log)}")
        try:
            with _open(url) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the model server is not well after {START_SECONDS:.0f} s:\n{_end_of(log)}")


def _open(url: str) -> Any:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return direct.open(url, timeout=2)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """The model server, started once for the whole run."""
    require("model_server")
    with running(tmp_path_factory.mktemp("model-server")) as server:
        yield server
