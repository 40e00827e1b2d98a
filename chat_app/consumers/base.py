"""The base of all HTTP consumers: read the body, answer beside a watch for the client's going, fail in the one shape.

Unlike Channels' AsyncHttpConsumer it sees a disconnect while it works, and it uses no channel layer of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

import orjson
import structlog
from channels.consumer import AsyncConsumer

from chat_app.chat.asks import Identify
from chat_app.chat.runner import RUNNER
from chat_app.conf import limit
from chat_app.domain.errors import ChatError, TooLarge
from chat_app.wire import problems, requests

logger = structlog.get_logger(__name__)
Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


class MethodNotAllowed(ChatError):
    code = "method_not_allowed"
    default_detail = "This method is not allowed here."


class Gone(Exception):
    """The client went away before it had said all."""


class HttpConsumer(AsyncConsumer):
    """Answers one request. Subclasses name their `methods` and write `respond()`, which says by `when_gone` what is to
    happen when the client hangs up."""

    methods: tuple[str, ...] = ("POST",)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        self.started = False
        self._gone = False
        self._on_gone: Callable[[], None] | None = None
        try:
            if scope["method"] not in self.methods:
                raise MethodNotAllowed
            self.body = await self.read_body(receive)
            watch = asyncio.get_running_loop().create_task(self._watch(receive))
            try:
                await self.respond()
            finally:
                watch.cancel()
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 - the last place that can answer
            await self._fail(error)

    async def respond(self) -> None:
        """Answer the request. What is raised before the first byte becomes an error response."""
        raise NotImplementedError

    def identify(self, token: str | None = None) -> Identify:
        """Who speaks, to be called inside `db()`; `token` is a session named in the body, query or path."""
        return partial(self.scope["identify"], token)

    def header(self, name: bytes) -> str | None:
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value.decode("latin-1"))
        return None

    def fields(self) -> dict[str, Any]:
        """The body's JSON object, empty where there is no body. Raises BadJson, NotJson."""
        return requests.json_object(self.body, self.header(b"content-type"))

    def path(self, name: str) -> str | None:
        """A value that the route's pattern captured."""
        return self.scope["url_route"]["kwargs"].get(name) or None

    def base_url(self) -> str:
        """Where the caller has found this server, such as `https://chat.example.com`."""
        host = self.header(b"host") or ":".join(str(part) for part in self.scope["server"])
        return f"{self.scope.get('scheme', 'http')}://{host}"

    async def send_json(self, status: int, data: Any, headers: Mapping[str, str] | None = None) -> None:
        """A whole JSON response."""
        body = orjson.dumps(data)
        await self.start(
            status,
            [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *((k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()),
            ],
        )
        await self.base_send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.started = True
        await self.base_send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def write(self, data: bytes, *, more: bool = True) -> None:
        await self.base_send({"type": "http.response.body", "body": data, "more_body": more})

    async def read_body(self, receive: Receive) -> bytes:
        """The whole body. Raises TooLarge, Gone."""
        parts: list[bytes] = []
        size, most = 0, int(limit("MAX_BODY"))
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                allowed = await self.allow_more()
                if size > allowed:
                    raise TooLarge
                most = allowed
            if not message.get("more_body"):
                return b"".join(parts)

    async def allow_more(self) -> int:
        """How many bytes a body may have that is larger than others; asked before more of it is read. Raises what keeps the
        caller from sending one."""
        return 0

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._on_gone is not None:
            self._on_gone()

    def when_gone(self, do: Callable[[], None]) -> None:
        """Call `do` when the client hangs up; now, if it has done so already."""
        self._on_gone = do
        if self._gone:
            do()

    async def _fail(self, error: Exception) -> None:
        problem = problems.problem(error)
        if problem is None or problems.is_storage(error):
            logger.error("consumer.failed", consumer=type(self).__name__, exc_info=error)
        problem = problem or problems.internal()
        if self.started:  # too late for a status: end the body, so that the connection stays sound
            with contextlib.suppress(OSError):
                await self.write(b"", more=False)
            return
        headers = dict(problem.headers)
        if isinstance(error, MethodNotAllowed):
            headers["Allow"] = ", ".join(self.methods)
        if RUNNER.draining:
            headers["Connection"] = "close"  # or the client's next try comes here once more
        body = self.error_shape(problem.with_id(self.scope.get("request_id", "")))
        await self.send_json(problem.status, body, headers)

    def error_shape(self, body: dict[str, Any]) -> dict[str, Any]:
        """An error's body as this consumer's callers read it."""
        return body
