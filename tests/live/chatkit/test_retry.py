"""Retry on a started server: of a message, a click, what a tool returned; the old answer stays until the new one begins."""

from __future__ import annotations

import pytest

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Refused
from tests.live.chatkit.conftest import same
from tests.live.chatkit.player import script

WIDGET = ["done", "w", "widget", shapes.widget()]


def test_retry_of_a_message_takes_the_place_of_its_answer(client: Client) -> None:
    thread = client.say(script(["text", "first"], WIDGET))
    question, *old = thread.items
    with client.retry(thread.thread["id"], question) as stream:
        stream.all()
    assert stream.kinds()[0] == "stream_options"
    assert len(thread.items) == 3
    assert not set(old) & set(thread.items)
    same(client, thread.thread["id"])


def test_retry_of_an_earlier_message_drops_all_that_came_behind_it(client: Client) -> None:
    thread = client.say(script(["text", "first"]))
    thread_id, question = thread.thread["id"], next(iter(thread.items))
    client.say("second", thread_id)
    client.retry(thread_id, question).all()
    assert len(thread.items) == 2
    same(client, thread_id)
    heard = client.say(script(["prompt"]), thread_id).texts()[-1]
    assert heard.count("user") == 2


def test_retry_that_fails_keeps_the_old_answer(client: Client) -> None:
    thread = client.say(script(["sleep", 0], ["fail_again", "Not now."], ["text", "the old answer"], WIDGET))
    thread_id, before = thread.thread["id"], thread.listed()
    with client.retry(thread_id, before[0]["id"]) as stream:
        assert stream.all()[-1]["message"] == "Not now."
    _, rows = client.read(thread_id)
    assert rows == before
    assert "the old answer" in client.say(script(["prompt"]), thread_id).texts()[-1]


def test_retry_of_a_failed_answer_and_of_a_failed_retry(client: Client) -> None:
    thread = client.say(script(["fail", "Not now."]))
    thread_id, question = thread.thread["id"], next(iter(thread.items))
    for _ in range(3):
        with client.retry(thread_id, question) as stream:
            assert stream.all()[-1]["type"] == "error"
    same(client, thread_id)


def test_thread_read_while_a_retry_begins_never_shows_both_answers(client: Client) -> None:
    thread = client.say(script(["sleep", 0.3], ["count", 30, 0.02]))
    thread_id, (question, old) = thread.thread["id"], list(thread.items)
    with client.retry(thread_id, question) as stream:
        shown = set()
        while (
            "0030 " not in (rows := client.read(thread_id)[1])[1]["content"][0]["text"]
            or rows[1]["id"] == old
        ):
            assert [row["type"] for row in rows] == ["user_message", "assistant_message"]
            shown.add(rows[1]["id"])
        stream.all()
    assert old in shown
    same(client, thread_id)


def test_retry_of_a_click_by_the_last_item_before_it(client: Client) -> None:
    thread = client.say(script(["text", "look"], WIDGET))
    thread_id, widget = thread.thread["id"], list(thread.items)[-1]
    client.act(
        thread_id, widget, "go", script(["given"], ["done", "t", "task", {"task": shapes.task()}])
    ).all()
    old = list(thread.items)[3:]
    with client.retry(thread_id, widget) as stream:
        stream.all()
    assert len(thread.items) == 5
    assert not set(old) & set(thread.items)
    assert '"trigger": "action"' in thread.texts()[-1]
    assert '"again": true' in thread.texts()[-1]
    same(client, thread_id)


def test_retry_of_a_click_that_failed_and_left_nothing(client: Client) -> None:
    thread = client.say(script(["text", "look"], WIDGET))
    thread_id, widget = thread.thread["id"], list(thread.items)[-1]
    steps = script(["fail_once", "Not now."], ["text", "but now"])
    assert client.act(thread_id, widget, "go", steps).all()[-1]["type"] == "error"
    with client.retry(thread_id, widget) as stream:
        stream.all()
    assert thread.texts()[-1] == "but now"
    same(client, thread_id)


def test_retry_of_what_a_tool_returned(client: Client) -> None:
    client.tools["weather"] = lambda arguments: script(["given"], ["text", "!"])
    thread = client.say(script(["text", "let me see "], ["done", "c", "client_tool_call", shapes.call()]))
    thread_id, call = thread.thread["id"], list(thread.items)[2]
    before = list(thread.items)[:3]
    client.retry(thread_id, call).all()
    _, rows = client.read(thread_id)
    assert [row["id"] for row in rows[:3]] == before
    assert len(rows) == 4
    assert rows[2]["status"] == "completed"
    assert '"again": true' in rows[3]["content"][0]["text"]
    assert len(client.fired) == 1


def test_retry_where_nothing_can_be_retried_is_refused(client: Client) -> None:
    thread = client.say("hello")
    thread_id, (_, answer) = thread.thread["id"], list(thread.items)
    for item_id, status in ((answer, 400), ("msg_of_nobody", 404)):
        with pytest.raises(Refused) as refused:
            client.retry(thread_id, item_id)
        assert refused.value.status == status
    other = client.say("hello").thread["id"]
    with pytest.raises(Refused) as refused:
        client.retry(other, answer)
    assert refused.value.status == 404
    same(client, thread_id)


def test_retry_after_a_stop_goes_on_from_the_message(client: Client) -> None:
    with client.create(script(["count", 40, 0.03])) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
        client.who.stop(stream.turn_id)
        stream.all()
    question = next(iter(stream.thread.items))
    client.retry(stream.thread_id, question).all()
    assert stream.thread.texts()[1].endswith("0040 ")
    same(client, stream.thread_id)
