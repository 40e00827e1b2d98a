"""What a page answers without a message: client tools and structured input, on a started server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Refused
from tests.live.chatkit.conftest import NewClient, same
from tests.live.chatkit.player import script

HIDDEN = [["done", f"h{n}", "hidden_context_item", {"content": "SECRET"}] for n in range(3)]
ASK = ["done", "q", "structured_input", shapes.QUESTIONS]


def call(name: str = "c", **arguments: Any) -> list[Any]:
    return ["done", name, "client_tool_call", shapes.call(call_id=f"call_{name}", **arguments)]


def refused(do: Callable[[], Any], status: int = 400) -> Any:
    with pytest.raises(Refused) as found:
        do()
    assert found.value.status == status, found.value.body
    return found.value.body


def given(text: str) -> Any:
    """What the responder says that its turn began with."""
    return json.loads(text)


# Client tools


def test_tool_is_called_once_and_its_result_begins_the_next_turn(client: Client) -> None:
    client.tools["weather"] = lambda arguments: {"sunny": True, "of": arguments, "nothing": None}
    thread = client.say(
        script(["added", "c", *call(city="X", none=None)[2:]], ["text", "one moment"], call(city="X"))
    )
    assert [fired["arguments"] for fired in client.fired] == [{"city": "X"}]
    told = given(thread.texts()[-1])
    assert told["trigger"] == "tool_output"
    assert told["item"]["data"]["output"] == {"sunny": True, "of": {"city": "X"}, "nothing": None}
    assert told["item"]["data"]["status"] == "completed"
    _, rows = client.read(thread.thread["id"])
    found = next(row for row in rows if row["type"] == "client_tool_call")
    assert (found["status"], found["call_id"]) == ("completed", "call_c")
    assert found["output"] == told["item"]["data"]["output"]


def test_call_that_is_never_finished_is_told_once_at_the_end(client: Client) -> None:
    with client.create(script(["text", "!"], ["added", *call()[1:]])) as stream:
        stream.all()
    assert len(client.fired) == 1
    same(client, stream.thread_id)


def test_result_is_bound_to_the_newest_call_beyond_hidden_items(client: Client) -> None:
    with client.create(script(call("a"), call("b"), *HIDDEN)) as stream:
        stream.all()
    with client.tool_output(stream.thread_id, "ok") as after:
        told = after.all()
    assert [event["item_id"] for event in told if event["type"] == "thread.item.removed"] == [
        item["id"] for item in client.fired if item["call_id"] == "call_a"
    ]
    _, rows = client.read(stream.thread_id)
    calls = [row for row in rows if row["type"] == "client_tool_call"]
    assert [(row["call_id"], row["output"]) for row in calls] == [("call_b", "ok")]


@pytest.mark.parametrize("result", ["", 0, False, [], {}, None, "x" * 100_000, [[["deep"]]], {"a": None}])
def test_any_json_is_a_result(client: Client, result: Any) -> None:
    with client.create(script(call())) as stream:
        stream.all()
    told = client.tool_output(stream.thread_id, result).to_the_end()
    assert given(told.texts()[-1])["item"]["data"]["output"] == result
    found = next(row for row in client.read(stream.thread_id)[1] if row["type"] == "client_tool_call")
    assert found.get("output") == result


def test_pending_call_expires_with_the_next_message(client: Client) -> None:
    with client.create(script(call())) as stream:
        stream.all()
    pending = stream.thread.of_kind("client_tool_call")[0]["id"]
    with client.add(stream.thread_id, "never mind") as after:
        assert after.all()[0] == {"type": "thread.item.removed", "item_id": pending}
    same(client, stream.thread_id)
    refused(lambda: client.tool_output(stream.thread_id, "too late"))


@pytest.mark.parametrize("begin", ["answered twice", "nothing pending", "new thread"])
def test_result_that_nothing_waits_for_is_400(client: Client, begin: str) -> None:
    steps = call() if begin == "answered twice" else ["text", "hello"]
    with client.create(script(steps)) as stream:
        stream.all()
    if begin == "answered twice":
        client.tool_output(stream.thread_id, "once").all()
    body = refused(lambda: client.tool_output(stream.thread_id, "twice"))
    assert body["code"] == "invalid"
    _, rows = client.read(stream.thread_id)
    assert len([row for row in rows if row["type"] == "client_tool_call"]) == (begin == "answered twice")


def test_result_for_a_running_turn_is_a_notice(client: Client) -> None:
    with client.create(script(call(), ["count", 200, 0.02])) as stream:
        stream.until("thread.item.done", 2)
        with client.tool_output(stream.thread_id, "early") as early:
            assert [event["type"] for event in early.all()] == ["notice"]
        client.who.stop(stream.turn_id)


def test_pending_call_after_a_reload_is_there_and_not_answered(client: Client) -> None:
    with client.create(script(call())) as stream:
        stream.all()
    _, rows = client.read(stream.thread_id)
    assert rows[1]["status"] == "pending"
    heard = client.say(script(["prompt"]), stream.thread_id).texts()[-1]
    assert "in the browser" not in heard


# Structured input


def asked(client: Client) -> tuple[str, str]:
    """A thread with questions that wait: its id and theirs."""
    with client.create(script(["text", "I need to know"], ASK)) as stream:
        stream.all()
    return stream.thread_id, stream.thread.of_kind("structured_input")[0]["id"]


def answers(**values: list[str]) -> Any:
    return {name: {"values": own, "skipped": not own} for name, own in values.items()}


def test_questions_are_answered_in_place_and_begin_a_turn(client: Client) -> None:
    thread_id, item_id = asked(client)
    with client.answer(
        thread_id, item_id, answers(size=["small", "large"], tops=["figs", "nuts"], note=[])
    ) as s:
        told = s.all()
    assert [event["type"] for event in told[:2]] == ["stream_options", "thread.item.replaced"]
    item = told[1]["item"]
    assert item["status"] == "answered"
    assert [own["answer"] for own in item["inputs"]] == [
        {"values": ["small"], "skipped": False},
        {"values": ["figs", "nuts"], "skipped": False},
        {"values": [], "skipped": True},
    ]
    assert given(s.thread.texts()[-1])["trigger"] == "structured_input"
    same(client, thread_id)


def test_questions_can_be_skipped_as_a_whole(client: Client) -> None:
    thread_id, item_id = asked(client)
    with client.answer(thread_id, item_id, answers(size=["small"]), status="skipped") as stream:
        stream.all()
    item = stream.thread.of_kind("structured_input")[0]
    assert item["status"] == "skipped"
    assert all(own["answer"] == {"values": [], "skipped": True} for own in item["inputs"])
    same(client, thread_id)


def test_answers_to_questions_that_were_not_asked_are_dropped(client: Client) -> None:
    thread_id, item_id = asked(client)
    with client.answer(thread_id, item_id, answers(nobody=["x"], note=["two", "words"])) as stream:
        stream.all()
    item = stream.thread.of_kind("structured_input")[0]
    assert [own["id"] for own in item["inputs"]] == ["size", "tops", "note"]
    assert "nobody" not in json.dumps(item)
    same(client, thread_id)


def test_answers_are_in_the_prompt_of_the_next_message(client: Client) -> None:
    thread_id, item_id = asked(client)
    client.answer(thread_id, item_id, answers(size=["large"])).all()
    heard = client.say(script(["prompt"]), thread_id).texts()[-1]
    assert "Which size? large" in heard
    assert "(skipped)" in heard


def test_questions_are_answered_once(client: Client) -> None:
    thread_id, item_id = asked(client)
    client.answer(thread_id, item_id, answers(size=["small"])).all()
    other = Client(client.who)
    refused(lambda: other.answer(thread_id, item_id, answers(size=["large"])))
    _, rows = client.read(thread_id)
    found = next(row for row in rows if row["type"] == "structured_input")
    assert found["inputs"][0]["answer"]["values"] == ["small"]


def test_answers_to_something_else_are_refused(client: Client, new_client: NewClient) -> None:
    thread_id, item_id = asked(client)
    question = next(iter(client.threads[thread_id].items))
    refused(lambda: client.answer(thread_id, question, {}))
    refused(lambda: client.answer(thread_id, "itm_of_nobody", {}), 404)
    refused(lambda: client.answer(client.say("x").thread["id"], item_id, {}), 404)
    refused(lambda: new_client().answer(thread_id, item_id, {}), 404)
    refused(lambda: client.answer(thread_id, item_id, {"size": {"values": [1]}}))
    refused(lambda: client.answer(thread_id, item_id, {}, status="maybe"))
    same(client, thread_id)


def test_questions_that_nobody_answered_stay_answerable_behind_a_message(client: Client) -> None:
    thread_id, item_id = asked(client)
    client.say("something else first", thread_id)
    client.answer(thread_id, item_id, answers(size=["small"])).all()
    same(client, thread_id)
