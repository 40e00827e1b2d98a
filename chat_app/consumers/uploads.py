"""A body as large as an attachment on its way in: let in first, then read piece by piece, never held in memory whole.

Who may upload what is decided by the verbs that `admit` and `store` call.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import IO

from chat_app.chat import files
from chat_app.consumers.base import Gone, HttpConsumer, Receive
from chat_app.domain.errors import InvalidInput
from chat_app.domain.shapes import AttachmentInfo
from chat_app.wire import attachments as wire
from sessions_app.db import db

PIECE = 262_144  # bytes that go to the pool at once
STALL_SECONDS = 60.0  # a sender from whom nothing comes for so long has given up


class UploadConsumer(HttpConsumer):
    """Takes one file. Subclasses say in `admit()` who may send one, before any of it is read, and in `store()`, on the
    pool, what becomes of the body: `self.stream`, `self.size` bytes long."""

    status = 200
    stream: IO[bytes]
    size = 0

    async def admit(self) -> None:
        """Let the caller in. What is raised here is the answer, and the body is not read."""
        raise NotImplementedError

    def store(self) -> AttachmentInfo:
        """Store what came."""
        raise NotImplementedError

    def describe(self, info: AttachmentInfo) -> dict[str, object]:
        """The answer's JSON."""
        raise NotImplementedError

    async def read_body(self, receive: Receive) -> bytes:
        """Nothing: the body goes to `self.stream`. The edge counts it. Raises Gone, and then nothing of it is left."""
        await self.admit()
        self.stream = wire.spool()
        try:
            await self._spool(receive)
        except BaseException:
            self._drop()
            raise
        return b""

    async def respond(self) -> None:
        try:
            info = await db(self._store)
        finally:
            self._drop()
        await self.send_json(self.status, self.describe(info))

    async def _spool(self, receive: Receive) -> None:
        held: list[bytes] = []
        waiting, more = 0, True
        while more:
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    message = await receive()
            except TimeoutError:
                raise InvalidInput("The upload stood still for too long.") from None
            if message["type"] == "http.disconnect":
                raise Gone
            held.append(message.get("body", b""))
            waiting += len(held[-1])
            more = message.get("more_body", False)
            if waiting >= PIECE or not more:
                await db(self._write, held)
                held, waiting = [], 0

    def _write(self, pieces: list[bytes]) -> None:
        with files.local_disk():
            for piece in pieces:
                self.stream.write(piece)
                self.size += len(piece)
            self.stream.flush()

    def _store(self) -> AttachmentInfo:
        with files.local_disk():
            return self.store()

    def _drop(self) -> None:
        with suppress(OSError):  # a full disk has its say once more when the file is closed
            self.stream.close()
