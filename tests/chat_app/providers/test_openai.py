"""The kind `openai` against an upstream that fails on purpose, and what chat completions are asked for."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.prompt import Message, Prompt
from chat_app.providers.base import RouteConfig, TextChunk, Timeouts
from chat_app.providers.openai.chat import body
from chat_app.providers.openai.provider import DIALECTS, OpenAIProvider, url
from tests.chat_app.providers.conftest import SHORT, Answer, ask, prompt
from tests.upstream.faulty import Upstream, closed_ports, text_of

PATIENT = Timeouts()
FAILURES: list[tuple[str, type[UpstreamError], str]] = [
    ("reset", UpstreamDown, ""),
    ("cut_off", UpstreamDown, text_of(20)),
    ("hang", UpstreamTimeout, ""),
    ("hang_after_headers", UpstreamTimeout, ""),
    ("hang_midway", UpstreamTimeout, text_of(20)),
    ("comments", UpstreamTimeout, ""),
    ("html", UpstreamError, ""),
    ("truncated", UpstreamError, text_of(20)),
    ("malformed", UpstreamError, text_of(2)),
    ("error_in_stream", UpstreamError, text_of(20)),
    ("redirect", UpstreamRefused, ""),
    ("400", UpstreamRefused, ""),
    ("401", UpstreamRefused, ""),
    ("403", UpstreamRefused, ""),
    ("404", UpstreamRefused, ""),
    ("408", UpstreamTimeout, ""),
    ("429", UpstreamBusy, ""),
    ("500", UpstreamDown, ""),
    ("503", UpstreamDown, ""),
    ("504", UpstreamTimeout, ""),
]


def route(base_url: str, *, key: str = "", timeouts: Timeouts = PATIENT, **parameters: object) -> RouteConfig:
    return RouteConfig("m", "openai", base_url, "tiny", key, parameters, timeouts)


async def of(upstream: Upstream, fault: str, timeouts: Timeouts = PATIENT, **knobs: Any) -> Answer:
    return await ask(route(upstream.base_url(fault, **knobs), timeouts=timeouts))


@pytest.mark.parametrize("api", sorted(DIALECTS))
@pytest.mark.parametrize(("fault", "kind", "text"), FAILURES)
async def test_fault_is_mapped_and_keeps_what_was_said(
    upstream: Upstream, fault: str, kind: type[UpstreamError], text: str, api: str
) -> None:
    timeouts = SHORT if kind is UpstreamTimeout else PATIENT
    answer = await ask(route(upstream.base_url(fault), timeouts=timeouts, api=api))
    assert (type(answer.error), answer.text) == (kind, text)
    assert "secret" not in str(answer.error)
    await upstream.until(open=0)


@pytest.mark.parametrize("fault", ["no_done", "no_finish"])
async def test_answer_with_one_sign_of_its_end_is_whole(upstream: Upstream, fault: str) -> None:
    answer = await of(upstream, fault)
    assert (answer.text, answer.error) == (text_of(20), None)


async def test_finished_answer_on_an_open_connection_does_not_wait_long(upstream: Upstream) -> None:
    answer = await ask(route(upstream.base_url("no_done_and_open"), timeouts=Timeouts(idle=60)))
    assert (answer.text, answer.error) == (text_of(20), None)
    await upstream.until(open=0)


async def test_refused_connection_is_down() -> None:
    answer = await ask(route(f"http://127.0.0.1:{next(closed_ports())}/v1"))
    assert type(answer.error) is UpstreamDown


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2099 07:28:00 GMT", 86_400.0), ("soon", None)]
)
async def test_busy_tells_when_to_come_back(upstream: Upstream, value: str, seconds: float | None) -> None:
    answer = await of(upstream, "429", retry_after=value)
    assert answer.error is not None
    assert (answer.error.code, answer.error.retry_after) == ("upstream_busy", seconds)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("429", UpstreamBusy),
        (503, UpstreamDown),
        ("rate_limit_exceeded", UpstreamBusy),
        ("odd", UpstreamError),
    ],
)
async def test_error_object_in_the_stream_is_mapped_by_its_code(
    upstream: Upstream, code: object, kind: type[UpstreamError]
) -> None:
    assert type((await of(upstream, "error_in_stream", code=code)).error) is kind


async def test_too_long_a_conversation_is_said_in_words(upstream: Upstream) -> None:
    answer = await of(upstream, "400", code="context_length_exceeded")
    assert str(answer.error) == "The conversation is too long for this model."


async def test_log_names_the_code_and_nothing_of_the_body(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "chat_app.providers"):
        await ask(route(upstream.base_url("401"), key="sk-hush"))
    assert "some_code" in caplog.text
    assert "secret-of-the-upstream" not in caplog.text
    assert "sk-hush" not in caplog.text


async def test_megabyte_in_one_line_arrives_whole(upstream: Upstream) -> None:
    answer = await of(upstream, "big_line")
    assert (len(answer.text), answer.error) == (1024 * 1024, None)


async def test_line_beyond_the_limit_is_refused(upstream: Upstream) -> None:
    answer = await of(upstream, "big_line", size=5_000_000)
    assert type(answer.error) is UpstreamError
    await upstream.until(open=0)


@pytest.mark.parametrize("api", sorted(DIALECTS))
async def test_nul_and_lone_surrogates_are_replaced_and_cut_pairs_mended(
    upstream: Upstream, api: str
) -> None:
    answer = await ask(route(upstream.base_url("surrogates"), api=api))
    assert (answer.text, answer.error) == ("a\ufffdbc\ufffdde😀f", None)


async def test_burst_is_merged_into_few_chunks(upstream: Upstream) -> None:
    answer = await of(upstream, "burst", tokens=1000)
    assert answer.text == text_of(1000)
    assert len(answer.pieces) < 50


async def test_first_text_comes_before_the_answer_is_whole(upstream: Upstream) -> None:
    stream = OpenAIProvider().stream(route(upstream.base_url("ok", tokens=100, delay_ms=20)), prompt("hi"))
    first = await anext(stream)
    assert first == TextChunk(text_of(1))
    assert upstream.state.open == 1
    await stream.aclose()


async def test_slow_drip_outlives_first_token_and_idle(upstream: Upstream) -> None:
    timeouts = Timeouts(first_token=0.5, idle=0.5, total=60)
    answer = await ask(route(upstream.base_url("ok", tokens=10, delay_ms=60), timeouts=timeouts))
    assert (answer.text, answer.error) == (text_of(10), None)


async def test_closing_the_generator_hangs_up_at_once(upstream: Upstream) -> None:
    stream = OpenAIProvider().stream(
        route(upstream.base_url("hang_midway"), timeouts=Timeouts()), prompt("hi")
    )
    await anext(stream)
    await stream.aclose()
    await upstream.until(open=0, hung_up=1)


async def test_cancel_before_the_first_byte_hangs_up(upstream: Upstream) -> None:
    task = asyncio.create_task(ask(route(upstream.base_url("hang"), timeouts=Timeouts())))
    await upstream.until(open=1)
    task.cancel()
    await upstream.until(open=0, hung_up=1)


@pytest.mark.parametrize("api", sorted(DIALECTS))
async def test_whole_answers_share_a_connection(upstream: Upstream, api: str) -> None:
    for _ in range(5):
        await ask(route(upstream.base_url(), api=api))
        await asyncio.sleep(0.05)
    assert len(upstream.state.peers) < 3


async def test_earlier_turns_and_key_reach_the_upstream(upstream: Upstream) -> None:
    await ask(route(upstream.base_url(), key=" sk-1 "), "one", "two", "שלום 👩‍🚀")
    assert upstream.state.authorization == "Bearer sk-1"
    assert upstream.state.body["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "שלום 👩‍🚀"},
    ]


@pytest.mark.parametrize(
    ("base", "api"), [("http://127.0.0.1:9/v1", "soap"), ("http://[bad", "chat"), ("", "chat")]
)
async def test_route_that_cannot_be_asked_is_refused(base: str, api: str) -> None:
    assert type((await ask(route(base, api=api))).error) is UpstreamRefused


async def test_no_key_sends_no_authorization(upstream: Upstream) -> None:
    await of(upstream, "ok")
    assert upstream.state.authorization == ""


def test_parameters_go_into_the_body_but_never_replace_the_prompt() -> None:
    asked = route(
        "http://x/v1",
        temperature=0.2,
        stream_options=None,
        model="other",
        stream=False,
        messages=[],
        api="chat",
        think_tags=True,
    )
    assert body(asked, Prompt((Message("system", "Be brief."), Message("user", "hi")))) == {
        "model": "tiny",
        "stream": True,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "temperature": 0.2,
    }
    assert body(route("http://x/v1"), prompt("hi"))["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("base", "full"),
    [
        ("http://h:1/v1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
        ("https://h", "https://h/chat/completions"),
        ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/d?api-version=1", "https://h/d/chat/completions?api-version=1"),
        ("https://h/v1/responses", "https://h/v1/responses"),
        ("https://h/responses/?api-version=1", "https://h/responses/?api-version=1"),
    ],
)
def test_url_is_the_base_and_the_path(base: str, full: str) -> None:
    assert str(url(route(base))) == full


def test_url_follows_the_parameter() -> None:
    assert str(url(route("http://h:1/v1", api="responses"))) == "http://h:1/v1/responses"
    assert str(url(route("http://h:1/v1", api="chat"))) == "http://h:1/v1/chat/completions"


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (RouteConfig("m", "openai", "", "x"), "base URL"),
        (RouteConfig("m", "openai", "ftp://h/v1", "x"), "http"),
        (RouteConfig("m", "openai", "http://10.0.0.1/v1", "x"), "10.0.0.1"),
        (RouteConfig("m", "openai", "https://h/v1", ""), "model name"),
        (RouteConfig("m", "openai", "https://api.openai.com/v1", "x"), "key"),
        (RouteConfig("m", "openai", "https://h/v1", "x", "k\ney"), "character"),
        (RouteConfig("m", "openai", "https://h/v1", "x", parameters={"api": "soap"}), '"responses"'),
        (RouteConfig("m", "openai", "https://h/v1", "x", parameters={"api": ["chat"]}), '"responses"'),
        (RouteConfig("m", "openai", "https://h/responses", "x", parameters={"api": "chat"}), "another API"),
    ],
)
def test_missing_says_what_is_absent(config: RouteConfig, word: str) -> None:
    assert word in (OpenAIProvider().missing(config) or "")


def test_missing_is_none_for_a_whole_route() -> None:
    assert OpenAIProvider().missing(route("http://127.0.0.1:8080/v1")) is None
    assert OpenAIProvider().missing(route("https://api.openai.com/v1", key="sk-1")) is None
