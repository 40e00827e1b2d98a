"""The relay rows: their model server says what it was asked for, and a peer that is not to be had is left out by name."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from bench import venv
from bench.__main__ import measure
from bench.peers.model_server import ModelServer
from bench.rows import Entry, Row
from bench.servers import Desk, Running, say


async def test_model_server_streams_as_many_tokens_as_the_last_message_asks_for() -> None:
    server = await asyncio.get_running_loop().create_server(ModelServer, "127.0.0.1", 0)
    asked = {"messages": [{"role": "user", "content": say(tokens)} for tokens in (7, 3)]}
    async with server, aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
        for _ in range(2):
            async with client.post(url, json=asked) as answer:
                events = re.findall("data: (.*)\n\n", await answer.text())
    said = [json.loads(event)["choices"][0] for event in events[:-1]]
    assert [choice["delta"].get("content") for choice in said] == ["0001 ", "0002 ", "0003 ", None]
    assert (said[-1]["finish_reason"], events[-1]) == ("stop", "[DONE]")


async def test_model_server_waits_for_the_whole_request() -> None:
    body = json.dumps({"messages": [{"role": "user", "content": say(2)}]}).encode()
    server = await asyncio.get_running_loop().create_server(ModelServer, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for byte in b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body):
            writer.write(bytes([byte]))
            await writer.drain()
        assert b"0002 " in await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()


class NotThere:
    name = "a peer"

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        raise venv.Absent("it could not be installed: no such package")
        yield


def test_peer_that_cannot_be_installed_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = Entry("a peer", NotThere(), lambda desk, server: {})
    row = Row("x", "A row", ("cpu_ms",), (entry,))
    assert measure(row, [entry], Desk(tmp_path, tmp_path, 1), 2) == {}
    said = capsys.readouterr().out
    assert said.count("A row: without a peer, it could not be installed: no such package") == 1
