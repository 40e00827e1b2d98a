"""A worker that is killed in mid-answer, and what its clients find then: every whole item, the text so far, a mark."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Stream
from tests.live.chatkit.conftest import PLAYER, equip
from tests.live.chatkit.player import script
from tests.live.chatkit.strict import plain
from tests.live.clients import Session, issue
from tests.live.routes import FaultyUpstream
from tests.live.scrape import scrape
from tests.servers import Launcher, ServerProcess

LEASE = 10.0  # seconds; all that a test does before it runs out takes less than one


@dataclass
class Lost:
    """What a client had of an answer when its server died; `again` is the same frame at the new server."""

    stream: Stream
    again: Client
    earlier: str


def beside(start_server: Launcher, server: ServerProcess) -> ServerProcess:
    """Another process on the same database and with the same secrets."""
    same = (
        "DATABASE_URL",
        "ENCRYPTION_KEYS",
        "SECRET_KEY",
        "BACKEND_KEY",
        "CHAT_RESPONDERS",
        "CHATKIT_GRACE",
        "LEASE_SECONDS",
    )
    env = {name: server.env[name] for name in same}
    return start_server("serve", None, **env)


def steps(earlier: str) -> list[list[Any]]:
    return [
        ["change", earlier, "task", {"task": shapes.task("Changed")}],
        ["thread", {"title": "Before the crash"}],
        ["done", "w", "widget", shapes.widget()],
        ["done", "h", "hidden_context_item", {"content": "SECRET"}],
        ["done", "m", "assistant_message", {}, "whole"],
        ["added", "open", "workflow", shapes.workflow(shapes.task(status="loading"))],
        ["count", 1000, 0.02],
    ]


@pytest.fixture(scope="module")
def lost(start_server: Launcher, upstream: FaultyUpstream) -> list[Lost]:
    """Two answers under way on a server that is killed, and another one on the same database. That one is up before: its start
    would take of the lease what a busy machine takes for it."""
    first = start_server(CHAT_RESPONDERS=f"player={PLAYER}", CHATKIT_GRACE="60", LEASE_SECONDS=f"{LEASE:g}")
    equip(first, upstream)
    second = beside(start_server, first)
    found = []
    for name in ("one", "two"):
        client = Client(issue(first, name, model="player"))
        thread = client.say(script(["done", "t", "task", {"task": shapes.task()}]))
        earlier = list(thread.items)[1]
        stream = client.add(thread.thread["id"], script(*steps(earlier)))
        stream.until("assistant_message.content_part.text_delta")
        found.append((client, stream, earlier))
    time.sleep(2.5)
    first.process.kill()
    first.process.wait()
    for _, stream, _ in found:
        with suppress(requests.RequestException, AssertionError):
            stream.all()
        assert not stream.ended
    known = []
    for client, stream, earlier in found:
        who: Any = client.who
        again = Client(Session(second, who.headers, who.secret, who.id), tools=client.tools)
        again.frame, again.threads = client.frame, client.threads
        known.append(Lost(stream, again, earlier))
    return known


def test_thread_is_read_before_the_lease_has_run_out(lost: list[Lost]) -> None:
    for one in lost:
        thread, rows = one.again.read(one.stream.thread_id)
        assert thread["title"] == "Before the crash"
        assert [row["type"] for row in rows][3:] == [
            "widget",
            "assistant_message",
            "workflow",
            "assistant_message",
        ]
        held = one.stream.thread.items[one.stream.seen[-1]["item_id"]]["content"][0]["text"]
        assert held.startswith(rows[-1]["content"][0]["text"])
        assert rows[-1]["content"][0]["text"].startswith("0001 0002 ")


def test_same_request_goes_on_with_what_was_kept_and_ends_in_an_error(lost: list[Lost]) -> None:
    one = lost[0]
    one.again.headers["Last-Event-ID"] = one.stream.last_id
    with one.again.add(one.stream.thread_id, script(*steps(one.earlier))) as stream:
        told = stream.all()
    assert stream.turn_id == one.stream.turn_id
    assert told[-1]["type"] == "error"
    assert told[-1]["allow_retry"] is True
    assert [e for e in told if e["type"] == "thread.item.added"] == []
    _, rows = one.again.read(one.stream.thread_id)
    assert {row["id"]: row for row in rows} == {k: plain(v) for k, v in stream.thread.items.items()}


def test_what_was_whole_is_there_and_what_was_not_is_marked(lost: list[Lost]) -> None:
    one = lost[0]
    one.again.who.ended(one.stream.turn_id, LEASE + 10)
    _, rows = one.again.read(one.stream.thread_id)
    assert rows[1]["task"]["title"] == "Changed"
    before = {k: plain(v) for k, v in one.stream.thread.items.items()}
    assert all(before[row["id"]]["created_at"] == row["created_at"] for row in rows)
    stored = one.again.who.items(one.stream.thread_id)
    marks = {
        item.get("text"): item.get("data", {}).get("state")
        for item in stored
        if item["type"] != "user_message"
    }
    assert marks["whole"] is None
    assert marks[rows[-1]["content"][0]["text"]] == "interrupted"
    words = ["heard", "[The answer was cut off here.]", "[Context: SECRET]", "whole"]
    assert Client(one.again.who).say(script(words), one.stream.thread_id).texts()[-1] == "[true, true, true]"


def test_same_request_after_the_end_is_answered_anew(lost: list[Lost]) -> None:
    one = lost[1]
    one.again.who.ended(one.stream.turn_id, LEASE + 10)
    with one.again.add(one.stream.thread_id, script(*steps(one.earlier))) as stream:
        assert stream.turn_id != one.stream.turn_id
        stream.until("assistant_message.content_part.text_delta", 3)
        one.again.who.stop(stream.turn_id)
        stream.all()
    _, rows = one.again.read(one.stream.thread_id)
    assert len([row for row in rows if row["type"] == "user_message"]) == 2
    assert len([row for row in rows if row["type"] == "widget"]) == 1


def test_orphans_are_counted_where_they_were_closed(lost: list[Lost]) -> None:
    for one in lost:
        one.again.who.ended(one.stream.turn_id, LEASE + 10)
    assert scrape(lost[0].again.who.server)("orphans_total", outcome="closed") == 2
