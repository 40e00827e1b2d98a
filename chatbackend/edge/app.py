"""The ASGI wrapper around everything: checks on the way in, headers on the way out, one access line at the end.

The decisions are policy.py's and the headers headers.py's. After an answer has begun its messages pass straight through.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from chatbackend import logs, problems
from chatbackend.edge import body, headers
from chatbackend.edge.policy import Headers, Policy, behind_proxy, headers_of, host_of, request_id

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("chatbackend.edge")


class Edge:
    """`Edge(app)`: `app` behind the policy of the settings, or behind the one given."""

    def __init__(self, app: App, policy: Policy | None = None) -> None:
        self.app = app
        self.policy = policy or Policy.from_settings()
        self.access = logs.access_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        found = headers_of(scope)
        client = scope.get("client")
        if client and self.policy.proxies and self.policy.trusts(client[0]):
            scope["client"], scope["scheme"] = behind_proxy(scope, found, self.policy)
        name = scope["request_id"] = request_id(found)
        structlog.contextvars.bind_contextvars(request_id=name)
        run = self._http if scope["type"] == "http" else self._websocket
        begun = time.perf_counter()
        status = 499
        try:
            status = await run(scope, found, receive, send)
        finally:
            self._say(scope, status, begun)

    def refusal(self, scope: Scope, found: Headers) -> problems.Problem | None:
        """Why this host or origin gets no further, or None."""
        host = host_of(scope, found)
        if (host or b"host" in found) and not self.policy.host_allowed(host):
            return problems.BAD_HOST
        origin = found.get(b"origin")
        if origin is None or self.policy.is_open(scope["path"]):
            return None
        allowed = self.policy.origin_allowed(origin.decode("latin-1"), scope.get("scheme", "http"), host)
        return None if allowed else problems.BAD_ORIGIN

    async def _http(self, scope: Scope, found: Headers, receive: Receive, send: Send) -> int:
        answer = _Answer(scope, send)
        problem = self.refusal(scope, found)
        if problem is None and "\0" in scope["path"]:
            problem = problems.NOT_FOUND  # nothing has such a name, and PostgreSQL cannot even be asked
        if problem is not None:
            return await answer.refuse(problem)
        origin = found.get(b"origin")
        if origin is not None and origin.decode("latin-1").lower() in self.policy.origins:
            answer.cors = headers.cors(origin)
            if scope["method"] == "OPTIONS" and b"access-control-request-method" in found:
                return await answer.whole(204, headers.preflight(origin), b"")
        elif self.policy.origins:
            answer.cors = [(b"vary", b"Origin")]
        most = self.policy.body_limit(scope["path"])
        if body.declared_too_large(found.get(b"content-length"), most):
            return await answer.refuse_body(receive, expect=b"expect" in found)
        limited = body.Limited(receive, most)
        answer.limited = limited
        try:
            await self.app(scope, limited, answer.sender())
        except body.TooLarge:
            pass
        except Exception:
            log.exception("uncaught exception", method=scope["method"], path=logs.redact_path(scope["path"]))
            if not limited.exceeded and answer.status is None:
                return await answer.refuse(problems.INTERNAL)
        if limited.exceeded and answer.status is None:
            return await answer.refuse_body(receive, finished=limited.finished)
        return answer.status or 499

    async def _websocket(self, scope: Scope, found: Headers, receive: Receive, send: Send) -> int:
        if self.refusal(scope, found) is not None:
            await receive()
            await send({"type": "websocket.close", "code": 4403})
            return 403
        accepted, status = False, 403

        async def answer(message: Message) -> None:
            nonlocal accepted, status
            if message["type"] in ("websocket.accept", "websocket.http.response.start"):
                accepted = message["type"] == "websocket.accept"
                status = 101 if accepted else message["status"]
                own = list(message.get("headers", []))
                message = {**message, "headers": [*own, (b"x-request-id", scope["request_id"].encode())]}
            await send(message)

        def out(message: Message) -> Awaitable[None]:
            return send(message) if accepted else answer(message)

        try:
            await self.app(scope, receive, out)
        except Exception:
            log.exception("uncaught exception in a socket", path=logs.redact_path(scope["path"]))
            with suppress(RuntimeError, OSError):  # it may be closed already
                await send({"type": "websocket.close", "code": 1011})
        return status

    def _say(self, scope: Scope, status: int, begun: float) -> None:
        client = scope.get("client")
        self.access.info(
            "request",
            method=scope.get("method", "WS"),
            path=logs.redact_path(scope["path"]),
            status=status,
            ms=round((time.perf_counter() - begun) * 1000, 1),
            ip=client[0] if client else "",
            request_id=scope["request_id"],
        )


class _Answer:
    """One answer on its way out: decorates its start, then steps aside."""

    __slots__ = ("_scope", "_send", "cors", "limited", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.cors: headers.Pairs = []
        self.limited: body.Limited | None = None
        self.status: int | None = None

    def sender(self) -> Send:
        """What the app sends through. A plain function: once begun, a message costs one call and no frame of ours."""
        send, start = self._send, self._start
        begun = False

        def out(message: Message) -> Awaitable[None]:
            nonlocal begun
            if begun:
                return send(message)
            begun = message["type"] == "http.response.start" and not self._dropped()
            return start(message)

        return out

    def _dropped(self) -> bool:
        return self.limited is not None and self.limited.exceeded

    async def _start(self, message: Message) -> None:
        if self._dropped():
            return  # The edge answers 413 in the app's place.
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", []))
            message = {**message, "headers": headers.decorate(own, self._id(), self.cors)}
        await self._send(message)

    def _id(self) -> bytes:
        return str(self._scope["request_id"]).encode()

    async def whole(self, status: int, own: headers.Pairs, content: bytes, *, last: bool = True) -> int:
        """Send a whole answer of the edge's own; with `last` false its closing message is still to come."""
        self.status = status
        pairs = headers.decorate(own, self._id(), self.cors if status != 204 else [])
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})
        await self._send({"type": "http.response.body", "body": content, "more_body": not last})
        return status

    async def refuse(self, problem: problems.Problem, *, last: bool = True, close: bool = False) -> int:
        content = problems.body(problem, self._scope["path"], self._id().decode())
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        if close:
            own.append((b"connection", b"close"))
        return await self.whole(problem.status, own, content, last=last)

    async def refuse_body(self, receive: Receive, *, expect: bool = False, finished: bool = False) -> int:
        """413 at once, then the rest of the body is read and dropped: a client that is still sending gets to read it."""
        status = await self.refuse(problems.TOO_LARGE, last=False, close=True)
        if not expect and not finished:
            await body.drain(receive)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        return status
