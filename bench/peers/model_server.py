"""The upstream of the relay rows: a model server that speaks chat completions and costs next to nothing.

An answer is made once and sent in one write, a token in a chunk of its own as model servers send them; so nobody waits
for it and what a relay costs is its own. `python -m bench.peers.model_server --port 8231`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from functools import cache

from bench.peers.model import tokens

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ASKED = re.compile(rb"/tokens\\t(\d+)")  # as JSON spells the tab


def chunk(text: str | None, finish: str | None = None) -> bytes:
    """One chunk of a completion as an event, and the event as a chunk of HTTP."""
    choice = {
        "index": 0,
        "delta": {} if text is None else {"content": text},
        "logprobs": None,
        "finish_reason": finish,
    }
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1, "model": "bench"}
    return framed(json.dumps({**head, "choices": [choice]}, separators=(",", ":")).encode())


def framed(data: bytes) -> bytes:
    """An event, as a chunk of HTTP."""
    event = b"data: %b\n\n" % data
    return b"%x\r\n%b\r\n" % (len(event), event)


@cache
def answer(count: int) -> bytes:
    """The whole response of so many tokens."""
    return b"".join([HEAD, *map(chunk, tokens(count)), chunk(None, "stop"), framed(b"[DONE]"), b"0\r\n\r\n"])


class ModelServer(asyncio.Protocol):
    """One connection: requests in, answers out."""

    transport: asyncio.Transport
    held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole; the last count that its messages name is what it wants."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n") + 4) > 3:
            length = LENGTH.search(self.held, 0, end)
            size = end + (int(length[1]) if length else 0)
            if len(self.held) < size:
                return
            counts = ASKED.findall(self.held, end, size)
            self.held = self.held[size:]
            self.transport.write(answer(int(counts[-1]) if counts else 1))


async def serve(port: int) -> None:
    """Until the process ends."""
    server = await asyncio.get_running_loop().create_server(ModelServer, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
