"""The examples, switched on as their README says, on a started server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.live.clients import Session, events, issue
from tests.live.routes import FaultyUpstream, faulty_upstream
from tests.parts import BASE_DIR
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

README = (BASE_DIR / "examples" / "README.md").read_text()


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as running:
        yield running


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    named = re.search(r"^export CHAT_RESPONDERS=(\S+)$", README, re.M)
    assert named
    url = upstream.base_url("ok").partition("?")[0]
    server = start_server(CHAT_RESPONDERS=named[1], OPENAI_BASE_URL=url, OPENAI_API_KEY="none")
    assert "cannot be imported" not in server.manage("check")
    server.manage("sync_models", "examples/responders.toml")
    return server


@pytest.fixture
def who(server: ServerProcess, request: pytest.FixtureRequest) -> Session:
    return issue(server, f"reader of {request.node.name}")


def test_every_file_is_told_of() -> None:
    files = {path.name for path in (BASE_DIR / "examples").iterdir() if path.suffix in (".py", ".toml")}
    assert files == set(re.findall(r"^\| \[([\w.]+)\]", README, re.M))


def test_function_answers(who: Session) -> None:
    assert who.ask("hello", model="shout")["response"] == "HELLO"


def test_generator_answers_piece_by_piece(who: Session) -> None:
    asked = {"message": "go", "model": "count", "events": True}
    with who.post("/api/chat/stream", asked, stream=True) as answer:
        deltas = [event.data["text"] for event in events(answer) if event.type == "delta"]
    assert "".join(deltas) == "1 2 3 4 5 6 7 8 9 10 "
    assert len(deltas) > 3


def test_search_finds_what_this_person_said_and_nobody_else(who: Session, server: ServerProcess) -> None:
    issue(server, "somebody else").ask("milk of theirs", model="shout")
    for _ in range(6):
        who.ask("milk", model="shout")
    asked = {"message": "MILK", "model": "search", "events": True}
    with who.post("/api/chat/stream", asked, stream=True) as answer:
        seen = list(events(answer))
    assert {"progress", "notice"} <= {event.type for event in seen}
    card = next(item for item in who.items(who.thread_id) if item["type"] == "widget")
    assert [line["value"] for line in card["data"]["widget"]["children"]] == ["milk"] * 5
    assert seen[-1].data["text"] == "You said it 5 times."


def test_search_that_finds_nothing_says_so(who: Session) -> None:
    assert who.ask("never said before", model="search")["response"] == "You never said that here."


def test_agent_answers_by_its_models_server(who: Session, upstream: FaultyUpstream) -> None:
    said = who.ask("Count.", model="agent")
    assert (said["response"], said["model"]) == (text_of(20), "agent")
    assert said["usage"]["output_tokens"] == 20
    asked = upstream.state()["body"]
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["conversations"]


def test_chatkit_server_answers_and_its_action_reaches_the_model(
    who: Session, server: ServerProcess, upstream: FaultyUpstream
) -> None:
    said = who.ask("Teach me.", model="cards")
    assert said["response"] == text_of(20)
    front = {"type": "turn", "payload": {"front": "2 + 2?", "back": "4", "turned": True}}
    params = {"thread_id": said["thread_id"], "action": front}
    assert who.post("/chatkit", {"type": "threads.custom_action", "params": params}).status_code == 200
    who.ask("And now?", model="cards", thread_id=said["thread_id"])
    assert [m["role"] for m in upstream.state()["body"]["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
