"""Python that answers turns itself, on a started server: every door, storing, retry, stop, failures, fallback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.live.clients import Session, events, issue, open_socket
from tests.live.doors import DOORS, Door
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess, wait_until

SCRIPTED = ("rich", "upper", "heard", "endless", "endless_sync", "slow", "fails", "rubbish", "silent")
NAMES = {name: f"tests.live.responders.{name}" for name in SCRIPTED} | {
    "agent": "tests.live.agent_over_the_wire.answer",
    "lost": "tests.live.responders.not_there",
}
TEXT = "before after"
ITEMS = [
    ("assistant_message", "before after", None),
    ("widget", "", {"widget": {"type": "Card", "n": 3}}),
    ("of_an_unknown_kind", "", {"n": 1}),
]
NewUser = Callable[..., Session]
_users = count()


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as running:
        yield running


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream, traces: Path) -> ServerProcess:
    """A server whose models are all Python; the demo, which would answer in their place, is switched off."""
    server = start_server(
        CHAT_RESPONDERS=",".join(f"{name}={path}" for name, path in NAMES.items()),
        AGENT_URL=upstream.base_url("ok").partition("?")[0],
    )
    traced = {"parameters": {"traces": str(traces)}}
    rows: dict[str, dict[str, Any]] = {name: {"model": name} for name in ("rich", "upper", "heard", "agent")}
    rows |= {name: {"model": name, **traced} for name in ("endless", "endless_sync", "slow")}
    rows |= {
        "bug": {"model": "fails"},
        "bug-midway": {"model": "fails", "parameters": {"first": "half"}, "fallbacks": ["upper"]},
        "busy": {"model": "fails", "parameters": {"busy": True}},
        "rubbish": {"model": "rubbish"},
        "silent": {"model": "silent", "timeout_first_token": 0.5},
        "covered": {"model": "fails", "fallbacks": ["upper"]},
        "lost": {"model": "lost", "fallbacks": ["upper"]},
        "misfit": {"model": "upper", "parameters": {"colour": 1}, "fallbacks": ["upper"]},
    }
    server.manage(
        "shell", "-c", "from chat_app.models import ModelConfig as M; M.objects.update(enabled=False)"
    )
    add_models(server, {name: {"provider": "python", "api_key": "", **row} for name, row in rows.items()})
    return server


@pytest.fixture
def new_user(server: ServerProcess) -> NewUser:
    return lambda model: issue(server, f"of-responders-{next(_users)}", model=model)


@pytest.fixture(params=list(DOORS.values()), ids=list(DOORS))
def door(request: pytest.FixtureRequest) -> Door:
    chosen: Door = request.param
    return chosen


def stored(who: Session) -> list[tuple[str, str, Any]]:
    """The answer items of the session's thread."""
    items = who.items(who.thread_id)
    assert len({item["id"] for item in items}) == len(items)
    return [(i["type"], i.get("text", ""), i.get("data")) for i in items if i["type"] != "user_message"]


def begun(traces: Path, name: str) -> bool:
    return (traces / name).exists()


def test_rich_answer_is_the_same_through_every_door_and_stored(new_user: NewUser, door: Door) -> None:
    who = new_user("rich")
    said = door(who, "hello")
    assert (said.text, said.code) == (TEXT, "")
    turn = who.turn(said.turn_id)
    assert (turn["state"], turn["text"], turn["model"]) == ("completed", TEXT, "rich")
    assert (turn["usage"]["input_tokens"], turn["usage"]["output_tokens"]) == (11, 22)
    assert stored(who) == ITEMS


def test_typed_stream_shows_what_passes_and_stores_none_of_it(new_user: NewUser) -> None:
    who = new_user("rich")
    with who.post("/api/chat/stream", {"message": "hello", "events": True}, stream=True) as answer:
        seen = list(events(answer))
    kinds = [event.type for event in seen]
    assert kinds[:4] == ["turn", "progress", "notice", "effect"]
    assert kinds[-1] == "completed"
    by_kind = {event.type: event.data for event in seen}
    assert (by_kind["progress"]["text"], by_kind["progress"]["icon"]) == ("Looking it up", "search")
    assert (by_kind["notice"]["level"], by_kind["notice"]["detail"]) == ("warning", "This is old.")
    assert (by_kind["effect"]["name"], by_kind["effect"]["data"]) == ("confetti", {"n": 3})
    widgets = [e.data["item"] for e in seen if e.type == "item" and e.data["item"]["type"] == "widget"]
    assert [w["data"]["widget"]["n"] for w in widgets] == [1, 2, 1, 3]
    assert by_kind["item_removed"]["item_id"] == widgets[2]["id"]
    items = [item["id"] for item in who.items(who.thread_id)]
    assert widgets[0]["id"] in items
    assert widgets[2]["id"] not in items


