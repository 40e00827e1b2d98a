"""The openai provider against a model server that others wrote."""

from __future__ import annotations

import re

from chat_app.domain.errors import UpstreamError, UpstreamRefused
from chat_app.providers.base import RouteConfig, UsageChunk
from tests.chat_app.providers.conftest import ask
from tests.upstream.model_server import ModelServer


def route(server: ModelServer, model: str = "") -> RouteConfig:
    return RouteConfig("m", "openai", server.base_url, model or server.model, parameters=server.parameters)


async def test_conversation_has_its_earlier_turns_in_the_prompt(model_server: ModelServer) -> None:
    said: list[str] = []
    for question in ("Hello", "Grüße, 👩‍🚀", "and then?"):
        said.append(question)
        answer = await ask(route(model_server), *said)
        assert answer.error is None
        assert re.fullmatch("[a-z ]+", answer.text)
        spoken = zip(("user", "assistant") * 3, said, strict=False)
        assert answer.usage == [UsageChunk(model_server.prompt_tokens(spoken), 24)]
        said.append(answer.text)


async def test_tokens_arrive_while_the_model_still_writes(model_server: ModelServer) -> None:
    assert len((await ask(route(model_server))).pieces) > 5


async def test_unknown_model_is_refused_in_our_words(model_server: ModelServer) -> None:
    answer = await ask(route(model_server, "no/such-model"))
    assert type(answer.error) is UpstreamRefused
    assert "no/such-model" not in answer.error.detail


async def test_prompt_that_breaks_the_model_is_an_error_in_our_words(model_server: ModelServer) -> None:
    answer = await ask(route(model_server), "x" * 9000)
    assert (type(answer.error), answer.text) == (UpstreamError, "")
    assert "index" not in str(answer.error)
