"""How the live tests call a started server: HTTP as it goes over the wire, typed events, sockets, sessions. No assertion of
what is right lives here, but for the calls that a test only prepares with.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.servers import ServerProcess

TIMEOUT = 30.0
Headers = Mapping[str, str]
_WIRE = requests.Session()  # keeps connections, never a cookie
_WIRE.trust_env = False
_WIRE.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))


def bearer(token: str) -> dict[str, str]:
    """The header that carries a key, a client secret or a JWT."""
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class Caller:
    """Somebody who calls a server: `headers` are their credentials, sent with every call. Cookies are never kept."""

    server: ServerProcess
    headers: Headers = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """One request; `body` as JSON unless it is bytes. `headers=` adds to the caller's, `stream=True` leaves the body."""
        headers = {**self.headers, **options.pop("headers", {})}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        options.setdefault("allow_redirects", False)
        url = self.server.url + path
        return _WIRE.request(method, url, data=data, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, {} if body is None else body, **options)

    def ask(self, message: str, **fields: Any) -> Any:
        """`POST /api/chat` that must be answered: its JSON."""
        answer = self.post("/api/chat", {"message": message, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def begin(self, message: str, **fields: Any) -> tuple[str, str]:
        """Start a turn and leave it running: (turn id, thread id)."""
        with self.post("/api/chat/stream", {"message": message, **fields}, stream=True) as answer:
            assert answer.status_code == 200, answer.text
            return answer.headers["X-Turn-Id"], answer.headers.get("X-Thread-Id", "")

    def turn(self, turn_id: str) -> Any:
        """`GET /api/turns/{id}` that must be there: its JSON."""
        answer = self.get(f"/api/turns/{turn_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ended(self, turn_id: str, seconds: float = 10.0) -> Any:
        """The turn once it has ended."""
        deadline = time.monotonic() + seconds
        while (turn := self.turn(turn_id))["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, f"{turn_id} still runs"
            time.sleep(0.02)
        return turn

    def items(self, thread_id: str, **paging: Any) -> list[Any]:
        """The items of one page that must be there."""
        answer = self.get(f"/api/threads/{thread_id}/items", params={"limit": 100, **paging})
        assert answer.status_code == 200, answer.text
        data: list[Any] = answer.json()["data"]
        return data

    def stop(self, turn_id: str) -> Any:
        """Cancel a turn and wait for its end."""
        assert self.post(f"/api/turns/{turn_id}/cancel").status_code == 202
        return self.ended(turn_id)


@dataclass(frozen=True)
class Session(Caller):
    """A caller who speaks by a client secret. `id` is the session's public name, `thread_id` its thread."""

    secret: str = ""
    id: str = ""

    @property
    def thread_id(self) -> str:
        return "thr_" + self.id.partition("_")[2]


def issue(server: ServerProcess, user_id: str, key: str | None = None, **fields: Any) -> Session:
    """A new session for a user of the key's realm."""
    answer = Caller(server, bearer(key or server.backend_key)).post(
        "/api/sessions", {"user_id": user_id, **fields}
    )
    assert answer.status_code == 201, answer.text
    given = answer.json()
    return Session(server, bearer(given["client_secret"]), given["client_secret"], given["id"])


@dataclass(frozen=True)
class Event:
    """One typed event of a stream."""

    id: int
    type: str
    data: Any


def events(answer: requests.Response) -> Iterator[Event]:
    """The typed events of a stream as they come; comments are left out."""
    held = b""
    for piece in answer.iter_content(None):
        held += piece
        *blocks, held = held.split(b"\n\n")
        for block in blocks:
            lines = [line for line in block.decode().split("\n") if not line.startswith(":")]
            if lines:
                given = dict(line.split(": ", 1) for line in lines)
                yield Event(int(given["id"]), given["event"], json.loads(given["data"]))


def plain_text(body: str) -> str:
    """What a reader of the examples' framing gets out of a whole stream: all `data:` lines of unnamed events."""
    text = []
    for block in body.split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        if not any(line.startswith("event:") for line in lines):
            text.append("\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data:")))
    return "".join(text)


class Socket:
    """A WebSocket to a server: JSON out, JSON in."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def receive(self, seconds: float = 10.0) -> Any:
        """The next message. TimeoutError, or websockets' ConnectionClosed."""
        return json.loads(self.connection.recv(seconds))

    def until(self, *types: str) -> Any:
        """The next message of one of these types; what comes before it is dropped."""
        while (message := self.receive())["type"] not in types:
            pass
        return message

    def close_code(self, seconds: float = 10.0) -> int:
        """The code with which the server closes; whatever it still says is dropped."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.connection.recv(max(0.01, deadline - time.monotonic()))
        except ConnectionClosed:
            code = self.connection.close_code
            assert code is not None
            return code

    def alive(self) -> bool:
        """Whether it still answers."""
        self.send(type="ping")
        return bool(self.until("pong"))


@contextmanager
def open_socket(
    server: ServerProcess, path: str, headers: Headers | None = None, *offered: str
) -> Iterator[Socket]:
    """A socket at `path`, for a `with`; `offered` are subprotocols."""
    with connect(
        server.ws_url + path,
        additional_headers=dict(headers or {}),
        subprotocols=[Subprotocol(name) for name in offered] or None,
        open_timeout=TIMEOUT,
        close_timeout=2,
        max_size=None,
        proxy=None,
    ) as connection:
        yield Socket(connection)


def without_request_id(answer: requests.Response) -> Any:
    """An error's body, to be compared with another's."""
    body = answer.json()
    assert body.pop("request_id") == answer.headers["X-Request-Id"]
    return body
