"""Servers written with ChatKit's SDK, run unchanged by a started server: through /chatkit, and at its other doors too."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tests.live.chatkit.client import Client, Refused
from tests.live.chatkit.conftest import OFF, same
from tests.live.chatkit.servers import SECRET
from tests.live.clients import Session, events, issue, open_socket
from tests.live.routes import FaultyUpstream, add_models
from tests.servers import Launcher, ServerProcess, wait_until

NAMES = {"quick": "QuickStart", "agent": "Assistant", "slow-agent": "SlowAssistant", "shop": "Shop"}
_users = count()
NewClient = Callable[[str], Client]


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    """A server whose models are the SDK's servers and no other."""
    server = start_server(
        CHAT_RESPONDERS=",".join(f"{k}=tests.live.chatkit.servers.{v}" for k, v in NAMES.items()),
        AGENT_URL=upstream.base_url("ok").partition("?")[0],
    )
    server.manage("shell", "-c", OFF)
    add_models(server, {name: {"provider": "python", "model": name, "api_key": ""} for name in NAMES})
    return server


@pytest.fixture
def new(server: ServerProcess) -> NewClient:
    return lambda model: Client(issue(server, f"of-servers-{next(_users)}", model=model))


def session(client: Client) -> Session:
    assert isinstance(client.who, Session)
    return client.who


def begun(client: Client, text: str, words: str = " items ") -> Any:
    """A stream of which so much has come."""
    stream = client.create(text)
    while words not in "".join(stream.thread.texts()[1:]):
        stream.until("assistant_message.content_part.text_delta")
    return stream


def test_quick_start_answers_in_one_thread_at_every_door(new: NewClient) -> None:
    client = new("quick")
    thread = client.say("hello")
    who, thread_id = session(client), thread.thread["id"]
    user = thread.texts()[-1].split(" said ")[0]
    assert thread.texts()[-1] == f"{user} said hello behind 0 items"
    assert thread.thread["title"] == "About hello"
    rest = who.ask("again", thread_id=thread_id)
    assert rest["response"] == f"{user} said again behind 2 items"
    with who.post(
        "/api/chat/stream", {"message": "x", "thread_id": thread_id, "events": True}, stream=True
    ) as sse:
        assert list(events(sse))[-1].data["text"] == f"{user} said x behind 4 items"
    assert "behind 6 items" in who.post("/api/chat/stream", {"message": "y", "thread_id": thread_id}).text
    with open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
        socket.send(type="message", text="z", thread_id=thread_id)
        assert socket.until("response")["text"] == f"{user} said z behind 8 items"
    client.opened(thread_id)
    assert len(client.threads[thread_id].texts()) == 10
    same(client, thread_id)


def test_agent_is_given_the_whole_history_however_long(new: NewClient, upstream: FaultyUpstream) -> None:
    client = new("agent")
    thread = client.say("message 1")
    for number in range(2, 14):
        client.say(f"message {number}", thread.thread["id"])
    texts = client.threads[thread.thread["id"]].texts()
    assert texts[1::2] == ["0001 0002 0003 0004 0005 "] * 13
    told = [m for m in upstream.state()["body"]["messages"] if m["role"] != "system"]
    assert len(told) == 25
    assert "message 13" in str(told[-1]["content"])
    assert len(set(client.threads[thread.thread["id"]].items)) == 26
    same(client, thread.thread["id"])


def test_stop_hangs_up_on_the_agents_model_and_keeps_what_was_said(
    new: NewClient, upstream: FaultyUpstream
) -> None:
    upstream.forget()
    client = new("slow-agent")
    stream = begun(client, "count", "0003")
    assert session(client).post(f"/api/turns/{stream.turn_id}/cancel").status_code == 202
    assert upstream.seconds_until(open=0, hung_up=1) < 0.2
    stream.all()
    held = client.opened(stream.thread_id)
    assert held.texts()[-1].startswith("0001 0002 0003 ")
    kinds = [item["type"] for item in held.items.values()]
    assert kinds == ["user_message", "assistant_message"]  # the note for the model is kept, and not shown
    told = client.add(stream.thread_id, "go on")
    told.until("assistant_message.content_part.text_delta")
    assert "cancelled" in str(upstream.state()["body"]["messages"])
    told.hang_up()
    session(client).stop(told.turn_id)


