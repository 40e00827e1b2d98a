"""An upstream that speaks chat completions and fails on purpose: a real server on a real socket.

The fault is part of the base URL, `http://127.0.0.1:PORT/<fault>/v1`, and its knobs are the query of that URL:
`tokens` (20), `delay_ms` (0), `retry_after`, `size` (bytes, of `big_line`), `write` (bytes a write, of `recording`).
A healthy answer is "0001 0002 ... " with its usage. Faults are the methods of `Faults` below, and any HTTP status.
The same is on a second port over TLS, with a certificate that nobody trusts. `/<fault>/api` is `examples_backend.py`'s.

`GET /_state` tells what callers did: `requests`, `asked` (requests by the model they named), `open` (answers under way
now), `hung_up` (callers that closed before the end), `connections` (accepted so far), and of the newest request `body`,
`authorization` and `fault`. `DELETE /_state` begins anew.

In a test: `async with serving() as upstream: upstream.base_url("html")`. In a process of its own:
`python -m tests.upstream.faulty --port 8190`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.upstream import examples_backend
from tests.upstream.certificate import self_signed
from tests.upstream.chunks import DONE, END, frame, thousand, token, usage
from tests.upstream.chunks import text_of as text_of
from tests.upstream.recorded import recorded
from tests.upstream.responses_api import stream_for
from tests.upstream.silences import FOREVER, Silences


@dataclass
class State:
    """What callers did."""

    requests: int = 0
    open: int = 0
    hung_up: int = 0
    fault: str = ""
    authorization: str = ""
    body: Any = None
    asked: dict[str, int] = field(default_factory=dict)
    peers: set[Any] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        known = {name: value for name, value in vars(self).items() if name != "peers"}
        return {**known, "connections": len(self.peers)}


class Faults(Silences):
    """One method a fault: it gets the request and answers it, or does not."""

    def __init__(self, request: web.Request, state: State) -> None:
        self.request = request
        self.state = state
        self.tokens = int(request.query.get("tokens", 20))
        self.delay = float(request.query.get("delay_ms", 0)) / 1000

    async def _start(self, content_type: str = "text/event-stream") -> web.StreamResponse:
        response = stream_for(self.request)(headers={"Content-Type": content_type})
        await response.prepare(self.request)
        return response

    async def _say(self, response: web.StreamResponse, tokens: int | None = None) -> None:
        for number in range(1, (self.tokens if tokens is None else tokens) + 1):
            await response.write(frame(token(number)))
            if self.delay:
                await asyncio.sleep(self.delay)

    def _usage(self) -> bytes:
        asked = self.state.body if isinstance(self.state.body, dict) else {}
        messages: Any = asked.get("messages", asked.get("input", []))
        return usage(sum(len(str(message.get("content")).split()) for message in messages), self.tokens)

    async def ok(self) -> web.StreamResponse:
        """A healthy answer; with `delay_ms` a slow one."""
        response = await self._start()
        await self._say(response)
        await response.write(END + self._usage() + DONE)
        return response

    async def burst(self) -> web.StreamResponse:
        """A healthy answer in one write."""
        response = await self._start()
        await response.write(
            b"".join(frame(token(n)) for n in range(1, self.tokens + 1)) + END + self._usage() + DONE
        )
        return response

    async def flood(self) -> web.StreamResponse:
        """A healthy answer of whole thousands of tokens, a thousand a write."""
        response = await self._start()
        for start in range(0, self.tokens, 1000):
            await response.write(thousand(start % 10_000 + 1))
            await asyncio.sleep(0)
        await response.write(END + self._usage() + DONE)
        return response

    async def byte_by_byte(self) -> web.StreamResponse:
        """A healthy answer in chunks that say the least, one byte each `delay_ms`."""
        tokens = (
            json.dumps({"choices": [{"delta": {"content": token(n)}}]}) for n in range(1, self.tokens + 1)
        )
        response = await self._start()
        for byte in "".join(f"data:{said}\n\n" for said in tokens).encode() + DONE:
            await response.write(bytes([byte]))
            await asyncio.sleep(self.delay)
        return response

    async def recording(self) -> web.StreamResponse:
        """The bytes of recordings/<name>, `write` bytes (0: all) each `delay_ms`."""
        name, size = self.request.query["name"], int(self.request.query.get("write", 0))
        data, content_type = recorded(name)
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(self.request)
        for start in range(0, len(data), size or len(data)):
            await response.write(data[start : start + (size or len(data))])
            await asyncio.sleep(self.delay)
        return response

    async def comments(self) -> web.StreamResponse:
        """Signs of life each 20 ms, and never a token."""
        response = await self._start()
        while True:
            await response.write(b": still here\n\n")
            await asyncio.sleep(0.02)

    async def html(self) -> web.StreamResponse:
        """A page with status 200, as a proxy's login form."""
        return web.Response(text="<!doctype html><title>Sign in</title>", content_type="text/html")

    async def truncated(self) -> web.StreamResponse:
        """A clean end of the response in the middle of an event."""
        response = await self._start()
        await self._say(response)
        await response.write(frame(token(self.tokens + 1))[:-20])
        return response

    async def cut_off(self) -> web.StreamResponse:
        """The connection is reset in the middle of the answer."""
        response = await self._start()
        await self._say(response)
        await asyncio.sleep(0.05)
        self._abort()
        return response

    async def malformed(self) -> web.StreamResponse:
        """The third chunk is no JSON."""
        response = await self._start()
        await self._say(response, 2)
        await response.write(b'data: {"choices": [{"delta": {"content": "oops}}]}\n\n')
        await response.write(END + DONE)
        return response

    async def no_done(self) -> web.StreamResponse:
        """finish_reason and usage, but no [DONE]."""
        response = await self._start()
        await self._say(response)
        await response.write(END + self._usage())
        return response

    async def no_done_and_open(self) -> web.StreamResponse:
        """finish_reason, no [DONE], and the connection stays open."""
        response = await self._start()
        await self._say(response)
        await response.write(END)
        await asyncio.sleep(FOREVER)
        return response

    async def no_finish(self) -> web.StreamResponse:
        """[DONE] without finish_reason or usage."""
        response = await self._start()
        await self._say(response)
        await response.write(DONE)
        return response

    async def error_in_stream(self) -> web.StreamResponse:
        """An error object after `tokens` tokens; its `code` is a knob."""
        response = await self._start()
        await self._say(response)
        code = self.request.query.get("code", "server_error")
        error = {"message": "secret-of-the-upstream", "type": "server_error", "code": code}
        await response.write(b"data: " + json.dumps({"error": error}).encode() + b"\n\n")
        return response

    async def big_line(self) -> web.StreamResponse:
        """One token of `size` bytes (1 MiB)."""
        response = await self._start()
        await response.write(frame("x" * int(self.request.query.get("size", 1024 * 1024))) + END + DONE)
        return response

    async def surrogates(self) -> web.StreamResponse:
        """NUL, a lone surrogate, and a pair cut in two."""
        response = await self._start()
        for piece in ("a\0b", "c\ud800d", "e\ud83d", "\ude00f"):
            await response.write(frame(piece))
            await asyncio.sleep(0.01)
        await response.write(END + DONE)
        return response

    async def redirect(self) -> web.StreamResponse:
        """Sends the caller to another host."""
        return web.Response(status=307, headers={"Location": "http://localhost:1/v1/chat/completions"})

    async def status(self, code: int) -> web.StreamResponse:
        """Any HTTP status with an error object; `retry_after` is its header."""
        headers = (
            {"Retry-After": self.request.query["retry_after"]} if "retry_after" in self.request.query else {}
        )
        error = {"message": "secret-of-the-upstream", "code": self.request.query.get("code", "some_code")}
        return web.json_response({"error": error}, status=code, headers=headers)