def test_socket_shows_what_passes(new_user: NewUser) -> None:
    who = new_user("rich")
    seen = []
    with open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
        socket.send(type="message", id="1", text="hello")
        while (told := socket.receive())["type"] != "response":
            seen.append(told["type"])
    assert told["text"] == TEXT
    assert {"progress", "notice", "effect", "item", "item_removed", "delta"} <= set(seen)


@pytest.mark.parametrize("place", ["", "?after=0", "?after=2"])
def test_follow_after_the_end_gives_all_items(new_user: NewUser, place: str) -> None:
    who = new_user("rich")
    turn_id = who.ask("hello")["turn_id"]
    with who.get(f"/api/turns/{turn_id}/events{place}", stream=True) as answer:
        assert answer.status_code == 200
        seen = list(events(answer))
    shown: dict[str, Any] = {}
    for event in seen:
        match event.type:
            case "snapshot":
                shown = {item["id"]: item for item in event.data["items"]}
            case "item":
                shown[event.data["item"]["id"]] = event.data["item"]
            case "item_removed":
                shown.pop(event.data["item_id"])
    assert seen[-1].type == "completed"
    assert [(i["type"], i["text"], i.get("data")) for i in shown.values()] == ITEMS
    assert list(shown) == [i["id"] for i in who.items(who.thread_id) if i["type"] != "user_message"]


def test_follow_on_a_server_that_did_not_run_it_gives_all_items(
    new_user: NewUser, server: ServerProcess, start_server: Launcher
) -> None:
    who = new_user("rich")
    turn_id = who.ask("hello")["turn_id"]
    other = start_server(DATABASE_URL=server.env["DATABASE_URL"])
    with Session(other, who.headers).get(f"/api/turns/{turn_id}/events", stream=True) as answer:
        snapshot, ending = events(answer)
    shown = [(i["type"], i["text"], i.get("data")) for i in snapshot.data["items"]]
    assert (snapshot.type, shown, ending.type) == ("snapshot", ITEMS, "completed")


def test_follower_in_mid_answer_begins_with_a_snapshot_of_the_items(new_user: NewUser) -> None:
    who = new_user("endless")
    turn_id, _ = who.begin("go")
    wait_until(lambda: "on on" in who.turn(turn_id)["text"], "the answer", 5)
    with who.get(f"/api/turns/{turn_id}/events", stream=True) as answer:
        first = next(events(answer))
    assert first.type == "snapshot"
    assert [item["type"] for item in first.data["items"]] == ["widget", "assistant_message"]
    who.stop(turn_id)


def test_retry_takes_the_place_of_all_items_and_the_next_prompt_has_the_text(new_user: NewUser) -> None:
    who = new_user("rich")
    first = who.ask("hello")["turn_id"]
    before = {item["id"] for item in who.items(who.thread_id) if item["type"] != "user_message"}
    again = who.post(f"/api/turns/{first}/retry").json()
    who.ended(again.get("id") or again["turn_id"])
    assert stored(who) == ITEMS
    assert not before & {item["id"] for item in who.items(who.thread_id)}
    heard = who.ask("and now?", model="heard")["response"].splitlines()
    assert heard[0] == "user: hello"
    assert heard[1] == "assistant: before after"
    assert heard[-2] == "user: and now?"
    assert heard[-1].endswith(f"items of {heard[-1].split()[-1]}")


def test_function_with_the_orm_answers(new_user: NewUser, door: Door) -> None:
    assert door(new_user("upper"), "loud").text == "LOUD 1"


