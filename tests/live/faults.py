"""The faults of a model's server, and the doors at which they show: what each door tells of one turn, and how often it
says that the turn is over. What is right is the tests' business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.live.clients import Session, events, open_socket, plain_text
from tests.live.routes import FaultyUpstream
from tests.live.shown import Shown
from tests.upstream.faulty import closed_ports, text_of

BRIEF = {"timeout_connect": 2, "timeout_first_token": 1, "timeout_idle": 1, "timeout_total": 20}
_closed = closed_ports()


@dataclass(frozen=True)
class Fault:
    """What one row's upstream does, and what a caller must hear of it: `code` (empty where the answer is whole) and the
    `text` that comes all the same. `after` is the timeout that ends an attempt, in seconds; `requests` how often
    the upstream is asked where there is nobody else to ask."""

    name: str
    path: str
    code: str = ""
    text: str = ""
    knobs: Mapping[str, object] = field(default_factory=dict)
    timeouts: Mapping[str, float] = field(default_factory=dict)
    after: float = 0.0
    retry_after: float | None = None
    requests: int = 1
    tls: bool = False

    @property
    def retryable(self) -> bool:
        return self.code != "upstream_refused"

    def row(self, upstream: FaultyUpstream, name: str, *fallbacks: str) -> dict[str, Any]:
        """The row of a route with this fault; the upstream knows it by its name."""
        url = upstream.base_url(self.path, tls=self.tls, **self.knobs)
        if self.path == "refuses":
            url = f"http://127.0.0.1:{next(_closed)}/v1"
        return {"base_url": url, "model": name, "fallbacks": fallbacks, **BRIEF, **self.timeouts}


DOWN, SLOW, ODD = "upstream_down", "upstream_timeout", "upstream_error"
REFUSED, BUSY = "upstream_refused", "upstream_busy"
SAID = text_of(20)
BYTES = {"delay_ms": 50}  # a token takes 2.6 s

BEFORE = [
    Fault("refuses", "refuses", DOWN, requests=0),
    Fault("certificate", "ok", DOWN, tls=True, requests=0),
    Fault("resets", "reset", DOWN),
    # Before and after the second at which a stream's headers leave without a token.
    Fault("hangs", "hang", SLOW, timeouts={"timeout_first_token": 0.5}, after=0.5),
    Fault(
        "hangs-after-headers", "hang_after_headers", SLOW, timeouts={"timeout_first_token": 1.6}, after=1.6
    ),
    Fault("says-nothing-but-comments", "comments", SLOW, after=1),
    Fault("a-byte-each-50-ms-for-too-long", "byte_by_byte", SLOW, knobs=BYTES, after=1),
    Fault("400", "400", REFUSED),
    Fault("401", "401", REFUSED),
    Fault("404", "404", REFUSED),
    Fault("429", "429", BUSY),
    Fault("429-in-1-s", "429", BUSY, knobs={"retry_after": 1}, retry_after=1, requests=2),
    Fault("429-in-7-s", "429", BUSY, knobs={"retry_after": 7}, retry_after=7),
    Fault("500", "500", DOWN),
    Fault("503", "503", DOWN),
    Fault("503-in-9-s", "503", DOWN, knobs={"retry_after": 9}, retry_after=9),
    Fault("redirect", "redirect", REFUSED),
    Fault("html", "html", ODD),
]
AFTER = [
    Fault("hangs-midway", "hang_midway", SLOW, SAID, after=1),
    Fault("resets-midway", "cut_off", DOWN, SAID),
    Fault("truncated", "truncated", ODD, SAID),
    Fault("malformed-third-chunk", "malformed", ODD, text_of(2)),
    Fault("error-in-the-stream", "error_in_stream", ODD, SAID),
    Fault(
        "a-byte-each-50-ms-beyond-the-total",
        "byte_by_byte",
        SLOW,
        text_of(1),
        BYTES,
        {"timeout_first_token": 10, "timeout_total": 4.5},
        after=4.5,
    ),
]
HARMLESS = [
    Fault("no-done", "no_done", text=SAID),
    Fault("no-done-and-open", "no_done_and_open", text=SAID),
    Fault(
        "a-byte-each-50-ms",
        "byte_by_byte",
        text=text_of(2),
        knobs={**BYTES, "tokens": 2},
        timeouts={"timeout_first_token": 15},
    ),
    Fault("a-line-of-1-mb", "big_line", text="x" * 1024 * 1024),
]


@dataclass(frozen=True)
class Told:
    """What a door told of one turn. None is what it has no place for; `endings` are the words for "it is over"."""

    text: str | None = None
    endings: tuple[str, ...] = ()
    code: str | None = None
    retryable: bool | None = None
    retry_after: float | None = None
    model: str | None = None
    turn_id: str = ""
    seconds: float = 0.0


def _refused(answer: Any) -> Told:
    given = answer.json()
    return Told(
        None,
        ("status",),
        given["code"],
        given["retryable"],
        float(wait) if (wait := answer.headers.get("Retry-After")) else None,
        turn_id=answer.headers["X-Turn-Id"],
    )


def _rest(who: Session, message: str) -> Told:
    answer = who.post("/api/chat", {"message": message})
    if answer.status_code != 200:
        return _refused(answer)
    given = answer.json()
    return Told(given["response"], ("answer",), "", model=given["model"], turn_id=given["turn_id"])


def _sse_plain(who: Session, message: str) -> Told:
    answer = who.post("/api/chat/stream", {"message": message})
    if answer.status_code != 200:
        return _refused(answer)
    body = answer.content.decode()
    names = [block.partition("\n")[0] for block in body.split("\n\n")]
    endings = tuple(name.removeprefix("event: ") for name in names if name.startswith("event: "))
    assert names[-2:] == [f"event: {endings[-1]}", ""], names[-3:]
    code = "" if endings == ("done",) else None
    return Told(plain_text(body), endings, code, turn_id=answer.headers["X-Turn-Id"])


def _sse_typed(who: Session, message: str) -> Told:
    answer = who.post("/api/chat/stream", {"message": message, "events": True}, stream=True)
    if answer.status_code != 200:
        return _refused(answer)
    shown = Shown()
    for event in events(answer):
        shown.take(event.data)
    return _of_events(shown)


def _of_events(shown: Shown) -> Told:
    last = shown.last
    failed = last["type"] == "failed"
    return Told(
        shown.text,
        (last["type"],),
        last["code"] if failed else "",
        last["retryable"] if failed else None,
        model=last.get("model"),
        turn_id=last["turn_id"],
    )


def _websocket(who: Session, message: str) -> Told:
    heard: list[Any] = []
    with open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
        socket.send(type="message", id="asked", text=message)
        while not heard or heard[-1]["type"] != "pong":
            heard.append(socket.receive(30))
            if heard[-1].get("id") == "asked":
                socket.send(type="ping")
    text = "".join(one["text"] for one in heard if one["type"] == "delta")
    endings = [one for one in heard if one["type"] in ("response", "error")]
    last = endings[-1]
    return Told(
        text,
        tuple(one["type"] for one in endings),
        last.get("code", ""),
        last.get("retryable"),
        last.get("retry_after"),
        last.get("model"),
        last["turn_id"],
    )


DOORS: dict[str, Callable[[Session, str], Told]] = {
    "rest": _rest,
    "sse-plain": _sse_plain,
    "sse-typed": _sse_typed,
    "websocket": _websocket,
}


def knock(door: str, who: Session) -> Told:
    """One message through a door, and how long it took."""
    begun = time.monotonic()
    told = DOORS[door](who, f"Hello by {door}")
    return replace(told, seconds=time.monotonic() - begun)


def replay(who: Session, turn_id: str) -> tuple[Told, list[tuple[str, str | None]]]:
    """The turn's own events, from the first to the last: what they tell, and its routes with why each was tried."""
    answer = who.get(f"/api/turns/{turn_id}/events?after=0", stream=True)
    assert answer.status_code == 200, answer.text
    shown, routes = Shown(), []
    for event in events(answer):
        shown.take(event.data)
        if event.type == "turn":
            routes.append((event.data["model"], event.data.get("reason")))
    return _of_events(shown), routes
