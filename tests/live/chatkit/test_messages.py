"""What comes with a message and what is done about one: models, tools, quotes, tags; actions, feedback, dictation, locks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests

from tests.live.cast import log_in
from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Refused
from tests.live.chatkit.conftest import NewClient, same
from tests.live.chatkit.player import script
from tests.live.clients import Caller, bearer
from tests.servers import ServerProcess

WIDGET = ["done", "w", "widget", shapes.widget(shapes.button())]
HEARD = script(["prompt"])


def refused(do: Callable[[], Any]) -> tuple[int, Any]:
    with pytest.raises(Refused) as found:
        do()
    return found.value.status, found.value.body


def options(**of: Any) -> Any:
    return {"inference_options": of}


# Models and tools


def test_model_of_a_message_answers_it_and_is_shown_with_it(client: Client) -> None:
    with client.create(script(["given"]), **options(model="members")) as stream:
        stream.all()
    assert client.who.turn(stream.turn_id)["model"] == "members"
    assert next(iter(stream.thread.items.values()))["inference_options"] == {"model": "members"}
    same(client, stream.thread_id)


def test_tool_that_was_chosen_reaches_the_model(client: Client) -> None:
    thread = client.say(script(["given"]), **options(tool_choice={"id": "search"}))
    assert json.loads(thread.texts()[-1])["tool"] == "search"
    shown = next(iter(thread.items.values()))["inference_options"]
    assert shown == {"tool_choice": {"id": "search"}}
    same(client, thread.thread["id"])


@pytest.mark.parametrize(
    ("chosen", "status", "code"),
    [
        ({"model": "nobody-has-this"}, 400, "unknown_model"),
        ({"model": "demo"}, 400, "unknown_model"),  # switched off
        ({"tool_choice": {"id": "rm -rf"}}, 400, "invalid"),
        ({"model": "members", "tool_choice": {"id": "search"}}, 400, "invalid"),
    ],
)
def test_what_is_not_on_the_list_is_refused_and_stores_nothing(
    client: Client, chosen: Any, status: int, code: str
) -> None:
    told, body = refused(lambda: client.create("hello", **options(**chosen)))
    assert (told, body["code"]) == (status, code)
    thread_id = client.say("hello").thread["id"]
    refused(lambda: client.add(thread_id, "hello", **options(**chosen)))
    same(client, thread_id)
    assert len(client.listed()) == 1


def test_guest_may_not_choose_a_model_of_the_members(kit: ServerProcess) -> None:
    answer = Caller(kit).post("/api/custom/session")
    guest = Client(Caller(kit, bearer(answer.json()["client_secret"])))
    status, body = refused(lambda: guest.create("hello", **options(model="members")))
    assert (status, body["code"]) == (403, "forbidden")
    assert guest.say("hello", **options(model="player")).texts()


def test_model_that_is_down_is_an_error_event_and_the_message_stays(new_client: NewClient) -> None:
    client = new_client(model="player")
    for _ in range(2):
        with client.create("hello", **options(model="down")) as stream:
            assert stream.all()[-1]["type"] == "error"
        assert stream.response.status_code == 200
        assert client.tries == 1
        same(client, stream.thread_id)


# Quotes and tags


def test_quoted_text_and_tags_are_shown_and_reach_the_prompt(client: Client) -> None:
    data = {"email": "ada@example.com", "empty": None}
    tag = {
        "type": "input_tag",
        "id": "u1",
        "text": "@Ada",
        "data": data,
        "group": "People",
        "interactive": True,
    }
    content = [{"type": "input_text", "text": f"{HEARD}"}]
    thread = client.say("", content=[{"type": "input_text", "text": "Ask "}, tag], quoted_text="One\nTwo")
    thread_id, shown = thread.thread["id"], next(iter(thread.items.values()))
    assert shown["content"] == [{"type": "input_text", "text": "Ask "}, tag]
    assert shown["quoted_text"] == "One\nTwo"
    heard = client.say("", thread_id, content=content).texts()[-1]
    first = json.loads(heard)[0][1]
    assert first.startswith("> One\n> Two\n\nAsk @Ada")
    assert "ada@example.com" in first
    same(client, thread_id)


def test_parts_of_a_message_are_one_text_elsewhere(client: Client) -> None:
    parts = [{"type": "input_text", "text": text} for text in ("Hello ", "there")]
    thread = client.say("", content=parts)
    assert client.who.items(thread.thread["id"])[0]["text"] == "Hello there"
    assert thread.thread["title"] == "Hello there"
    same(client, thread.thread["id"])


@pytest.mark.parametrize("message", [{"content": []}, {"content": [{"type": "input_text", "text": " \n"}]}])
def test_empty_message_is_400(client: Client, message: Any) -> None:
    assert refused(lambda: client.create("", **message))[0] == 400
    assert client.listed() == []


def test_text_of_any_kind_comes_back_exactly(client: Client) -> None:
    text = 'Two  spaces\r\n\t "quoted" \\ \u2028 \u202e é 👩‍🚀 </script> data: x\n\nid: 1'
    thread = client.say(script(["text", text]))
    assert thread.texts()[1] == text
    assert client.say(text, thread.thread["id"]).texts()[2] == text
    same(client, thread.thread["id"])


# Actions


def test_action_has_its_sender_and_may_change_it(client: Client) -> None:
    thread = client.say(script(WIDGET))
    thread_id, widget = thread.thread["id"], list(thread.items)[-1]
    with client.act(thread_id, widget, "go", {"n": 1, "empty": None}) as stream:
        stream.all()
    told = json.loads(thread.texts()[-1])
    assert told["action"] == {"type": "go", "payload": {"n": 1, "empty": None}}
    assert (told["trigger"], told["item"]["kind"]) == ("action", "widget")
    client.act(thread_id, widget, "go", script(["change", widget, "widget", shapes.widget()])).all()
    assert thread.items[widget]["widget"] == shapes.card()
    same(client, thread_id)


def test_action_of_the_page_itself_has_no_sender(client: Client) -> None:
    thread = client.say("hello")
    client.act(thread.thread["id"], None, "go").all()
    assert "item" not in json.loads(thread.texts()[-1])
    same(client, thread.thread["id"])


def test_action_that_says_nothing_ends_without_an_error(client: Client) -> None:
    thread = client.say(script(WIDGET))
    with client.act(thread.thread["id"], None, "go", script()) as stream:
        assert [event["type"] for event in stream.all()] == ["stream_options"]
    same(client, thread.thread["id"])


def test_sync_action_replaces_its_sender_also_while_an_answer_is_written(client: Client) -> None:
    thread = client.say(script(WIDGET))
    thread_id, widget = thread.thread["id"], list(thread.items)[-1]

    def sync(kind: str, payload: Any = None) -> Any:
        action = {"type": kind, "payload": payload}
        return client.call("threads.sync_custom_action", thread_id=thread_id, item_id=widget, action=action)

    with client.add(thread_id, script(["count", 30, 0.02])) as stream:
        stream.until("assistant_message.content_part.text_delta")
        changed = sync("change", shapes.card(shapes.words("Changed")))
        thread.items[widget] = changed["updated_item"]
        stream.all()
    assert changed["updated_item"]["id"] == widget
    assert changed["updated_item"]["widget"] == shapes.card(shapes.words("Changed"))
    same(client, thread_id)
    assert sync("nothing") == {}
    for kind in ("bug", "hide"):
        assert refused(partial(sync, kind))[0] == 502
    same(client, thread_id)


def test_sync_action_changes_a_widget_of_the_answer_that_is_being_written(client: Client) -> None:
    steps: list[list[Any]] = [WIDGET, ["added", "v", "widget", shapes.widget()], ["count", 50, 0.02]]
    with client.create(script(*steps)) as stream:
        stream.until("assistant_message.content_part.text_delta")
        whole, going_on = list(stream.thread.items)[1:3]
        action = {"type": "change", "payload": shapes.card(shapes.words("Changed"))}
        about = {"thread_id": stream.thread_id, "action": action}
        assert (
            client.call("threads.sync_custom_action", item_id=whole, **about)["updated_item"]["id"] == whole
        )
        assert stream.until("thread.item.replaced")["item"]["id"] == whole
        assert refused(lambda: client.call("threads.sync_custom_action", item_id=going_on, **about))[0] == 404
        stream.all()
    assert stream.thread.items[whole]["widget"] == action["payload"]
    same(client, stream.thread_id)


def test_action_from_what_cannot_act_is_refused(client: Client) -> None:
    thread = client.say("hello")
    thread_id, (question, _) = thread.thread["id"], list(thread.items)
    for operation, call in (
        ("threads.custom_action", client.stream),
        ("threads.sync_custom_action", client.call),
    ):
        for item_id, status in ((question, 400), ("itm_of_nobody", 404)):
            about = {"thread_id": thread_id, "item_id": item_id, "action": {"type": "go"}}
            assert refused(partial(call, operation, **about))[0] == status
    same(client, thread_id)


def test_model_that_takes_no_actions_says_so(new_client: NewClient) -> None:
    client = new_client(model="drips")
    with client.create("go") as stream:
        stream.until("assistant_message.content_part.text_delta")
        client.who.stop(stream.turn_id)
        stream.all()
    status, body = refused(lambda: client.act(stream.thread_id, None, "go"))
    assert (status, "does not take actions" in body["message"]) == (400, True)


# Feedback and dictation


def test_feedback_is_kept_heard_and_seen_in_the_admin(client: Client, kit: ServerProcess) -> None:
    thread = client.say(script(["text", "worth a thumb"], WIDGET))
    thread_id, (question, answer, widget) = thread.thread["id"], list(thread.items)
    other = Client(client.who).say("x")
    strange = list(other.items)[1]
    for kind in ("negative", "positive", "positive"):
        ids = [answer, widget, question, strange, "msg_of_nobody"]
        assert client.call("items.feedback", thread_id=thread_id, item_ids=ids, kind=kind) == {}
    kept = {item["id"]: item.get("feedback") for item in client.who.items(thread_id)}
    assert kept == {question: None, answer: "positive", widget: "positive"}
    assert "feedback" not in client.who.items(other.thread["id"])[1]
    page = requests.get(f"{kit.url}/admin/chat_app/feedback/", headers={"Cookie": log_in(kit)}, timeout=10)
    assert "worth a thumb" in page.text
    code = f"from chat_app.models import Thread; print(Thread.objects.get(pk={thread_id!r}).metadata)"
    heard = kit.manage("shell", "-c", code)
    assert f"'ids': ['{answer}', '{widget}'], 'kind': 'positive'" in heard


def test_feedback_on_too_many_items_is_400(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    ids = [str(n) for n in range(40_000)]
    assert (
        refused(lambda: client.call("items.feedback", thread_id=thread_id, item_ids=ids, kind="positive"))[0]
        == 400
    )


def test_dictation_is_the_responders_where_it_hears(client: Client) -> None:
    audio = base64.b64encode(b"RIFF" * 10).decode()
    heard = client.call("input.transcribe", audio_base64=audio, mime_type="audio/webm;codecs=opus")
    assert heard == {"text": "40 bytes of audio/webm;codecs=opus"}
    assert (
        refused(lambda: client.call("input.transcribe", audio_base64="no base64!", mime_type="audio/mp4"))[0]
        == 400
    )


# Threads


@pytest.mark.parametrize("status", ["locked", "closed"])
def test_thread_that_is_not_open_takes_nothing_more_and_says_why(client: Client, status: str) -> None:
    items = [
        ["done", "q", "structured_input", shapes.QUESTIONS],
        WIDGET,
        ["done", "c", "client_tool_call", shapes.call()],
    ]
    with client.create(
        script(*items, ["thread", {"status": status, "reason": "Enough for today"}])
    ) as opening:
        opening.all()
    thread_id, (question, asked, widget, _) = opening.thread_id, list(opening.thread.items)
    attempts = [
        lambda: client.add(thread_id, "let me in"),
        lambda: client.act(thread_id, widget, "go"),
        lambda: client.tool_output(thread_id, 1),
        lambda: client.answer(thread_id, asked, {}),
        lambda: client.retry(thread_id, question),
    ]
    for attempt in attempts:
        with attempt() as stream:
            (event,) = stream.all()
        assert event == {
            "type": "error",
            "code": "custom",
            "message": "Enough for today",
            "allow_retry": False,
        }
    sync = {"thread_id": thread_id, "item_id": widget, "action": {"type": "nothing"}}
    assert refused(lambda: client.call("threads.sync_custom_action", **sync))[0] == 403
    same(client, thread_id)
    client.call("threads.update", thread_id=thread_id, title="Still mine to name")
    assert client.call("threads.delete", thread_id=thread_id) == {}


def test_thread_is_renamed_and_deleted(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    renamed = client.call("threads.update", thread_id=thread_id, title="Ours")
    assert renamed["title"] == "Ours"
    assert client.read(thread_id)[0]["title"] == "Ours"
    assert refused(lambda: client.call("threads.update", thread_id=thread_id, title="x" * 256))[0] == 400
    assert "title" not in client.call("threads.update", thread_id=thread_id, title="")
    client.call("threads.delete", thread_id=thread_id)
    assert refused(lambda: client.read(thread_id))[0] == 404
    assert refused(lambda: client.add(thread_id, "hello"))[0] == 404
    assert client.listed() == []


def test_message_over_the_limit_is_refused_and_one_at_it_is_not(client: Client) -> None:
    assert refused(lambda: client.create("x" * 100_001))[0] == 400
    assert len(client.say("x" * 100_000).texts()[0]) == 100_000