@pytest.mark.parametrize(
    ("model", "ended"), [("endless", "async generator ended"), ("endless_sync", "sync generator ended")]
)
def test_stop_ends_a_generator_and_keeps_what_was_shown(
    new_user: NewUser, traces: Path, model: str, ended: str
) -> None:
    who = new_user(model)
    (traces / ended).unlink(missing_ok=True)
    turn_id, _ = who.begin("go")
    wait_until(lambda: "on on" in who.turn(turn_id)["text"], "the answer", 5)
    assert not begun(traces, ended)
    turn = who.stop(turn_id)
    assert turn["state"] == "cancelled"
    wait_until(lambda: begun(traces, ended), "the generator's end", 5)
    kinds = {"endless": ["widget", "assistant_message"], "endless_sync": ["assistant_message"]}[model]
    assert [kind for kind, _, _ in stored(who)] == kinds
    assert stored(who)[-1][1] == turn["text"]


def test_stop_does_not_wait_for_a_function_and_drops_its_result(new_user: NewUser, traces: Path) -> None:
    who = new_user("slow")
    turn_id, _ = who.begin("go")
    wait_until(lambda: begun(traces, "function began"), "the function", 5)
    assert who.stop(turn_id)["state"] == "cancelled"
    assert not begun(traces, "function ended")
    wait_until(lambda: begun(traces, "function ended"), "the function's end", 10)
    assert stored(who) == []
    assert who.ask("still there?", model="upper")["response"] == "STILL THERE? 1"


def test_stop_hangs_up_on_the_model_of_an_agent(new_user: NewUser, upstream: FaultyUpstream) -> None:
    upstream.forget()
    who = new_user("agent")
    turn_id, _ = who.begin("go")
    wait_until(lambda: who.turn(turn_id)["text"] != "", "the agent's first text", 20)
    assert upstream.state()["open"] == 1
    turn = who.stop(turn_id)
    upstream.seconds_until(open=0, hung_up=1)
    assert (turn["state"], turn["text"][:10]) == ("cancelled", "0001 0002 ")


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("bug", "upstream_error"),
        ("busy", "upstream_busy"),
        ("rubbish", "upstream_error"),
        ("silent", "upstream_timeout"),
    ],
)
def test_failure_before_the_first_text_is_refused_by_its_code(
    new_user: NewUser, model: str, code: str
) -> None:
    who = new_user(model)
    began = time.monotonic()
    answer = who.post("/api/chat/stream", {"message": "x", "events": True})
    assert (answer.json()["code"], answer.json()["retryable"]) == (code, True)
    assert answer.headers.get("Retry-After") == ("7" if model == "busy" else None)
    assert "author" not in answer.text
    assert time.monotonic() - began < 10
    assert stored(who) == []


def test_failure_after_the_first_text_keeps_it_and_begins_nothing_anew(new_user: NewUser) -> None:
    who = new_user("bug-midway")
    with who.post("/api/chat/stream", {"message": "x", "events": True}, stream=True) as answer:
        seen = list(events(answer))
    last = seen[-1]
    assert (last.type, last.data["code"], last.data["text"]) == ("failed", "upstream_error", "half")
    assert "author" not in last.data["detail"]
    assert sum(event.type == "turn" for event in seen) == 1
    assert [kind for kind, _, _ in stored(who)] == ["assistant_message"]


def test_log_names_what_was_wrong_for_staff(new_user: NewUser) -> None:
    for model in ("rubbish", "bug"):
        who = new_user(model)
        who.post("/api/chat", {"message": "x"})
        logs = who.server.logs()
        assert ("a responder gave dict" if model == "rubbish" else "a-bug-of-the-author") in logs


@pytest.mark.parametrize(
    ("model", "reason"),
    [("covered", "upstream_error"), ("lost", "not_configured"), ("misfit", "not_configured")],
)
def test_next_route_answers_where_a_responder_cannot(new_user: NewUser, model: str, reason: str) -> None:
    who = new_user(model)
    with who.post("/api/chat/stream", {"message": "hi", "events": True}, stream=True) as answer:
        seen = list(events(answer))
    chosen = [event.data for event in seen if event.type == "turn"][-1]
    assert (chosen["model"], chosen["reason"]) == ("upper", reason)
    assert "".join(event.data["text"] for event in seen if event.type == "delta") == "HI 1"
    assert [a["model"] for a in who.turn(chosen["turn_id"])["attempts"]] == [model, "upper"]
