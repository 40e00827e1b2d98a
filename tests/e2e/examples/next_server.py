"""Runs `next-server.mjs`: examples 1 to 3 as their own applications, each on its own port, in one Node process."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.e2e.examples.requirement import Block, route_of

HERE = Path(__file__).parent
EXAMPLES = (1, 2, 3)


def sites_of(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    """Which handler answers which path, by the headings. An example without a session handler of its own uses example 1's."""
    sites = []
    for example in EXAMPLES:
        routes = {route_of(blocks, 1): "example-1.server.mjs"}
        routes[route_of(blocks, example)] = f"example-{example}.server.mjs"
        sites.append({"name": str(example), "page": f"example-{example}.js", "routes": routes})
    return sites


class NextServer:
    """The Node process. It listens at once, so that a backend can be told its origins, and is told of the backend later."""

    def __init__(self, blocks: tuple[Block, ...], bundles: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(HERE / "next-server.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        ports = self._tell({"folder": str(bundles), "sites": sites_of(blocks)})
        self._urls = {int(name): f"http://127.0.0.1:{port}" for name, port in ports.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(timeout=10)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    @property
    def origins(self) -> list[str]:
        """The origins that the pages have, for the backend's CORS_ALLOWED_ORIGINS."""
        return list(self._urls.values())

    def connect(self, backend: str, key: str) -> None:
        """Set CUSTOM_BACKEND_URL and CUSTOM_BACKEND_KEY, and map the hosts of MODELS to this backend."""
        self.backend, self.key = backend, key
        self._tell({"backend": backend, "key": key})

    def url(self, example: int) -> str:
        """Where the example's page is."""
        return self._urls[example]

    def calls(self) -> list[dict[str, Any]]:
        """What the route handlers asked of the backend so far: path, body, status, turn."""
        calls: list[dict[str, Any]] = requests.get(f"{self.origins[0]}/harness/calls", timeout=10).json()
        return calls

    def _tell(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the Node server ended"
        heard: dict[str, Any] = json.loads(answer)
        return heard
