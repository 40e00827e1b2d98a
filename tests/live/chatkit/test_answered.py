"""What the connector is told of an answer beside ChatKit's own words: who gave it, how it ended, its cost and its rating."""

from __future__ import annotations

from typing import Any

from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import NewClient, same
from tests.live.chatkit.player import script
from tests.live.clients import Caller

LONG = script(["count", 400, 0.02])
DELTA = "assistant_message.content_part.text_delta"


def whole(client: Client, text: str = script(["text", "hello"])) -> tuple[str, Any]:
    """An answer to its end. -> its thread, and what was told of it"""
    with client.create(text) as stream:
        stream.all()
    (answered,) = stream.thread.answered.values()
    return stream.thread_id, answered


def test_answer_is_told_with_its_model_and_what_it_used(new_client: NewClient) -> None:
    client = new_client(connected=True)
    thread_id, answered = whole(client)
    assert answered["model"] == "player"
    assert set(answered) == {"model", "usage"}
    assert answered["usage"]["total_tokens"] > 0
    assert answered["usage"]["estimated"] is True
    assert list(client.answered(thread_id).values()) == [answered]
    same(client, thread_id)


def test_answer_in_place_of_another_model_names_both(new_client: NewClient) -> None:
    client = new_client(model="stood_in_for", connected=True)
    thread_id, answered = whole(client)
    assert (answered["model"], answered["requested_model"]) == ("player", "stood_in_for")
    same(client, thread_id)


def test_client_without_the_connector_is_told_nothing_more(client: Client) -> None:
    with client.create(script(["text", "hello"])) as stream:
        events = stream.all()
    assert "answered" not in str(events)
    assert [event["type"] for event in events][-1] == "thread.item.done"
    page = client.page("items.list", thread_id=stream.thread_id, order="asc")
    assert "answered" not in str(page)


def test_stopped_answer_says_so_to_all_who_read_it(new_client: NewClient) -> None:
    client = new_client(connected=True)
    stream = client.create(LONG)
    stream.until(DELTA, 5)
    client.who.post(f"/api/turns/{stream.turn_id}/cancel")
    stream.all()
    (answered,) = stream.thread.answered.values()
    assert answered["state"] == "cancelled"
    assert not stream.thread.errors
    same(client, stream.thread_id)
    late = Client(client.who, connected=True)
    late.opened(stream.thread_id)
    with late.join(stream.turn_id) as joined:
        joined.all()
    assert [own["state"] for own in joined.thread.answered.values()] == ["cancelled"]


def test_failed_answer_says_why_and_an_error_its_reason(new_client: NewClient) -> None:
    client = new_client(connected=True)
    with client.create(script(["text", "half"], ["bug"])) as stream:
        stream.all()
    (error,) = stream.thread.errors
    assert error["reason"] == "upstream_error"
    (answered,) = stream.thread.answered.values()
    assert answered["state"] == "failed"
    assert answered["error"]["code"] == "upstream_error"
    same(client, stream.thread_id)


def test_who_comes_back_behind_the_last_word_is_told_the_end(new_client: NewClient) -> None:
    client = new_client(connected=True)
    stream = client.create(script(["count", 20, 0.02]))
    stream.until("thread.item.done", 2)  # the question, and the answer
    stream.hang_up()
    with client.join(stream.turn_id, stream.last_id) as rest:
        (event,) = rest.all()
    (answered,) = event["answered"].values()
    assert answered["usage"]["output_tokens"] > 0


def test_rating_is_read_with_the_answer_and_can_be_taken_back(new_client: NewClient) -> None:
    client = new_client(connected=True)
    thread_id, _ = whole(client)
    (item_id,) = client.answered(thread_id)
    client.call("items.feedback", thread_id=thread_id, item_ids=[item_id], kind="negative")
    assert client.answered(thread_id)[item_id]["feedback"] == "negative"
    rest: Caller = client.who
    assert rest.call("PUT", f"/api/items/{item_id}/feedback", b'{"kind": null}').status_code == 200
    assert "feedback" not in client.answered(thread_id)[item_id]
