"""Servers that the bench starts: one process each, on the server's core, one alive at a time.

What a server is asked is `rows.py`'s business; how the product is set up is `product.py`'s.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from bench import venv
from bench.load import Target
from bench.machine import SERVER_CORE, pinned

ROOT = Path(__file__).resolve().parent.parent
FRAME = "3f0c7a52-6f0e-4d5b-9a53-0d6f6f1f2b11"
BACKEND_KEY = "bench-" + os.urandom(16).hex()
UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")


class ServerError(Exception):
    """A server did not start, or answered what it should not; the text says what."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run has at hand: a temporary folder, the compiled load generator, a port, and how much time to take."""

    folder: Path
    program: Path
    port: int
    quick: bool = False


@dataclass(slots=True)
class Running:
    """A server that is up, and how it wants to be asked. `beside` are further workers of the same installation, `alone` is
    another one, of a single process."""

    port: int
    pid: int
    headers: Sequence[str] = ()
    has_sessions: bool = False
    chat_by_query: bool = False
    completions: bool = False
    upstream: Running | None = None
    beside: Sequence[Running] = ()
    alone: Running | None = None
    issued: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, path: str, body: str = "") -> Any:
        """One request on a connection of its own; its JSON. ServerError unless it went well."""
        with self._answer(method, path, body) as answer:
            return json.loads(answer.read())

    def begin(self, target: Target) -> str:
        """Ask for a stream of the product and hang up, which its turn outlives; the turn's id."""
        with self._answer("POST", target.path, target.body) as answer:
            return answer.headers["X-Turn-Id"]

    @contextmanager
    def _answer(self, method: str, path: str, body: str) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = dict(header.split(": ", 1) for header in self.headers) | {
            "Content-Type": "application/json"
        }
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            if answer.status >= 300:
                raise ServerError(f"{method} {path}: {answer.status} {answer.read()[:500]!r}")
            yield answer
        finally:
            connection.close()

    def sessions(self, count: int) -> list[str]:
        """`count` session tokens, each of another user; any word where the server knows no sessions."""
        if not self.has_sessions:
            return [f"s{n}" for n in range(count)]
        for n in range(len(self.issued), count):
            target = self.new_session(n)
            self.issued.append(self.call("POST", target.path, target.body))
        return [str(session["session_id"]) for session in self.issued[:count]]

    def new_session(self, user: int = 0) -> Target:
        """`POST /api/sessions`: by query string as example 7 reads it, by JSON as the examples' proxies send it."""
        if self.chat_by_query:
            return Target(f"/api/sessions?user_id=user{user}", "{}")
        return Target("/api/sessions", json.dumps({"user_id": f"user{user}"}))

    def stream(self, session: str, tokens: int, ms: float = 0) -> Target:
        """`POST /api/chat/stream`; chat completions where the server speaks those."""
        if self.completions:
            said = [{"role": "user", "content": say(tokens, ms)}]
            ask = {"model": "bench", "messages": said, "stream": True}
            return Target("/v1/chat/completions", json.dumps(ask))
        return Target("/api/chat/stream", json.dumps({"message": say(tokens, ms), "session_id": session}))

    def socket(self, session: str, tokens: int, ms: float = 0) -> Target:
        """`/ws/chat/{session}` and the message to send there."""
        return Target(f"/ws/chat/{session}", json.dumps({"type": "message", "text": say(tokens, ms)}))

    def chatkit(self, tokens: int, request: int) -> Target:
        """`POST /chatkit`: a new thread, in the official client's words. No two requests have the same body."""
        message = {
            "content": [{"type": "input_text", "text": say(tokens)}],
            "attachments": [],
            "quoted_text": "",
            "inference_options": {},
        }
        ask = {"type": "threads.create", "params": {"input": message}, "metadata": {"request": request}}
        return Target("/chatkit", json.dumps(ask))

    def chatkit_headers(self) -> tuple[str, ...]:
        """What the official client sends beside it; where the server knows sessions, the page's code adds one."""
        headers = ("Accept: text/event-stream", f"chatkit-frame-instance-id: {FRAME}")
        if not self.has_sessions:
            return headers
        return (*headers, f"Authorization: Bearer {self.sessions(1)[0]}")

    def chat(self, session: str, tokens: int = 1) -> Target:
        """`POST /api/chat`."""
        ask = {"message": say(tokens), "session_id": session}
        if self.chat_by_query:
            return Target(f"/api/chat?{urlencode(ask)}", "{}")
        return Target("/api/chat", json.dumps(ask))


def say(tokens: int, ms: float = 0) -> str:
    """The message that asks for so many tokens. By tabs: an echo of it then holds no digit before a space."""
    return f"/tokens\t{tokens}\t{ms:g}"


class Contender(Protocol):
    """A server that takes part in a row."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def start(self, desk: Desk) -> AbstractContextManager[Running]:
        """It runs for as long as the block lasts."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One of `bench/peers`, on uvicorn in the peers' own environment, or in the one that `home` names."""

    name: str
    app: str
    stores: bool = False
    env: Sequence[tuple[str, str]] = ()
    home: str = ""

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start it, with a fresh database where it stores. venv.Absent where its environment cannot be made."""
        python = venv.optional(self.home) if self.home else venv.python()
        database = desk.folder / "peer.sqlite3"
        for file in desk.folder.glob("peer.sqlite3*"):
            file.unlink()
        env = {"BACKEND_KEY": BACKEND_KEY, "PEER_DATABASE": f"sqlite:///{database}", **dict(self.env)}
        command = [str(python), "-m", "uvicorn", f"bench.peers.{self.app}:app", *UVICORN]
        with process([*command, "--port", str(desk.port)], env, desk, self.name) as pid:
            headers = (f"Authorization: Bearer {BACKEND_KEY}",) if self.stores else ()
            yield Running(desk.port, pid, headers, has_sessions=self.stores, chat_by_query=self.stores)


@contextmanager
def process(
    command: Sequence[str],
    env: Mapping[str, str],
    desk: Desk,
    name: str,
    *,
    port: int | None = None,
    core: int = SERVER_CORE,
) -> Iterator[int]:
    """A server from its start until its port (the desk's) answers, and until it is gone again; yields its process id."""
    port = port or desk.port
    log = desk.folder / f"{''.join(c if c.isalnum() else '-' for c in name)}.log"
    if _listening(port):
        raise ServerError(f"port {port} is taken; choose another with --port")
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with log.open("ab") as out, pinned(core):
        server = subprocess.Popen(
            command, env={**inherited, **env}, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _wait_until_up(server, port, log)
        yield server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until_up(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(1200):
        if server.poll() is not None:
            break
        if _listening(port):
            return
        time.sleep(0.05)
    raise ServerError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")
