"""The same request twice: what the client repeats because a proxy has failed in between, and what a person says again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, GaveUp, Refused, said
from tests.live.chatkit.conftest import GRACE, NewClient, same
from tests.live.chatkit.gateway import Gateway, gateway
from tests.live.chatkit.player import script
from tests.servers import ServerProcess

SLOW = script(["done", "w", "widget", shapes.widget()], ["count", 60, 0.03])


@pytest.fixture
def proxy(kit: ServerProcess) -> Iterator[Gateway]:
    with gateway(kit) as running:
        yield running


@pytest.fixture
def client(new_client: NewClient, proxy: Gateway) -> Client:
    """A client that reaches the server by way of the proxy."""
    made = new_client()
    return Client(replace(made.who, server=proxy.server))


def first_item(stream: Any) -> str:
    stream.until("thread.item.done")
    return str(stream.seen[-1]["item"]["id"])


@pytest.mark.parametrize("plan", [["502"], ["307", "html", "503", "500", "502"]])
def test_request_that_never_came_is_repeated_and_answered_once(
    client: Client, proxy: Gateway, plan: list[str]
) -> None:
    proxy.plan = list(plan)
    thread = client.say(script(["text", "hello"]))
    assert client.tries == len(plan) + 1
    assert len(set(proxy.bodies)) == 1
    assert thread.texts()[1:] == ["hello"]
    assert len(client.listed()) == 1


def test_client_gives_up_after_six_tries(client: Client, proxy: Gateway) -> None:
    proxy.plan = ["502"] * 7
    with pytest.raises(GaveUp):
        client.say("hello")
    assert len(proxy.bodies) == 6


def test_refusal_is_final_and_not_repeated(client: Client, proxy: Gateway) -> None:
    with pytest.raises(Refused):
        client.say("hello", "thr_of_nobody")
    assert len(proxy.bodies) == 1


def test_request_whose_answer_was_lost_attaches_to_its_turn(client: Client, proxy: Gateway) -> None:
    proxy.plan = ["lost", "lost"]
    thread = client.say(SLOW)
    assert client.tries == 3
    assert thread.kinds["thread.created"] == 1
    assert thread.texts()[1].endswith("0060 ")
    assert len(client.listed()) == 1
    same(client, thread.thread["id"])


def test_attached_request_is_a_sign_of_life_beyond_the_grace(client: Client, proxy: Gateway) -> None:
    proxy.plan = ["lost"]
    thread = client.say(script(["count", 150, 0.03]))
    assert GRACE + 1.5 < 150 * 0.03
    assert thread.texts()[1].endswith("0150 ")


def test_message_in_a_thread_is_stored_once_however_often_it_comes(client: Client, proxy: Gateway) -> None:
    thread_id = client.say("hello").thread["id"]
    proxy.plan = ["lost"] * 4
    thread = client.say(SLOW, thread_id)
    assert client.tries == 5
    assert len(thread.texts()) == 4
    same(client, thread_id)


@pytest.mark.parametrize("in_thread", [False, True])
def test_request_whose_turn_has_failed_unheard_is_answered_anew(
    client: Client, proxy: Gateway, in_thread: bool
) -> None:
    thread_id = client.say("hello").thread["id"] if in_thread else None
    proxy.plan = ["lost 0.5", "lost 0.5"]
    thread = client.say(script(["sleep", 0.2], ["fail_once", "Not now."], ["text", "but now"]), thread_id)
    assert client.tries == 3
    assert thread.texts()[-1] == "but now"
    assert thread.errors == []
    same(client, thread.thread["id"])


@pytest.mark.parametrize("kind", ["retry", "action", "tool", "answers"])
def test_every_way_to_begin_a_turn_attaches_when_it_comes_again(
    client: Client, proxy: Gateway, kind: str
) -> None:
    items = [["done", "q", "structured_input", shapes.QUESTIONS], ["done", "w", "widget", shapes.widget()]]
    with client.create(script(*items, ["done", "c", "client_tool_call", shapes.call()])) as opening:
        opening.all()
    question, asked, widget, _ = opening.thread.items
    thread_id, tries = opening.thread_id, 3
    proxy.plan = ["lost"] * (tries - 1)
    note = {"note": {"values": [SLOW], "skipped": False}}
    match kind:
        case "retry":
            stream = client.retry(thread_id, question)
        case "action":
            stream = client.act(thread_id, widget, "go", SLOW)
        case "tool":
            stream = client.tool_output(thread_id, SLOW)
        case _:
            stream = client.answer(thread_id, asked, note)
    stream.all()
    assert client.tries == tries
    _, rows = client.read(thread_id)
    assert len([row for row in rows if row["type"] == "user_message"]) == 1
    assert len([row for row in rows if row["type"] == "widget"]) == (1 if kind == "retry" else 2)


def test_stream_that_is_cut_is_gone_on_with_behind_the_last_event(client: Client, proxy: Gateway) -> None:
    proxy.plan = ["cut 2000"]
    broken = client.create(SLOW)
    with suppress(requests.RequestException):
        broken.all()
    assert not broken.ended
    seen = len(broken.seen)
    client.headers["Last-Event-ID"] = broken.last_id
    with client.create(SLOW) as rest:
        rest.all()
    assert (rest.turn_id, rest.thread_id) == (broken.turn_id, broken.thread_id)
    assert seen > 3
    assert "thread.created" not in rest.kinds()
    assert rest.thread.texts()[1].endswith("0060 ")
    same(client, rest.thread_id)


@pytest.mark.parametrize("cut", [0, 1, 700, 1400])
def test_connector_goes_on_wherever_it_was_cut(client: Client, proxy: Gateway, cut: int) -> None:
    client.headers["X-Chat-Connector"] = "1"
    proxy.plan = [f"cut {cut}"]
    broken = client.create(SLOW)
    with suppress(requests.RequestException):
        broken.all()
    time.sleep(0.5)
    client.headers["Last-Event-ID"] = broken.last_id
    with client.create(SLOW) as rest:
        rest.all()
    assert rest.turn_id == broken.turn_id
    same(client, rest.thread_id)


def test_hidden_text_is_hidden_for_who_goes_on_behind_its_beginning(client: Client) -> None:
    hidden = ["h", "hidden_context_item", {"content": "SECRET"}]
    steps = script(
        ["text", "begun"], ["added", *hidden], ["sleep", 0.5],
        ["updated", {"type": "x"}, *hidden], ["removed", "h"], ["text", " done"],
    )  # fmt: skip
    with client.create(steps) as first:
        first.until("assistant_message.content_part.text_delta")
        time.sleep(0.2)
    client.headers["Last-Event-ID"] = first.last_id
    with client.create(steps) as rest:
        rest.all()
    assert "thread.item.removed" not in rest.kinds()
    same(client, rest.thread_id)


def test_tool_is_not_called_twice_by_who_goes_on_behind_its_call(client: Client) -> None:
    call = ["c", "client_tool_call", shapes.call()]
    steps = script(["done", *call], ["text", "called"], ["sleep", 0.5], ["done", *call], ["text", " it"])
    client.tools["weather"] = lambda arguments: {"sunny": True}
    with client.create(steps) as first:
        first.until("assistant_message.content_part.text_delta")
    client.headers["Last-Event-ID"] = first.last_id
    with client.create(steps) as rest:
        rest.all()
    assert len(client.fired) == 1


# The same words, and another request


def test_same_words_after_a_delivered_answer_are_a_new_message(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    for n in range(2, 12):
        assert len(client.say("yes", thread_id).texts()) == 2 * n
    same(client, thread_id)


def test_same_words_in_new_threads_are_new_threads(client: Client) -> None:
    for n in range(1, 6):
        client.say("hello")
        assert len(client.listed()) == n


def test_same_words_after_a_stop_are_a_new_message(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    words = script(["count", 150, 0.03])
    with client.add(thread_id, words) as stream:
        stream.until("assistant_message.content_part.text_delta")
    assert client.who.ended(stream.turn_id)["state"] == "cancelled"
    again = client.add(thread_id, words)
    again.all()
    assert again.turn_id != stream.turn_id
    assert again.thread.texts()[-1].endswith("0150 ")


@pytest.mark.parametrize("kind", ["action", "retry"])
def test_same_click_after_a_stop_is_a_new_click(client: Client, kind: str) -> None:
    begun = client.say(script(["done", "w", "widget", shapes.widget()], ["count", 30, 0.03]))
    question, widget, _ = begun.items
    thread_id = begun.thread["id"]

    def click() -> Any:
        return (
            client.retry(thread_id, question)
            if kind == "retry"
            else client.act(thread_id, widget, "go", SLOW)
        )

    with click() as stream:
        stream.until("assistant_message.content_part.text_delta")
        client.who.post(f"/api/turns/{stream.turn_id}/cancel")
        client.who.ended(stream.turn_id)
    again = click()
    again.all()
    assert again.turn_id != stream.turn_id
    assert client.who.turn(again.turn_id)["state"] == "completed"


def test_same_words_from_another_frame_are_another_request(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    other = Client(client.who)
    with client.add(thread_id, SLOW) as stream:
        stream.until("assistant_message.content_part.text_delta")
        with other.add(thread_id, SLOW) as refused:
            assert [event["type"] for event in refused.all()] == ["notice"]
        client.who.stop(stream.turn_id)


def test_key_of_the_callers_own_attaches_for_good_and_is_refused_for_other_words(client: Client) -> None:
    client.headers["Idempotency-Key"] = "my own"
    first = client.create(script(["text", "once"]))
    first.all()
    again = Client(client.who, headers=client.headers).create(script(["text", "once"]))
    again.all()
    assert again.turn_id == first.turn_id
    assert again.seen == first.seen
    with pytest.raises(Refused) as refused:
        client.create("other words")
    assert (refused.value.status, refused.value.body["code"]) == (409, "idempotency_conflict")


def test_request_without_a_frame_is_always_a_new_one(client: Client) -> None:
    body = {"type": "threads.create", "params": {"input": said("hello")}}
    for _ in range(2):
        assert client.who.post("/chatkit", body).status_code == 200
    assert len(client.listed()) == 2
