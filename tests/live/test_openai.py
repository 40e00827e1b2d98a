"""Both dialects of the kind `openai` on a started server: one text through every door, reasoning in passing, a stop that
reaches the model's server."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.live.clients import events, issue
from tests.live.doors import DOORS
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess
from tests.upstream.chunks import text_of
from tests.upstream.model_server import ModelServer

SAID = {
    "responses": "Grüße, 😀 and 👩‍🚀!\n\n- שלום\n",
    "responses_reasoning": "42",
    "reasoning": "Guten Tag!",
    "think_tags": "It makes text <b>bold</b>.",
    "chat.json": "uhrirm",
    "responses.json": "ihjhqg",
}
THOUGHTS = {
    "responses_reasoning": "Adding the numbers | Forty and two are to be added. The sum is 42. | Choosing the form | "
    "A number alone will do.",
    "reasoning": "The user greets me in German. | A short answer will do. 👩‍🚀",
    "think_tags": "Okay, so they ask about the <b> tag. | Let me see: a < b and </thinking> is none.",
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as running:
        yield running


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    server = start_server()
    rows = {}
    for name in SAID:
        api = "responses" if name.startswith("responses") else "chat"
        url = upstream.base_url("recording", name=name, write=200, delay_ms=5)
        parameters = {"api": api, "think_tags": name == "think_tags"}
        rows[model_of(name)] = {"base_url": url, "model": "m", "parameters": parameters}
    slow = upstream.base_url("ok", tokens=2000, delay_ms=20)
    rows["slow"] = {"base_url": slow, "model": "m", "parameters": {"api": "responses"}}
    rows["whole"] = {"base_url": upstream.base_url("ok"), "model": "m", "parameters": {"api": "responses"}}
    add_models(server, rows)
    return server


def model_of(name: str) -> str:
    return name.replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("door", sorted(DOORS))
@pytest.mark.parametrize("name", sorted(SAID))
def test_answer_is_the_same_through_every_door_and_stored(
    server: ServerProcess, name: str, door: str
) -> None:
    user = issue(server, "openai-doors", model=model_of(name))
    said = DOORS[door](user, "hi")
    assert (said.text, said.code) == (SAID[name], "")
    turn = user.turn(said.turn_id)
    assert (turn["text"], turn["usage"]["estimated"]) == (SAID[name], False)
    assert [item["text"] for item in user.items(user.thread_id)] == ["hi", SAID[name]]


@pytest.mark.parametrize("name", sorted(THOUGHTS))
def test_reasoning_is_told_before_the_text_and_kept_nowhere(server: ServerProcess, name: str) -> None:
    user = issue(server, "openai-reasons", model=model_of(name))
    with user.post("/api/chat/stream", {"message": "hi", "events": True}, stream=True) as answer:
        told = list(events(answer))
    types = [event.type for event in told]
    assert types.index("progress") < types.index("delta")
    assert all(event.data["text"] in THOUGHTS[name] for event in told if event.type == "progress")
    assert [item["text"] for item in user.items(user.thread_id)] == ["hi", SAID[name]]
    assert told[-1].data["text"] == SAID[name]


def test_earlier_turns_reach_the_responses_api(server: ServerProcess, upstream: FaultyUpstream) -> None:
    user = issue(server, "openai-history", model="whole")
    assert user.ask("one")["response"] == text_of(20)
    user.ask("two")
    assert [(item["role"], item["content"]) for item in upstream.state()["body"]["input"]] == [
        ("user", "one"),
        ("assistant", text_of(20)),
        ("user", "two"),
    ]


def test_stop_hangs_up_on_the_responses_api(server: ServerProcess, upstream: FaultyUpstream) -> None:
    upstream.forget()
    user = issue(server, "openai-stop", model="slow")
    with user.post("/api/chat/stream", {"message": "hi", "events": True}, stream=True) as answer:
        for event in events(answer):
            if event.type == "delta":
                user.stop(event.data["turn_id"])
                begun = time.monotonic()
                break
        upstream.seconds_until(open=0, hung_up=1)
    assert time.monotonic() - begun < 5
    assert text_of(2000).startswith(user.ended(event.data["turn_id"])["text"])


def test_real_model_has_the_earlier_turns_over_the_responses_api(
    server: ServerProcess, model_server: ModelServer
) -> None:
    row = {
        "base_url": f"{model_server.base_url}/responses",
        "model": model_server.model,
        "parameters": {"max_output_tokens": 24},
        "system_prompt": "You speak in small letters.",
    }
    add_models(server, {"served": row})
    user, said = issue(server, "openai-served", model="served"), [("system", "You speak in small letters.")]
    for question in ("Grüße aus Köln, 👩‍🚀 שלום", "And then?"):
        said.append(("user", question))
        answer = user.ask(question)
        usage = user.turn(answer["turn_id"])["usage"]
        assert (usage["input_tokens"], usage["output_tokens"]) == (model_server.prompt_tokens(said), 24)
        said.append(("assistant", answer["response"]))
