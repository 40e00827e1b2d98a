"""The Responses API: what is asked for, and what its events mean."""

from __future__ import annotations

import json

import pytest

from chat_app.domain.errors import UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRefused
from chat_app.domain.prompt import Message, Prompt
from chat_app.providers.base import RouteConfig, UsageChunk
from chat_app.providers.openai.answer import Answer
from chat_app.providers.openai.responses import ResponsesAnswer, body
from chat_app.providers.sse import Event
from tests.chat_app.providers.conftest import ask, prompt
from tests.upstream.faulty import Upstream, text_of


def route(base_url: str = "http://h/v1", **parameters: object) -> RouteConfig:
    return RouteConfig("m", "openai", base_url, "tiny", "", {"api": "responses", **parameters})


def said(kind: str, **fields: object) -> Event:
    return b"", json.dumps({"type": kind, "sequence_number": 1, **fields}).encode()


def heard(*events: Event, last: bool = False) -> tuple[Answer, str]:
    """An answer that took those events, and its text."""
    answer = ResponsesAnswer(route())
    return answer, answer.take(events, last=last)


def test_body_has_instructions_and_input_and_stores_nothing() -> None:
    asked = Prompt((Message("system", "Be brief."), Message("user", "one"), Message("assistant", "two")))
    assert body(route(), asked) == {
        "model": "tiny",
        "stream": True,
        "store": False,
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}],
    }


def test_parameters_go_into_the_body_but_never_replace_the_prompt() -> None:
    asked = route(
        store=None, model="x", input=[], stream=False, instructions="no", reasoning={"effort": "low"}
    )
    assert body(asked, Prompt((Message("system", "Be brief."), Message("user", "hi")))) == {
        "model": "tiny",
        "stream": True,
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "hi"}],
        "reasoning": {"effort": "low"},
    }


def test_instructions_of_the_route_stand_where_the_prompt_has_none() -> None:
    assert body(route(instructions="Be kind."), prompt("hi"))["instructions"] == "Be kind."


def test_system_prompt_is_a_message_where_instructions_are_taken_away() -> None:
    made = body(route(instructions=None), Prompt((Message("system", "Be brief."), Message("user", "hi"))))
    assert "instructions" not in made
    assert made["input"][0] == {"role": "system", "content": "Be brief."}


async def test_base_url_alone_chooses_the_api(upstream: Upstream) -> None:
    url = f"{upstream.base_url('ok')}/responses"
    answer = await ask(RouteConfig("m", "openai", url, "tiny"), "one", "two", "three")
    assert (answer.text, answer.usage) == (text_of(20), [UsageChunk(3, 20)])
    assert [item["role"] for item in upstream.state.body["input"]] == ["user", "assistant", "user"]


def test_unknown_events_are_passed_over() -> None:
    answer, text = heard(
        said("response.created", response={"usage": None, "error": None}),
        said("response.function_call_arguments.delta", delta="{}"),
        said("response.audio.delta", delta={"odd": 1}, code=7),
        said("keepalive"),
        said("response.output_text.delta", delta="a"),
        said("response.output_text.annotation.added", annotation={}),
        said("response.output_text.done", text="a"),
    )
    assert (text, answer.failure, answer.finished, answer.thoughts) == ("a", None, False, [])


@pytest.mark.parametrize("kind", ["response.completed", "response.incomplete"])
def test_end_of_a_response_is_the_end_and_gives_its_usage(kind: str) -> None:
    usage = {"input_tokens": 3, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 5}}
    answer, text = heard(said("response.output_text.delta", delta="a"), said(kind, response={"usage": usage}))
    assert (text, answer.ended, answer.usage) == ("a", True, UsageChunk(3, 9))


def test_connection_that_ends_before_the_response_breaks_it_off() -> None:
    answer, text = heard(said("response.output_text.delta", delta="a"), last=True)
    assert text == "a"
    assert str(answer.failure) == "The model's answer broke off before its end."


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (said("error", code="rate_limit_exceeded", message="secret", param=None), UpstreamBusy),
        (said("error", error={"type": "too_many_requests", "code": "too_many_requests"}), UpstreamBusy),
        (said("error", message="secret"), UpstreamError),
        (said("error", code=503), UpstreamDown),
        (said("error", code=None, error=None), UpstreamError),
        (said("response.failed", response={"error": {"code": "server_error"}}), UpstreamError),
        (said("response.failed", response={"error": {"code": "invalid_prompt"}}), UpstreamRefused),
        (said("response.failed", response={"error": {"code": "image_too_large"}}), UpstreamRefused),
        (said("response.failed"), UpstreamError),
        (said("response.cancelled", response={"error": None}), UpstreamError),
        ((b"", b'{"error": {"code": "rate_limit_exceeded"}}'), UpstreamBusy),
    ],
)
def test_error_in_the_stream_is_the_trees_and_keeps_the_text(event: Event, kind: type[UpstreamError]) -> None:
    answer, text = heard(said("response.output_text.delta", delta="a"), event)
    assert (type(answer.failure), text) == (kind, "a")
    assert "secret" not in str(answer.failure)


def test_refused_prompt_is_no_sign_of_a_sick_route() -> None:
    answer, _ = heard(said("response.failed", response={"error": {"code": "invalid_prompt"}}))
    assert answer.failure is not None
    assert answer.failure.of_request
