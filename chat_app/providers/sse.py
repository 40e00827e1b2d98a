"""A reader of server-sent events over bytes as they arrive. No socket, no JSON, no dialect.

Source: the WHATWG HTML standard, "Server-sent events", parsing an event stream. Where it is stricter than the
servers are, this reader is lenient: an event that the end of the stream cut off before its blank line still counts.
"""

from __future__ import annotations

from typing import Final

from chat_app.domain.errors import UpstreamError

MAX_EVENT: Final = 4 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


Event = tuple[bytes, bytes]
"""One event: its name (empty where none was sent) and its `data` lines joined by newlines. A bare tuple, for speed."""


class EventReader:
    """Feed it what each read gave; it gives the events that are complete. Events without data are dropped."""

    __slots__ = ("_after_cr", "_limit", "_start", "_tail")

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._tail = bytearray()
        self._after_cr = False
        self._start = True
        self._limit = limit

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. UpstreamError where one event is larger than the limit, in bytes."""
        data = self._normalised(data)
        tail = self._tail
        if tail or not data.endswith(b"\n\n"):
            seen = max(len(tail) - 1, 0)
            tail += data
            end = tail.rfind(b"\n\n", seen)
            data = bytes(tail[: end + 2]) if end >= 0 else b""
            del tail[: len(data)]
            if len(tail) > self._limit:
                raise UpstreamError("The model's server sent an event that is too large.")
        return self._events(data) if data else []

    def finish(self) -> list[Event]:
        """What the end of the stream leaves: the last event, if its blank line never came."""
        rest = bytes(self._tail)
        self._tail.clear()
        return self._events(rest)

    def _normalised(self, data: bytes) -> bytes:
        """`data` with LF alone at line ends; a CR that ends one read and the LF that begins the next are one."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data

    def _events(self, text: bytes) -> list[Event]:
        if self._start and text:
            self._start = False
            text = text.removeprefix(_BOM)
        events: list[Event] = []
        for block in text.split(b"\n\n"):
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append((b"", block[6:]))
            elif block and (event := _parse(block)) is not None:
                events.append(event)
        return events


def _parse(block: bytes) -> Event | None:
    """One block of lines as an event; None where it has no data (comments, a lone `retry`)."""
    name = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, colon, value = line.partition(b":")
        value = value.removeprefix(b" ") if colon else b""
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return (name, b"\n".join(data)) if data else None
