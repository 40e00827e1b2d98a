"""What the end of a connection means: Stop, a reload or a lost network; without the connector by grace, with it exactly."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import GRACE, PLAYER, NewClient, equip, same
from tests.live.chatkit.player import script
from tests.live.clients import Session, open_socket
from tests.live.routes import FaultyUpstream
from tests.servers import Launcher, ServerProcess

COUNT = script(["count", 1000, 0.02])
Start = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def start(start_server: Launcher, upstream: FaultyUpstream) -> Start:
    """A server of another setting of what hanging up means."""

    def begin(**env: str) -> ServerProcess:
        server = start_server("serve", None, CHAT_RESPONDERS=f"player={PLAYER}", **env)
        equip(server, upstream)
        return server

    return begin


def hung_up(client: Client, text: str = COUNT, words: int = 3) -> tuple[str, str]:
    """A stream that was left in mid-answer: its turn and thread."""
    with client.create(text) as stream:
        stream.until("assistant_message.content_part.text_delta", words)
    return stream.turn_id, stream.thread_id


def test_dropped_stream_is_stopped_after_the_grace_and_keeps_what_was_said(client: Client) -> None:
    turn_id, thread_id = hung_up(client)
    began = time.monotonic()
    turn = client.who.ended(turn_id)
    assert GRACE - 0.3 < time.monotonic() - began < GRACE + 3
    assert turn["state"] == "cancelled"
    assert turn["text"].startswith("0001 0002 0003 ")
    _, rows = client.read(thread_id)
    assert rows[1]["content"][0]["text"] == turn["text"]
    heard = client.say(script(["prompt"]), thread_id).texts()[-1]
    assert "[The answer was stopped here.]" in heard


def test_dropped_stream_closes_the_models_connection(new_client: NewClient, upstream: FaultyUpstream) -> None:
    upstream.forget()
    turn_id, _ = hung_up(new_client(model="drips"), "go")
    assert upstream.state()["open"] == 1
    upstream.seconds_until(open=0, hung_up=1)
    assert turn_id


def test_read_within_the_grace_is_a_reload_and_the_answer_goes_on(
    client: Client, new_client: NewClient
) -> None:
    turn_id, thread_id = hung_up(client, script(["count", 150, 0.03]))
    time.sleep(GRACE / 3)
    client.read(thread_id)
    time.sleep(GRACE + 1.2)
    assert client.who.turn(turn_id)["state"] == "running"
    assert client.who.ended(turn_id)["text"].endswith("0150 ")


def test_read_of_another_thread_is_no_sign_of_life(client: Client) -> None:
    other = client.say("hello").thread["id"]
    turn_id, _ = hung_up(client)
    client.read(other)
    client.listed()
    assert client.who.ended(turn_id)["state"] == "cancelled"


def test_read_by_a_stranger_is_no_sign_of_life(client: Client, new_client: NewClient) -> None:
    turn_id, thread_id = hung_up(client)
    with pytest.raises(Exception, match="404"):
        new_client().read(thread_id)
    assert client.who.ended(turn_id)["state"] == "cancelled"


def test_half_an_answer_is_there_after_the_reload_with_its_items(client: Client) -> None:
    with client.create(script(["done", "w", "widget", shapes.widget()], ["count", 100, 0.03])) as stream:
        stream.until("assistant_message.content_part.text_delta", 5)
    thread, rows = client.read(stream.thread_id)
    assert [row["type"] for row in rows] == ["user_message", "widget", "assistant_message"]
    assert rows[2]["content"][0]["text"].startswith("0001 0002")
    assert thread["id"] == stream.thread_id
    client.who.stop(stream.turn_id)
    _, after = client.read(stream.thread_id)
    assert [row["id"] for row in after] == [row["id"] for row in rows]
    assert [row["created_at"] for row in after] == [row["created_at"] for row in rows]


def test_next_message_after_hanging_up_takes_the_place_of_the_running_answer(client: Client) -> None:
    turn_id, thread_id = hung_up(client)
    with client.add(thread_id, script(["text", "instead"])) as stream:
        stream.all()
    assert stream.thread.notices == []
    assert client.who.turn(turn_id)["state"] == "cancelled"
    _, rows = client.read(thread_id)
    assert [row["type"] for row in rows] == ["user_message", "assistant_message"] * 2


def test_message_while_an_answer_is_read_is_refused_by_a_notice(client: Client) -> None:
    with client.create(COUNT) as running:
        running.until("assistant_message.content_part.text_delta")
        with client.add(running.thread_id, "me too") as stream:
            assert [event["type"] for event in stream.all()] == ["notice"]
        assert stream.seen[0]["level"] == "warning"
        assert client.who.turn(running.turn_id)["state"] == "running"
        client.who.stop(running.turn_id)
        running.all()
    same(client, running.thread_id)


def test_two_messages_in_a_row_into_an_abandoned_answer_leave_one_turn_running(client: Client) -> None:
    _, thread_id = hung_up(client)
    hung_up_again = client.add(thread_id, COUNT)
    hung_up_again.until("assistant_message.content_part.text_delta")
    hung_up_again.hang_up()
    assert client.say(script(["text", "at last"]), thread_id).texts()[-1] == "at last"
    _, rows = client.read(thread_id)
    assert len(rows) == 6


def test_stop_by_rest_ends_the_stream_cleanly(client: Client) -> None:
    with client.create(COUNT) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
        client.who.stop(stream.turn_id)
        stream.all()
    assert stream.kinds()[-1] == "thread.item.done"
    assert stream.thread.errors == []
    same(client, stream.thread_id)


def test_revoked_session_ends_its_stream_in_words_and_is_no_stop(client: Client) -> None:
    assert isinstance(client.who, Session)
    with client.create(COUNT) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
        assert client.who.call("DELETE", "/api/sessions/current").status_code == 204
        *_, last = stream.all()
    assert last == {
        "type": "error",
        "code": "custom",
        "message": "The session has ended.",
        "allow_retry": False,
    }


def test_deleted_thread_ends_its_stream_cleanly(client: Client) -> None:
    with client.create(COUNT) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
        client.call("threads.delete", thread_id=stream.thread_id)
        stream.all()
    assert client.listed() == []


# With the connector


def test_dropped_stream_of_the_connector_stops_nothing(new_client: NewClient) -> None:
    client = new_client(connected=True)
    turn_id, _ = hung_up(client, script(["count", 150, 0.03]))
    time.sleep(GRACE + 1.5)
    assert client.who.turn(turn_id)["state"] == "running"
    assert client.who.ended(turn_id)["text"].endswith("0150 ")


def test_connectors_stop_is_a_cancel_of_its_own(new_client: NewClient, upstream: FaultyUpstream) -> None:
    upstream.forget()
    client = new_client(model="drips", connected=True)
    turn_id, _ = hung_up(client, "go")
    began = time.monotonic()
    client.who.post(f"/api/turns/{turn_id}/cancel")
    upstream.seconds_until(open=0, hung_up=1)
    assert time.monotonic() - began < 1
    assert client.who.ended(turn_id)["state"] == "cancelled"


def test_message_into_a_thread_that_the_connector_has_left_is_refused(new_client: NewClient) -> None:
    client = new_client(connected=True)
    turn_id, thread_id = hung_up(client)
    with client.add(thread_id, "me too") as stream:
        assert [event["type"] for event in stream.all()] == ["notice"]
    client.who.stop(turn_id)


# By setting


@pytest.mark.parametrize(("means", "state"), [("cancel", "cancelled"), ("finish", "completed")])
def test_setting_says_what_a_dropped_stream_means(
    start: Start, new_client: NewClient, means: str, state: str
) -> None:
    server = start(CHATKIT_ON_DISCONNECT=means, CHATKIT_GRACE="0")
    client = new_client(server)
    turn_id, thread_id = hung_up(client, script(["count", 60, 0.03]))
    began = time.monotonic()
    turn = client.who.ended(turn_id)
    assert turn["state"] == state
    assert means == "finish" or time.monotonic() - began < 1
    assert client.read(thread_id)[1][1]["content"][0]["text"] == turn["text"]


def test_other_doors_see_the_turn_and_its_stop(client: Client) -> None:
    who: Any = client.who
    with client.create(COUNT) as stream, open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
        socket.until("ready")
        socket.send(type="follow", thread_id=stream.thread_id)
        stream.until("assistant_message.content_part.text_delta", 2)
        assert socket.until("delta", "snapshot")["turn_id"] == stream.turn_id
        stream.hang_up()
        assert socket.until("cancelled", "response")["turn_id"] == stream.turn_id
