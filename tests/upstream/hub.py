"""Plays Hugging Face's hub on loopback: serves a folder as one model, at a chosen pace, and notes which files were fetched."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "c" * 40
PIECE = 65_536


@dataclass
class Hub:
    """`model` is the name of the folder's model there; `pause` the seconds before each 64 KiB of a file."""

    folder: Path
    model: str = "someone/tiny"
    pause: float = 0.0
    url: str = ""
    fetched: list[str] = field(default_factory=list)

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def listing(self, path: str) -> object | None:
        """What the hub's API says at a path."""
        if path == f"/api/models/{self.model}/revision/main":
            siblings = [{"rfilename": file.name} for file in self.files()]
            return {"id": self.model, "modelId": self.model, "sha": COMMIT, "siblings": siblings}
        if path == f"/api/models/{self.model}/tree/{COMMIT}":
            return [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": _digest(file)}
                for file in self.files()
            ]
        return None


def _digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


@contextmanager
def hub(folder: Path, *, pause: float = 0.0) -> Iterator[Hub]:
    """Serve `folder` until the end of the `with`."""
    played = Hub(folder, pause=pause)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if (listing := played.listing(path)) is not None:
                self._send(json.dumps(listing).encode(), {"Content-Type": "application/json"})
                return
            name = path.removeprefix(f"/{played.model}/resolve/{COMMIT}/")
            file = next((file for file in played.files() if file.name == name), None)
            if file is None:
                self._send(b"", {"X-Error-Code": "RepoNotFound"}, status=404)
                return
            if self.command == "GET":
                played.fetched.append(name)
            self._send(
                file.read_bytes(), {"ETag": f'"{_digest(file)}"', "X-Repo-Commit": COMMIT}, pause=played.pause
            )

        do_HEAD = do_GET

        def _send(
            self, body: bytes, headers: dict[str, str], *, status: int = 200, pause: float = 0.0
        ) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(body) if self.command == "GET" else 0, PIECE):
                time.sleep(pause)
                self.wfile.write(body[start : start + PIECE])

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
