"""What stands around the tested server: OpenAI's session endpoint on loopback, and the login of a user."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Credentials:
    """A Django login."""

    username: str
    password: str


class OpenAIStandIn:
    """Answers `POST {base_url}/chatkit/sessions` as OpenAI's public reference has it, and keeps what it was asked."""

    client_secret = "ek_stand_in_for_a_hosted_session"
    workflow_id = "wf_example"
    api_key = "sk-stand-in"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = stand_in.answer(self.path, dict(self.headers.items()), json.loads(body))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body. Refuses what OpenAI would: another path, another key, the beta header missing."""
        known = path == "/v1/chatkit/sessions" and headers.get("Authorization") == f"Bearer {self.api_key}"
        if not known or headers.get("OpenAI-Beta") != "chatkit_beta=v1":
            return 401, {"error": {"message": "refused"}}
        self.asked.append(body)
        expires_at = int(time.time()) + 600
        session = {"id": "cksess_1", "object": "chatkit.session", "status": "active", "user": body["user"]}
        return 200, {**session, "client_secret": self.client_secret, "expires_at": expires_at}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
