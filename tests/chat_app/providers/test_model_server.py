"""The openai provider against a model server that others wrote."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from chat_app.domain.errors import UpstreamError, UpstreamRefused
from chat_app.domain.prompt import FilePart, Message, Prompt
from chat_app.providers.base import RouteConfig, UsageChunk
from chat_app.providers.registry import provider
from tests.chat_app.providers.conftest import ask
from tests.upstream.model_server import ModelServer

LIMIT = {"chat": "max_tokens", "responses": "max_output_tokens"}
both = pytest.mark.parametrize("api", sorted(LIMIT))


def route(server: ModelServer, api: str, model: str = "") -> RouteConfig:
    parameters = {"api": api, LIMIT[api]: server.parameters["max_tokens"]}
    return RouteConfig("m", "openai", server.base_url, model or server.model, parameters=parameters)


@both
async def test_conversation_has_its_earlier_turns_in_the_prompt(model_server: ModelServer, api: str) -> None:
    said: list[str] = []
    for question in ("Hello", "Grüße, 👩‍🚀", "and then?"):
        said.append(question)
        answer = await ask(route(model_server, api), *said)
        assert answer.error is None
        assert re.fullmatch("[a-z ]+", answer.text)
        spoken = zip(("user", "assistant") * 3, said, strict=False)
        assert answer.usage == [UsageChunk(model_server.prompt_tokens(spoken), 24)]
        said.append(answer.text)


@both
async def test_system_prompt_comes_before_the_question(model_server: ModelServer, api: str) -> None:
    messages = (Message("system", "Be brief."), Message("user", "hi"))
    chunks = [c async for c in provider("openai").stream(route(model_server, api), Prompt(messages))]
    spoken = [("system", "Be brief."), ("user", "hi")]
    assert chunks[-1] == UsageChunk(model_server.prompt_tokens(spoken), 24)


@both
async def test_tokens_arrive_while_the_model_still_writes(model_server: ModelServer, api: str) -> None:
    assert len((await ask(route(model_server, api))).pieces) > 5


@both
async def test_text_file_is_read_as_text(model_server: ModelServer, api: str) -> None:
    message = Message("user", "hi", (FilePart("a.txt", "text/plain", b"abc"),))
    chunks = [c async for c in provider("openai").stream(route(model_server, api), Prompt((message,)))]
    spoken = [("user", "[File: a.txt]\nabc\n[End of a.txt]\n\nhi")]
    assert chunks[-1] == UsageChunk(model_server.prompt_tokens(spoken), 24)


@both
async def test_unknown_model_is_refused_in_our_words(model_server: ModelServer, api: str) -> None:
    answer = await ask(route(model_server, api, "no/such-model"))
    assert type(answer.error) is UpstreamRefused
    assert "no/such-model" not in answer.error.detail


@both
async def test_prompt_that_breaks_the_model_is_an_error_in_our_words(
    model_server: ModelServer, api: str
) -> None:
    answer = await ask(route(model_server, api), "x" * 9000)
    assert (type(answer.error), answer.text) == (UpstreamError, "")
    assert "index" not in str(answer.error)


@both
async def test_field_that_the_server_does_not_know_is_refused(model_server: ModelServer, api: str) -> None:
    odd = replace(route(model_server, api), parameters={"api": api, "no_such_field": 1})
    answer = await ask(odd)
    assert answer.error is not None
    assert (answer.error.code, answer.error.of_request) == ("upstream_refused", True)
