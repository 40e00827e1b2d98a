"""Two servers on one PostgreSQL, without Redis: what a client finds on the one that does not write the answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import GRACE, PLAYER, equip, same
from tests.live.chatkit.player import script
from tests.live.chatkit.strict import plain
from tests.live.clients import Session, issue
from tests.live.routes import FaultyUpstream
from tests.servers import Launcher, PostgresProcess, ServerProcess

CALL = ["done", "c", "client_tool_call", shapes.call()]
STEPS: list[list[Any]] = [
    ["done", "w", "widget", shapes.widget()],
    ["done", "h", "hidden_context_item", {"content": "SECRET"}],
    CALL,
    ["added", "open", "workflow", shapes.workflow(shapes.task(status="loading"))],
    ["count", 120, 0.03],
]


@dataclass
class Pair:
    """The same frame at both servers."""

    near: Client
    far: Client


@pytest.fixture(scope="module")
def servers(
    start_server: Launcher, postgres_process: PostgresProcess, upstream: FaultyUpstream
) -> tuple[ServerProcess, ServerProcess]:
    url = postgres_process.database()
    first = start_server(CHAT_RESPONDERS=f"player={PLAYER}", CHATKIT_GRACE=str(GRACE), DATABASE_URL=url)
    equip(first, upstream)
    same = (
        "DATABASE_URL",
        "ENCRYPTION_KEYS",
        "SECRET_KEY",
        "BACKEND_KEY",
        "CHAT_RESPONDERS",
        "CHATKIT_GRACE",
    )
    return first, start_server("serve", None, **{name: first.env[name] for name in same})


@pytest.fixture
def pair(servers: tuple[ServerProcess, ServerProcess]) -> Pair:
    near = Client(issue(servers[0], f"both-{time.time_ns()}", model="player"))
    assert isinstance(near.who, Session)
    far = Client(replace(near.who, server=servers[1]))
    far.frame = near.frame
    return Pair(near, far)


def test_every_kind_of_item_is_kept_by_postgresql(pair: Pair) -> None:
    thread = pair.near.say(script(*shapes.ALL))
    same(pair.near, thread.thread["id"])
    pair.far.opened(thread.thread["id"])
    assert pair.far.threads[thread.thread["id"]].listed() == thread.listed()


def test_thread_is_opened_in_mid_answer_on_the_other_server(pair: Pair) -> None:
    with pair.near.create(script(*STEPS)) as stream:
        stream.until("assistant_message.content_part.text_delta", 40)
        time.sleep(1.5)
        _, rows = pair.far.read(stream.thread_id)
        assert [row["type"] for row in rows[1:]] == [
            "widget",
            "client_tool_call",
            "workflow",
            "assistant_message",
        ]
        stream.all()
    held = {key: plain(item) for key, item in stream.thread.items.items()}
    assert all(held[row["id"]]["created_at"] == row["created_at"] for row in rows)
    assert pair.far.read(stream.thread_id)[1] == pair.near.read(stream.thread_id)[1]


@pytest.mark.parametrize("behind", [False, True])
def test_same_request_is_followed_on_the_other_server(pair: Pair, behind: bool) -> None:
    stream = pair.near.create(script(*STEPS))
    stream.until("assistant_message.content_part.text_delta", 5)
    stream.hang_up()
    pair.far.threads = pair.near.threads if behind else {}
    pair.far.headers = {"Last-Event-ID": stream.last_id} if behind else {}
    time.sleep(1.2)
    with pair.far.create(script(*STEPS)) as other:
        told = other.all()
    assert other.turn_id == stream.turn_id
    assert pair.near.who.turn(stream.turn_id)["state"] == "completed"
    assert other.thread.texts()[1].endswith("0120 ")
    assert len(pair.far.fired) == (0 if behind else 1)
    assert [e for e in told if e["type"] == "error"] == []
    _, rows = pair.far.read(other.thread_id)
    assert sorted(other.thread.listed(), key=lambda row: row["id"]) == sorted(rows, key=lambda row: row["id"])


def test_turn_is_joined_on_the_other_server(pair: Pair) -> None:
    stream = pair.near.create(script(*STEPS))
    stream.until("assistant_message.content_part.text_delta", 5)
    time.sleep(1.2)
    pair.far.opened(stream.thread_id)
    with pair.far.join(stream.turn_id) as first:
        first.until("thread.item.done", 2)
    with pair.far.join(stream.turn_id, first.last_id) as rest:
        rest.all()
    stream.all()
    assert rest.thread.texts()[1].endswith("0120 ")
    assert [event["type"] for event in rest.seen].count("error") == 0
    assert sorted(rest.thread.listed(), key=lambda row: row["id"]) == sorted(
        pair.near.read(rest.thread_id)[1], key=lambda row: row["id"]
    )


def test_next_message_on_the_other_server_takes_the_place_of_an_abandoned_answer(pair: Pair) -> None:
    with pair.near.create(script(["count", 1000, 0.02])) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
    thread = pair.far.say(script(["text", "instead"]), stream.thread_id)
    assert thread.texts()[-1] == "instead"
    assert pair.far.who.turn(stream.turn_id)["state"] == "cancelled"


def test_hanging_up_and_reading_are_heard_on_both(pair: Pair) -> None:
    with pair.near.create(script(["count", 150, 0.03])) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
    pair.far.read(stream.thread_id)
    time.sleep(GRACE + 1.5)
    assert pair.far.who.turn(stream.turn_id)["state"] == "running"
    assert pair.far.who.ended(stream.turn_id)["state"] == "completed"
    pair.far.opened(stream.thread_id)
    same(pair.far, stream.thread_id)


def test_step_and_retry_on_the_other_server(pair: Pair) -> None:
    with pair.near.create(script(["text", "look"], CALL)) as stream:
        stream.all()
    pair.far.opened(stream.thread_id)
    pair.far.tool_output(stream.thread_id, {"n": [1, None, "x"]}).all()
    same(pair.far, stream.thread_id)
    question = next(iter(stream.thread.items))
    pair.near.opened(stream.thread_id)
    pair.near.retry(stream.thread_id, question).all()
    same(pair.near, stream.thread_id)
