"""A proxy before a started server that has bad moments: the next requests are answered by plan, the rest passed on as they are.

A plan is a list of words: `502`, `307` or `html` in place of the server, which hears nothing; `lost` passes the request on,
hears the answer begin, hangs up there and says 504 here (`lost S` after so many seconds); `cut N` passes the answer on for N
bytes of its body and cuts the connection.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import ServerProcess

HEARD = 400  # bytes of a stream after which `lost` loses it


class Gateway(ThreadingHTTPServer):
    """The proxy itself. `bodies` are the requests as they came."""

    daemon_threads = True

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = server
        self.plan: list[str] = []
        self.bodies: list[bytes] = []

    @property
    def server(self) -> ServerProcess:
        """The server as it is reached by way of this."""
        return replace(self.behind, port=self.server_port)


class _Handler(BaseHTTPRequestHandler):
    server: Gateway
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/chatkit":
            self.server.bodies.append(body)
        todo, _, number = (self.server.plan.pop(0) if self.server.plan else "pass").partition(" ")
        if todo.isdecimal() or todo == "html":
            self._say(200 if todo == "html" else int(todo))
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.behind.port, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "content-length")}
        upstream.request("POST", self.path, body, headers)
        answer = upstream.getresponse()
        if todo == "lost":
            answer.read(HEARD)
            upstream.close()
            answer.close()
            time.sleep(float(number or 0))
            self._say(504)
            return
        self._pass_on(answer, int(number) if todo == "cut" else None)
        answer.close()
        upstream.close()

    def do_GET(self) -> None:
        """Passed on, without a plan."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.behind.port, timeout=30)
        upstream.request("GET", self.path, headers=dict(self.headers.items()))
        self._pass_on(upstream.getresponse(), None)
        upstream.close()

    def _pass_on(self, answer: http.client.HTTPResponse, most: int | None) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        sent = 0
        with suppress(OSError):
            while (piece := answer.read1(1 if most is not None else 65536)) and (most is None or sent < most):
                sent += len(piece)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            if most is None:
                self.wfile.write(b"0\r\n\r\n")

    def _say(self, status: int) -> None:
        page = b"<!doctype html><title>Moment</title>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written of it."""


@contextmanager
def gateway(server: ServerProcess) -> Iterator[Gateway]:
    """Start one on a free port, and stop it at the end."""
    with Gateway(server) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()
