"""A worker whose every move is scripted, to stand behind nginx: notes what reached it; answers, drips, drops or waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECES, PAUSE = 5, 0.1


@dataclass
class Seen:
    """One request as it reached the worker. `arrived` grows with its body."""

    method: str
    path: str
    headers: Message
    arrived: int = 0


@dataclass
class FakeWorker:
    """`status` is its answer to everything, `silence` how many seconds pass before it; `drop` closes without any, and `drip`
    sends it in pieces, without asking anybody not to buffer. Says nothing about itself but its port in `X-Worker`."""

    status: int = 200
    silence: float = 0.0
    drop: bool = False
    drip: bool = False
    seen: list[Seen] = field(default_factory=list)
    port: int = 0

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    worker: FakeWorker

    def answer(self) -> None:
        seen = Seen(self.command, self.path, self.headers)
        self.worker.seen.append(seen)
        length = int(self.headers.get("Content-Length") or 0)
        while seen.arrived < length:
            seen.arrived += len(self.rfile.read1(min(65_536, length - seen.arrived)))
        time.sleep(self.worker.silence)
        if self.worker.drop:
            self.close_connection = True
        elif self.headers.get("Upgrade"):
            self.upgrade()
        elif self.worker.drip:
            self.stream()
        else:
            self.whole()

    do_GET = do_POST = do_PATCH = answer

    def begin(self, status: int, **headers: str) -> None:
        self.send_response_only(status)
        for name, value in {"X-Worker": str(self.worker.port), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def whole(self) -> None:
        self.begin(self.worker.status, Content_Type="text/plain", Content_Length="4")
        self.wfile.write(b"said")

    def stream(self) -> None:
        self.begin(200, Content_Type="text/event-stream", Connection="close")
        for number in range(PIECES):
            self.wfile.write(b"data: piece %d\n\n" % number)
            time.sleep(PAUSE)
        self.close_connection = True

    def upgrade(self) -> None:
        """No WebSocket: a tunnel that says one thing after a silence."""
        self.begin(101, Upgrade="websocket", Connection="Upgrade")
        time.sleep(self.worker.silence)
        self.wfile.write(b"said")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def fake_workers(count: int = 2) -> Iterator[list[FakeWorker]]:
    """So many of them, each on a port of its own, for a `with`."""
    workers, servers = [FakeWorker() for _ in range(count)], []
    for worker in workers:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"worker": worker}))
        worker.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
    try:
        yield workers
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
