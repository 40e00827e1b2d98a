"""Functions that a model calls, in both dialects: one call, whole, as a client tool of ours; and tools that a person chose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_app.domain.errors import UpstreamError
from chat_app.domain.events import ItemDone
from chat_app.domain.prompt import Given, Message, Prompt
from chat_app.providers.base import RouteConfig
from chat_app.providers.openai import chat, responses
from chat_app.providers.openai.answer import Answer
from chat_app.providers.openai.calls import Calls

FUNCTION = {"name": "pick_colour", "parameters": {"type": "object"}}
CHAT_TOOLS = [{"type": "function", "function": FUNCTION}]
RESPONSES_TOOLS = [{"type": "function", **FUNCTION}, {"type": "web_search"}]


def route(api: str = "chat", **parameters: object) -> RouteConfig:
    return RouteConfig("m", "openai", "http://h/v1", "tiny", "", {"api": api, **parameters})


def chosen(tool: str | None) -> Prompt:
    return Prompt((Message("user", "hi"),), given=Given(tool=tool))


def called(answer: Answer) -> dict[str, Any]:
    chunk = answer.calls.whole()
    assert chunk is not None
    assert isinstance(chunk.event, ItemDone)
    assert chunk.event.item.kind == "client_tool_call"
    return dict(chunk.event.item.data)


def delta(**fields: object) -> tuple[bytes, bytes]:
    return b"", json.dumps({"choices": [{"delta": {"tool_calls": [fields]}}]}).encode()


def test_call_in_pieces_becomes_one_client_tool() -> None:
    answer = chat.ChatAnswer(route())
    pieces = [
        delta(index=0, id="call_1", type="function", function={"name": "pick_colour", "arguments": ""}),
        delta(index=0, function={"arguments": '{"of": '}),
        delta(index=0, function={"arguments": '"sky"}'}),
    ]
    assert answer.take(pieces, last=False) == ""
    assert called(answer) == {
        "status": "pending", "call_id": "call_1", "name": "pick_colour", "arguments": {"of": "sky"},
    }  # fmt: skip


def test_first_of_several_calls_counts() -> None:
    answer = chat.ChatAnswer(route())
    several = [delta(index=n, id=f"c{n}", function={"name": f"f{n}", "arguments": "{}"}) for n in (1, 0)]
    answer.take(several, last=False)
    assert called(answer)["name"] == "f0"


def test_call_of_a_response_becomes_a_client_tool() -> None:
    answer = responses.ResponsesAnswer(route("responses"))
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "pick", "arguments": "{}"}
    event = json.dumps({"type": "response.output_item.done", "item": item}).encode()
    answer.take([(b"", event)], last=False)
    assert called(answer) == {"status": "pending", "call_id": "call_1", "name": "pick", "arguments": {}}


@pytest.mark.parametrize("kind", ["chat", "responses"])
def test_call_in_a_whole_answer_is_found(kind: str) -> None:
    call = {"id": "c", "call_id": "c", "name": "pick", "arguments": "{}"}
    if kind == "chat":
        answer: Answer = chat.ChatAnswer(route())
        message = {"content": None, "tool_calls": [{"id": "c", "function": call}]}
        answer.take_object(json.dumps({"choices": [{"message": message}]}).encode())
    else:
        answer = responses.ResponsesAnswer(route("responses"))
        whole = {"status": "completed", "output": [{"type": "function_call", **call}]}
        answer.take_object(json.dumps(whole).encode())
    assert called(answer)["call_id"] == "c"


@pytest.mark.parametrize("arguments", ["{", "[1]", "7", '"x"'])
def test_call_without_sense_is_an_error_of_the_model(arguments: str) -> None:
    calls = Calls()
    calls.hear(0, "c", "pick", arguments)
    with pytest.raises(UpstreamError):
        calls.whole()


def test_arguments_without_end_are_refused() -> None:
    calls = Calls()
    calls.hear(0, "c", "pick", "x" * 250_000)
    with pytest.raises(UpstreamError):
        calls.hear(0, "c", "pick", "x" * 20_000)


def test_arguments_are_made_fit_to_store() -> None:
    calls = Calls()
    calls.hear(0, "c", "pick", json.dumps({"a\x00": ["\ud800", 1, None]}))
    chunk = calls.whole()
    assert chunk is not None
    assert isinstance(chunk.event, ItemDone)
    assert chunk.event.item.data["arguments"] == {"a\ufffd": ["\ufffd", 1, None]}


def test_chosen_function_must_be_used() -> None:
    asked = chat.body(route(tools=CHAT_TOOLS), chosen("pick_colour"))
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "pick_colour"}}
    assert asked["parallel_tool_calls"] is False
    asked = responses.body(route("responses", tools=RESPONSES_TOOLS), chosen("pick_colour"))
    assert asked["tool_choice"] == {"type": "function", "name": "pick_colour"}


def test_chosen_built_in_tool_is_named_by_its_type() -> None:
    asked = responses.body(route("responses", tools=RESPONSES_TOOLS), chosen("web_search"))
    assert asked["tool_choice"] == {"type": "web_search"}


@pytest.mark.parametrize("tool", [None, "unheard of"])
def test_no_tool_is_forced_that_was_not_chosen_or_is_not_there(tool: str | None) -> None:
    assert "tool_choice" not in chat.body(route(tools=CHAT_TOOLS), chosen(tool))
    assert "parallel_tool_calls" not in chat.body(route(), chosen(tool))
