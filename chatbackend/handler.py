"""Django behind ASGI without a thread for each request: the whole sync side of a request is one job on the shared pool.

Two chains live here. API paths take the lean one: no Django middleware (DRF authenticates, the edge does the rest). Admin,
pages, documentation and static files take the chain that settings.MIDDLEWARE names. Streams of events never come here: they
are consumers, matched before this handler.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from io import BytesIO
from typing import Any, cast

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestAborted, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix, set_urlconf

from chatbackend import problems
from sessions_app.db import POOL, db, prepare

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Message], Any]

LEAN_PATHS = re.compile(r"/(?:api(?!/docs(?:/|$))(?:/|$)|(?:[^/]+/)?sessions/?$)")
# A file up to this size leaves in one write and costs one visit to the pool.
WHOLE_FILE = 1 << 20
log = structlog.get_logger("chatbackend.handler")


class LeanChain(BaseHandler):
    """From a request to a response through the URLconf alone. Whatever goes wrong is answered as JSON."""

    def __init__(self) -> None:
        super().__init__()
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []

    def __call__(self, request: HttpRequest) -> Any:
        set_urlconf(settings.ROOT_URLCONF)
        try:
            response = self._get_response(request)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - the last place that can answer; it logs what it does not know
            response = _refusal(request, error)
        response._resource_closers.append(request.close)
        return response


class LeanHandler(ASGIHandler):
    """`ASGIHandler` for requests whose body is bounded (the edge sees to that): read it, then one job on POOL."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.lean = LeanChain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        if request is None:
            await self.send_response(cast(HttpResponseBase, refusal), send)
            return
        # DRF takes a body without a length, as one sent in chunks is, for none at all.
        request.META.setdefault("CONTENT_LENGTH", str(body.getbuffer().nbytes))
        chain = self._run_lean if LEAN_PATHS.match(scope["path"]) else self._run_full
        response = await db(chain, request)
        if response.closed or not response.streaming:
            await self.send_response(response, send)
        else:
            await self._send_stream(cast(StreamingHttpResponse, response), send)

    async def read_body(self, receive: Receive) -> BytesIO:
        """The whole body in memory."""
        body = BytesIO()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted()
            body.write(message.get("body", b""))
            if not message.get("more_body", False):
                body.seek(0)
                return body

    def _run_lean(self, request: ASGIRequest) -> HttpResponseBase:
        response = self.lean(request)
        if not response.streaming:
            # What response.close() does, without the signal: nothing on this chain listens to it.
            for closer in response._resource_closers:
                closer()
            response.closed = True
        return response

    def _run_full(self, request: ASGIRequest) -> HttpResponseBase:
        request_started.send(sender=self.__class__, scope=request.scope)
        response: Any = self.get_response(request)
        response._handler_class = self.__class__
        whole = _whole_file(response)
        if whole is not None:
            response.close()
            return whole
        if not response.streaming:
            response.close()
        return response

    async def _send_stream(self, response: StreamingHttpResponse, send: Send) -> None:
        """A streaming response: an async iterator is read here, a sync one piece by piece on the pool."""
        try:
            await send(_start(response))
            pieces = response.streaming_content
            source = pieces if response.is_async else _from_pool(iter(cast(Iterable[bytes], pieces)))
            async for piece in cast(AsyncIterator[bytes], source):
                if piece:
                    await send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
            await send({"type": "http.response.body"})
        finally:
            # Not awaited through `db`: the closers must run even where this task is being cancelled.
            await asyncio.shield(asyncio.wrap_future(POOL.submit(prepare(response.close))))

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        """A whole response, in two messages."""
        await send(_start(response))
        await send({"type": "http.response.body", "body": cast(HttpResponse, response).content})


def _start(response: HttpResponseBase) -> Message:
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    for cookie in response.cookies.values():
        headers.append((b"set-cookie", cookie.output(header="").strip().encode("ascii")))
    bare = response.streaming or response.status_code in (204, 304)
    if not bare and not response.has_header("Content-Length"):
        headers.append((b"content-length", str(len(cast(HttpResponse, response).content)).encode()))
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


def _whole_file(response: HttpResponseBase) -> HttpResponse | None:
    """A small file, read while we are on the pool anyway; None for everything else."""
    if not response.streaming or getattr(response, "is_async", False):
        return None
    length = response.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > WHOLE_FILE:
        return None
    content = b"".join(cast(Iterable[bytes], cast(StreamingHttpResponse, response).streaming_content))
    whole = HttpResponse(content, status=response.status_code, headers=dict(response.items()))
    whole.cookies = response.cookies
    return whole


async def _from_pool(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await db(next, pieces, None)) is not None:
        yield piece


def _refusal(request: HttpRequest, error: Exception) -> HttpResponse:
    """The error shape for what no view caught. Only the last case is our fault, and only it is logged."""
    match error:
        case Http404():
            problem = problems.NOT_FOUND
        case PermissionDenied():
            problem = problems.FORBIDDEN
        case SuspiciousOperation() | BadRequest():
            problem = problems.INVALID
        case _:
            log.error("uncaught exception", method=request.method, exc_info=error)
            problem = problems.INTERNAL
    return problems.response(request, problem)