def test_reload_in_mid_answer_shows_it_as_far_as_it_came_and_it_goes_on(new: NewClient) -> None:
    client = new("quick")
    stream = begun(client, "slow")
    stream.hang_up()
    reloaded = client.opened(stream.thread_id)
    partial = reloaded.texts()[-1]
    assert "said slow behind" in partial
    session(client).ended(stream.turn_id)
    whole = client.opened(stream.thread_id).texts()[-1]
    assert whole.startswith(partial)
    assert len(whole.split()) == 6 * 20
    assert len(client.threads[stream.thread_id].items) == 2


def test_rename_in_mid_answer_stays(new: NewClient) -> None:
    client = new("quick")
    stream = begun(client, "slow", " items ")
    client.call("threads.update", thread_id=stream.thread_id, title="Mine")
    session(client).stop(stream.turn_id)
    assert client.read(stream.thread_id)[0]["title"] == "Mine"


def test_retry_takes_the_place_of_the_answer(new: NewClient) -> None:
    client = new("quick")
    thread = client.say("hello")
    before = list(thread.items)
    client.retry(thread.thread["id"], before[0]).all()
    after = list(thread.items)
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
    assert thread.texts()[-1].endswith("behind 0 items")
    same(client, thread.thread["id"])


def test_action_replaces_the_widget_and_tells_the_model_alone(new: NewClient) -> None:
    client = new("shop")
    thread = client.say("widget")
    (widget,) = thread.of_kind("widget")
    assert widget["widget"]["children"][0]["value"] == "three"
    stream = client.act(thread.thread["id"], widget["id"], "buy", {"n": 2})
    stream.all()
    assert sorted(stream.kinds()) == ["stream_options", "thread.item.done", "thread.item.replaced"]
    assert thread.of_kind("widget")[0]["widget"]["children"][0]["value"] == "bought 2"
    assert thread.texts()[-1] == "did buy"
    same(client, thread.thread["id"])
    who = session(client)
    shown = [
        who.get(f"/api/threads/{thread.thread['id']}/{path}").text for path in ("items", "export?as=json")
    ]
    assert not any(SECRET in text for text in shown)
    rows = f"I.objects.filter(thread='{thread.thread['id']}').values_list('data')"
    stored = who.server.manage("shell", "-c", f"from chat_app.models import Item as I; print(list({rows}))")
    assert SECRET in stored


def test_action_that_needs_no_answer_ends_well(new: NewClient) -> None:
    client = new("shop")
    thread = client.say("widget")
    stream = client.act(thread.thread["id"], None, "nothing")
    stream.all()
    assert stream.kinds() == ["stream_options"]
    assert thread.errors == []


def test_sync_action_gives_the_widget_back_and_keeps_it(new: NewClient) -> None:
    client = new("shop")
    thread = client.say("widget")
    (widget,) = thread.of_kind("widget")
    action = {"type": "pick", "payload": {"n": 5}}
    params = {"thread_id": thread.thread["id"], "item_id": widget["id"], "action": action}
    updated = client.call("threads.sync_custom_action", **params)["updated_item"]
    assert (updated["id"], updated["widget"]["children"][0]["value"]) == (widget["id"], "picked 5")
    assert client.read(thread.thread["id"])[1][-1]["widget"]["children"][0]["value"] == "picked 5"


def test_client_tool_and_questions_lead_on(new: NewClient) -> None:
    client = new("shop")
    client.tools["pick"] = lambda arguments: {"picked": arguments["of"]}
    thread = client.say("tool")
    assert [call["call_id"] for call in client.fired] == ["call_1"]
    assert thread.texts()[-1] == "completed with {'picked': 3}"
    thread_id = thread.thread["id"]
    client.say("questions", thread_id)
    (asked,) = thread.of_kind("structured_input")
    client.answer(thread_id, asked["id"], {"q": {"values": ["seven"]}}).all()
    assert thread.texts()[-1] == "answered with ['seven']"
    assert thread.of_kind("structured_input")[0]["status"] == "answered"
    client.opened(thread_id)
    same(client, thread_id)


