"""Many callers at once, and what a server's process holds meanwhile: threads, memory, open database files."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.servers import ServerProcess


def status(server: ServerProcess, name: str) -> int:
    """A number of /proc/<pid>/status, such as Threads or VmRSS (in KiB)."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def database_files(server: ServerProcess) -> int:
    """How many handles of SQLite's files the process has open, journals included."""
    found = 0
    for entry in os.scandir(f"/proc/{server.pid}/fd"):
        with suppress(FileNotFoundError):
            found += ".sqlite3" in os.readlink(entry.path)
    return found


class Crowd:
    """Callers on one event loop, each with a session and so a thread of their own."""

    def __init__(self, server: ServerProcess, http: aiohttp.ClientSession) -> None:
        self.server, self.http = server, http
        self.secrets: list[str] = []
        self._streams: list[aiohttp.ClientResponse] = []

    async def grow(self, size: int) -> None:
        """Sessions for so many callers in all."""
        new = range(len(self.secrets), size)
        self.secrets += await asyncio.gather(*(self._issue(number) for number in new))

    async def _issue(self, number: int) -> str:
        body, key = {"user_id": f"crowd-{number}", "model": "demo"}, f"Bearer {self.server.backend_key}"
        url = self.server.url + "/api/sessions"
        async with self.http.post(url, json=body, headers={"Authorization": key}) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["session_id"])

    async def open_streams(self, message: str) -> None:
        """One stream for each caller; returns when all have their first bytes."""
        self._streams = await asyncio.gather(*(self._open(secret, message) for secret in self.secrets))

    async def _open(self, secret: str, message: str) -> aiohttp.ClientResponse:
        body = {"session_id": secret, "message": message, "events": True}
        answer = await self.http.post(self.server.url + "/api/chat/stream", json=body)
        assert answer.status == 200, await answer.text()
        await answer.content.readany()
        return answer

    async def end_streams(self) -> list[str]:
        """The last event of every stream; reads them to their end."""
        texts = await asyncio.gather(*(answer.text() for answer in self._streams))
        return [text.rstrip().split("\n\n")[-1].split("\n")[1].removeprefix("event: ") for text in texts]

    async def ask(self, message: str) -> list[tuple[int, Any]]:
        """`POST /api/chat` by all callers at once: status and JSON of each."""
        return await asyncio.gather(*(self._ask(secret, message) for secret in self.secrets))

    async def _ask(self, secret: str, message: str) -> tuple[int, Any]:
        body = {"session_id": secret, "message": message}
        async with self.http.post(self.server.url + "/api/chat", json=body) as answer:
            return answer.status, await answer.json()

    async def visit(self, path: str) -> tuple[int, float]:
        """Status of a page, and the seconds that it took."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with self.http.get(self.server.url + path) as answer:
            await answer.read()
            return answer.status, loop.time() - begun


@asynccontextmanager
async def crowd(server: ServerProcess) -> AsyncIterator[Crowd]:
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        yield Crowd(server, http)


def deaf(server: ServerProcess, request: str) -> socket.socket:
    """A connection that sends a request and reads nothing of what comes, with the smallest buffer there is."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(request.replace("\n", "\r\n").encode())
    return connection
