"""One conversation by way of /chatkit, REST and a WebSocket: one thread, whichever door asks and whichever reads."""

from __future__ import annotations

from typing import Any

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import same
from tests.live.chatkit.player import script
from tests.live.clients import events, open_socket

MIXED = [
    ["text", "by "],
    ["done", "w", "widget", shapes.widget()],
    ["done", "m", "assistant_message", {}, "parts"],
]


def asked(socket: Any, text: str, thread_id: str) -> Any:
    socket.send(type="message", id=text, text=text, thread_id=thread_id)
    return socket.until("response", "error")


def test_conversation_through_every_door_is_one_thread(client: Client) -> None:
    who: Any = client.who
    thread_id = client.say(script(["text", "by ChatKit"])).thread["id"]
    rest = who.ask(script(["text", "by REST"]), thread_id=thread_id)
    with open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
        by_socket = asked(socket, script(["text", "by WebSocket"]), thread_id)
    with who.post(
        "/api/chat/stream",
        {"message": script(["text", "by SSE"]), "thread_id": thread_id, "events": True},
        stream=True,
    ) as answer:
        *_, last = events(answer)
    said = ["by ChatKit", "by REST", "by WebSocket", "by SSE"]
    assert [rest["response"], by_socket["text"], last.data["text"]] == said[1:]
    held = client.opened(thread_id)
    assert held.texts()[1::2] == said
    heard = client.say(script(["heard", *said]), thread_id).texts()[-1]
    assert heard == "[true, true, true, true]"
    same(client, thread_id)
    items = who.items(thread_id)
    assert [item["id"] for item in items] == list(held.items)
    assert len(client.listed()) == len(who.get("/api/threads").json()["data"]) == 1


def test_answer_of_chatkit_is_followed_and_stopped_by_the_other_doors(client: Client) -> None:
    who: Any = client.who
    with client.create(script(["done", "w", "widget", shapes.widget()], ["count", 500, 0.02])) as stream:
        stream.until("assistant_message.content_part.text_delta", 3)
        assert who.get(f"/api/threads/{stream.thread_id}").json()["active_turn_id"] == stream.turn_id
        with open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
            socket.until("ready")
            socket.send(type="follow", thread_id=stream.thread_id)
            socket.until("delta")
            socket.send(type="cancel", turn_id=stream.turn_id)
            stream.all()
    assert who.turn(stream.turn_id)["state"] == "cancelled"
    same(client, stream.thread_id)


def test_answer_of_rest_is_read_and_replaced_by_chatkit(client: Client) -> None:
    who: Any = client.who
    turn_id, thread_id = who.begin(script(["done", "w", "widget", shapes.widget()], ["count", 30, 0.02]))
    with client.add(thread_id, "me too") as stream:
        assert stream.all()[0]["type"] == "notice"
    assert who.ended(turn_id)["state"] == "completed"
    held = client.opened(thread_id)
    question = next(iter(held.items))
    with client.retry(thread_id, question) as stream:
        stream.all()
    assert stream.turn_id != turn_id
    same(client, thread_id)
    assert [item["type"] for item in who.items(thread_id)] == ["user_message", "widget", "assistant_message"]


def test_rename_of_rest_is_there_and_stays(client: Client) -> None:
    who: Any = client.who
    thread_id = client.say("hello").thread["id"]
    with client.add(thread_id, script(["sleep", 0.3], ["thread", {"status": "locked"}])) as stream:
        stream.until("stream_options")
        assert who.call("PATCH", f"/api/threads/{thread_id}", {"title": "By REST"}).status_code == 200
        stream.all()
    assert stream.thread.thread["title"] == "By REST"
    same(client, thread_id)


def test_message_of_parts_has_its_text_everywhere(client: Client) -> None:
    who: Any = client.who
    parts = {"content": [shapes.part("One "), shapes.part("Two", shapes.annotation())]}
    thread = client.say(script(["done", "m", "assistant_message", parts]))
    thread_id = thread.thread["id"]
    assert who.items(thread_id)[1]["text"] == "One Two"
    assert who.get("/api/threads", params={"q": "One Two"}).json()["data"][0]["id"] == thread_id
    assert client.say(script(["heard", "One Two"]), thread_id).texts()[-1] == "[true]"
    same(client, thread_id)