@pytest.mark.parametrize(
    ("do", "kind"), [("widget", "widget"), ("workflow", "workflow"), ("sources", "assistant_message")]
)
def test_what_was_streamed_is_what_is_stored(new: NewClient, do: str, kind: str) -> None:
    client = new("shop")
    thread = client.say(do)
    (item,) = thread.of_kind(kind)
    if kind == "workflow":
        assert [t["status_indicator"] for t in item["workflow"]["tasks"]] == ["complete"] * 2
    if do == "sources":
        assert item["content"][0]["annotations"][0]["source"]["filename"] == "book.pdf"
    same(client, thread.thread["id"])


def test_asides_reach_the_page(new: NewClient) -> None:
    thread = new("shop").say("asides")
    assert thread.kinds["progress_update"] == 1
    assert thread.effects == [("confetti", {"n": 3})]
    assert [n["message"] for n in thread.notices] == ["This is old."]


def test_thread_that_the_server_locks_takes_nothing_more(new: NewClient) -> None:
    client = new("shop")
    thread = client.say("lock")
    assert thread.thread["status"] == {"type": "locked", "reason": "That is all."}
    client.say("widget", thread.thread["id"])
    assert thread.errors[-1]["message"] == "That is all."
    assert len(client.read(thread.thread["id"])[1]) == 2


def test_what_the_server_tells_of_a_failure_is_told_with_its_retry(new: NewClient) -> None:
    client = new("shop")
    thread = client.say("refuse")
    assert [(e["message"], e["allow_retry"]) for e in thread.errors] == [("Not before noon.", True)]
    answer = session(client).post("/api/chat", {"message": "refuse"})
    assert (answer.json()["detail"], answer.json()["retryable"]) == ("Not before noon.", True)


def test_feedback_and_dictation_reach_the_server(new: NewClient) -> None:
    client = new("shop")
    thread = client.say("asides")
    params = {"thread_id": thread.thread["id"], "item_ids": list(thread.items)[1:], "kind": "negative"}
    client.call("items.feedback", **params)
    assert client.read(thread.thread["id"])[0]["title"] == "negative 1"
    audio = base64.b64encode(b"sound").decode()
    text = client.call("input.transcribe", audio_base64=audio, mime_type="audio/webm;codecs=opus")["text"]
    assert text.endswith("spoke audio/webm")


def test_stranger_finds_nothing_of_a_servers_thread(new: NewClient) -> None:
    owner, stranger = new("shop"), new("shop")
    thread = owner.say("widget")
    thread_id, widget = thread.thread["id"], thread.of_kind("widget")[0]["id"]
    action = {"type": "buy", "payload": {"n": 1}}
    calls: list[Callable[[], Any]] = [
        lambda: stranger.read(thread_id),
        lambda: stranger.act(thread_id, widget, "buy", {"n": 1}),
        lambda: stranger.add(thread_id, "widget"),
        lambda: stranger.retry(thread_id, widget),
        lambda: stranger.call("items.feedback", thread_id=thread_id, item_ids=[widget], kind="positive"),
        lambda: stranger.call(
            "threads.sync_custom_action", thread_id=thread_id, item_id=widget, action=action
        ),
    ]
    for call in calls:
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.status == 404
    assert stranger.listed() == []
    own = stranger.say("widget")
    with pytest.raises(Refused):  # another's widget within a thread of one's own
        stranger.act(own.thread["id"], widget, "buy", {"n": 1})
    same(owner, thread_id)


def test_answer_survives_the_worker_that_wrote_it(start_server: Launcher, server: ServerProcess) -> None:
    named = {name: server.env[name] for name in ("CHAT_RESPONDERS", "AGENT_URL")}
    first = start_server(**named)
    first.manage("shell", "-c", OFF)
    add_models(first, {"quick": {"provider": "python", "model": "quick", "api_key": ""}})
    client = Client(issue(first, "of-a-crash", model="quick"))
    stream = begun(client, "slow")
    time.sleep(1.2)  # until a checkpoint
    first.signal(9)
    first.process.wait(10)
    kept = {name: first.env[name] for name in ("DATABASE_URL", "ENCRYPTION_KEYS")}
    second = start_server(port=first.port, **named, **kept)
    again = Client(Session(second, session(client).headers))
    wait_until(lambda: again.who.turn(stream.turn_id)["state"] == "interrupted", "the turn's end", 30)
    held = again.opened(stream.thread_id)
    assert "said slow behind 0 items" in held.texts()[-1]
    retried = again.retry(stream.thread_id, next(iter(held.items)))
    retried.until("assistant_message.content_part.text_delta")
    assert len(held.texts()) == 2