def application(state: State) -> web.Application:
    """The upstream as an application; run it so that a handler is cancelled when its caller hangs up."""

    async def complete(request: web.Request) -> web.StreamResponse:
        fault = request.match_info["fault"]
        state.requests += 1
        state.open += 1
        state.fault, state.authorization = fault, request.headers.get("Authorization", "")
        state.peers.add(request.transport and request.transport.get_extra_info("peername"))
        try:
            state.body = await request.json()
            model = str(state.body.get("model", ""))
            state.asked[model] = state.asked.get(model, 0) + 1
            faults = Faults(request, state)
            if fault.isdecimal():
                return await faults.status(int(fault))
            if fault.startswith("_") or not hasattr(Faults, fault):
                return web.json_response({"error": {"message": "no such fault"}}, status=404)
            response: web.StreamResponse = await getattr(faults, fault)()
            return response
        except (asyncio.CancelledError, ConnectionError):
            state.hung_up += 1
            raise
        finally:
            state.open -= 1

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(state.as_json())

    async def forget(_: web.Request) -> web.Response:
        vars(state).update(vars(State()))
        return web.json_response(state.as_json())

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/{fault}/v1/chat/completions", complete)
    examples_backend.add_routes(app, state)
    app.router.add_post("/{fault}/v1/responses", complete)
    app.router.add_get("/_state", tell)
    app.router.add_delete("/_state", forget)
    return app


class Upstream:
    """A running faulty upstream; `tls_port` says the same over TLS, `examples` keeps calls by the examples' contract."""

    def __init__(self, port: int, tls_port: int, state: State, examples: examples_backend.Record) -> None:
        self.port = port
        self.tls_port = tls_port
        self.state = state
        self.examples = examples

    def base_url(self, fault: str = "ok", *, home: str = "v1", **knobs: object) -> str:
        """The base URL at which that fault is to be had; `home` is `v1`, or `api` for the examples' contract."""
        query = f"?{urlencode(knobs)}" if knobs else ""
        return f"http://127.0.0.1:{self.port}/{fault}/{home}{query}"

    async def until(self, **wanted: object) -> None:
        """Wait until the state has those values, half a minute at most."""
        async with asyncio.timeout(30):
            while any(getattr(self.state, name) != value for name, value in wanted.items()):
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Upstream]:
    """A faulty upstream in this event loop, on `port` or a free one."""
    state = State()
    app = application(state)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self_signed()).start()
        ports = [address[1] for address in runner.addresses]
        yield Upstream(ports[0], ports[1], state, app[examples_backend.RECORD])
    finally:
        await runner.cleanup()


def closed_ports() -> Iterator[int]:
    """Ports that refuse connections, for as long as the iterator is kept: bound, but not listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        while True:
            yield held.getsockname()[1]


async def _forever(port: int) -> None:
    async with serving(port) as upstream:
        tls = f"https://127.0.0.1:{upstream.tls_port}"
        print(f"faulty upstream on {upstream.base_url()} and {tls}", flush=True)
        await asyncio.sleep(float("inf"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8190)
    with suppress(KeyboardInterrupt):
        asyncio.run(_forever(parser.parse_args().port))
