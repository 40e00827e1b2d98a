"""Server-Sent Events: framing alone. What stands in a frame is the other files' business.

Source: the HTML standard, section "Server-sent events". CR, LF and CRLF all end a line there, so none may stand in a value.
"""

from __future__ import annotations

PING = b": ping\n\n"
CUT = b": to be continued\n"  # no frame: a client that knows of cut streams takes an end behind it for one
HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"content-encoding", b"identity"),
]


def typed(seq: int, kind: str, data: bytes) -> bytes:
    """One event with id and name; `data` is one line of JSON."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, kind.encode(), data)


def text_lines(text: str) -> bytes:
    """Text as `data:` lines, a further one for each line break, and the blank line that ends the event."""
    if "\n" not in text and "\r" not in text:
        return b"data: %s\n\n" % text.encode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return b"".join(b"data: %s\n" % line.encode() for line in lines) + b"\n"


def named(kind: str, text: str = "") -> bytes:
    """An event with a name; without text its `data:` line is empty."""
    return b"event: %s\n" % kind.encode() + (text_lines(text) if text else b"data:\n\n")
