"""A reader of the stream of example 2 as it is written: `f"data: {token}\\n\\n"`, whatever the token holds.

By the standard (`sse.py`) a newline in a token would end its line or its event, and what is behind it would be lost. Here it
comes back: a line that is no field of an event goes on with the token, and a blank line too many is the token's own. A stream
that keeps to the standard reads the same as there.
"""

from __future__ import annotations

from typing import Final

from chat_app.domain.errors import UpstreamError
from chat_app.providers.sse import MAX_EVENT, Event

_FIELDS: Final = (b"data", b"event", b"id", b"retry")


class LooseReader:
    """Feed it what each read gave; it gives the events that are complete, as `EventReader` does. What goes on with a token
    is an event of its own."""

    def __init__(self) -> None:
        self._tail = b""
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._open = False  # within an event
        self._token = False  # the last event was a token, which may go on
        self._blank = 0  # blank lines since its last text; the first ended its event

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. UpstreamError where one event is larger than the limit, in bytes."""
        *lines, self._tail = (self._tail + data).split(b"\n")
        events: list[Event] = []
        for line in lines:
            self._line(line.removesuffix(b"\r"), events)
        if self._size + len(self._tail) > MAX_EVENT:
            raise UpstreamError("The model's server sent an event that is too large.")
        return events

    def finish(self) -> list[Event]:
        """What the end of the stream leaves: the last event, if its blank line never came, and the last token's newlines."""
        events: list[Event] = []
        if self._tail:
            self._line(self._tail, events)
            self._tail = b""
        if self._open:
            self._end(events)
        if self._token:
            self._newlines(self._blank - 1, events)
        return events

    def _line(self, line: bytes, events: list[Event]) -> None:
        if not line:
            if self._open:
                self._end(events)
            else:
                self._blank += 1
            return
        name, value = _field(line)
        if name is None and not self._open and self._token:
            self._newlines(self._blank + 1, events)
            events.append((b"", line))
            self._blank = 0
            return
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
        elif name is None and self._data and not self._name:
            self._data.append(line)
        self._size += len(line)
        self._open = True

    def _end(self, events: list[Event]) -> None:
        """The blank line that ends an event."""
        if self._data:
            if self._token and not self._name:
                self._newlines(self._blank - 1, events)
            events.append((self._name, b"\n".join(self._data)))
            self._token, self._blank = not self._name, 1
        self._open, self._name, self._data, self._size = False, b"", [], 0

    def _newlines(self, count: int, events: list[Event]) -> None:
        if count > 0:
            events.append((b"", b"\n" * count))


def _field(line: bytes) -> tuple[bytes | None, bytes]:
    """A line as a field's name (empty for a comment) and value; no name where it is none of the standard's."""
    name, colon, value = line.partition(b":")
    if name in _FIELDS or (colon and not name):
        return name, value.removeprefix(b" ")
    return None, line
