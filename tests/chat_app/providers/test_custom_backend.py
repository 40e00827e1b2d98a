"""Another backend of the examples' contract, played by one that fails on purpose: statuses, streams, cancelling."""

from __future__ import annotations

import asyncio
import logging

import pytest

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.prompt import FilePart, Message, Prompt
from chat_app.providers import http
from chat_app.providers.base import RouteConfig, TextChunk, Timeouts, UsageChunk
from chat_app.providers.custom.provider import CustomBackendProvider
from tests.chat_app.providers.conftest import SHORT, Answer, ask, prompt
from tests.upstream.faulty import Upstream, closed_ports, text_of

PATIENT = Timeouts()
FAILURES: list[tuple[str, str, type[UpstreamError], str]] = [
    ("reset", "plain", UpstreamDown, ""),
    ("cut_off", "plain", UpstreamDown, text_of(20)),
    ("cut_off", "typed", UpstreamDown, text_of(20)),
    ("truncated", "typed", UpstreamDown, text_of(20)),
    ("empty", "plain", UpstreamError, ""),
    ("hang", "plain", UpstreamTimeout, ""),
    ("hang_after_headers", "plain", UpstreamTimeout, ""),
    ("hang_midway", "plain", UpstreamTimeout, text_of(20)),
    ("html", "plain", UpstreamError, ""),
    ("malformed", "typed", UpstreamError, text_of(20)),
    ("error_in_stream", "plain", UpstreamError, text_of(20)),
    ("error_in_stream", "typed", UpstreamError, text_of(20)),
    ("redirect", "plain", UpstreamRefused, ""),
    ("400", "plain", UpstreamRefused, ""),
    ("403", "plain", UpstreamRefused, ""),
    ("404", "plain", UpstreamRefused, ""),
    ("408", "plain", UpstreamTimeout, ""),
    ("422", "plain", UpstreamRefused, ""),
    ("429", "plain", UpstreamBusy, ""),
    ("500", "plain", UpstreamDown, ""),
    ("503", "plain", UpstreamDown, ""),
    ("504", "plain", UpstreamTimeout, ""),
]


def route(base_url: str, *, key: str = "", timeouts: Timeouts = PATIENT, **parameters: object) -> RouteConfig:
    return RouteConfig("m", "custom", base_url, "", key, parameters, timeouts)


async def of(upstream: Upstream, fault: str, timeouts: Timeouts = PATIENT, **knobs: object) -> Answer:
    return await ask(route(upstream.base_url(fault, home="api", **knobs), timeouts=timeouts))


@pytest.mark.parametrize(
    ("fault", "framing"),
    [
        *(("ok", framing) for framing in ("plain", "done", "typed")),
        *(("open_at_the_end", framing) for framing in ("done", "typed")),
        *((fault, "plain") for fault in ("words", "whole", "no_stream")),
    ],
)
async def test_healthy_answer_is_whole_in_every_shape(upstream: Upstream, fault: str, framing: str) -> None:
    answer = await of(upstream, fault, framing=framing)
    assert (answer.text, answer.error) == (text_of(20), None)
    await upstream.until(open=0)


@pytest.mark.parametrize("write", [0, 1, 7])
@pytest.mark.parametrize("name", ["custom_typed", "custom_plain"])
async def test_recording_gives_its_text_over_a_socket(upstream: Upstream, name: str, write: int) -> None:
    answer = await of(upstream, "recording", name=name, write=write)
    assert (answer.text, answer.error) == ("Grüße, 😀 and 👩‍🚀!\n\n- שלום\n", None)
    assert answer.usage == ([UsageChunk(9, 7)] if name == "custom_typed" else [])


@pytest.mark.parametrize(("fault", "framing", "kind", "text"), FAILURES)
async def test_fault_is_mapped_and_keeps_what_was_said(
    upstream: Upstream, fault: str, framing: str, kind: type[UpstreamError], text: str
) -> None:
    answer = await of(upstream, fault, SHORT if kind is UpstreamTimeout else PATIENT, framing=framing)
    assert (type(answer.error), answer.text) == (kind, text)
    assert "secret" not in str(answer.error)
    await upstream.until(open=0)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (502, "upstream_refused", UpstreamRefused),
        (503, "upstream_busy", UpstreamBusy),
        (503, "unavailable", UpstreamDown),
        (504, "upstream_timeout", UpstreamTimeout),
        (429, "quota_exceeded", UpstreamBusy),
        (401, "unauthenticated", UpstreamRefused),
    ],
)
async def test_refusal_of_this_projects_kind_goes_by_its_code(
    upstream: Upstream, status: int, code: str, kind: type[UpstreamError]
) -> None:
    answer = await of(upstream, str(status), code=code, retry_after=7)
    assert answer.error is not None
    assert type(answer.error) is kind
    assert answer.error.retry_after == (7.0 if status in (429, 503) else answer.error.retry_after)


@pytest.mark.parametrize("at", ["sessions", "chat"])
@pytest.mark.parametrize(("status", "kind"), [("429", UpstreamBusy), ("503", UpstreamDown)])
async def test_wait_that_was_asked_for_is_passed_on(
    upstream: Upstream, status: str, kind: type[UpstreamError], at: str
) -> None:
    answer = await of(upstream, status, at=at, retry_after=7)
    assert answer.error is not None
    assert (type(answer.error), answer.error.retry_after) == (kind, 7.0)


async def test_refused_message_is_no_sign_of_a_sick_route_and_a_refused_session_is(
    upstream: Upstream,
) -> None:
    message, session = await of(upstream, "400"), await of(upstream, "400", at="sessions")
    assert message.error
    assert session.error
    assert (message.error.of_request, session.error.of_request) == (True, False)


async def test_refused_connection_is_down() -> None:
    answer = await ask(route(f"http://127.0.0.1:{next(closed_ports())}/api"))
    assert type(answer.error) is UpstreamDown


async def test_first_token_is_the_limit_for_session_and_stream_together(upstream: Upstream) -> None:
    began = asyncio.get_running_loop().time()
    answer = await of(upstream, "late", Timeouts(first_token=1, idle=60))
    assert type(answer.error) is UpstreamTimeout
    assert asyncio.get_running_loop().time() - began < 10


async def test_progress_is_a_sign_of_life_before_the_first_token(upstream: Upstream) -> None:
    answer = await of(upstream, "thinks", Timeouts(first_token=2, idle=30), delay_ms=2500)
    assert (answer.text, answer.error) == (text_of(20), None)


async def test_first_text_comes_before_the_answer_is_whole(upstream: Upstream) -> None:
    url = upstream.base_url("ok", home="api", tokens=100, delay_ms=20)
    stream = CustomBackendProvider().stream(route(url), prompt("hi"))
    assert await anext(stream) == TextChunk(text_of(1))
    assert upstream.state.open == 1
    await stream.aclose()
    await upstream.until(open=0, hung_up=1)


async def test_key_user_and_model_reach_the_backend(upstream: Upstream) -> None:
    url = upstream.base_url("ok", home="m", key="k-1")
    named = RouteConfig(
        "m", "custom", url + "&x=1", "far-model", " k-1 ", {"temperature": 0.2, "events": None}
    )
    asked = Prompt((Message("user", "hi"),), owner="ext:42")
    async for _ in CustomBackendProvider().stream(named, asked):
        pass
    assert upstream.examples.calls == [
        ("/sessions", {"user_id": "ext:42", "model": "far-model"}),
        ("/chat/stream", {"temperature": 0.2, "message": "hi", "session_id": "far-1"}),
    ]
    assert upstream.state.authorization == "Bearer k-1"


async def test_wrong_key_is_refused_once(upstream: Upstream) -> None:
    answer = await ask(route(upstream.base_url("ok", home="api", key="k"), key="other"))
    assert type(answer.error) is UpstreamRefused
    assert [path for path, _ in upstream.examples.calls] == ["/sessions"]


async def test_owner_too_long_for_a_user_id_has_a_short_name_of_its_own(upstream: Upstream) -> None:
    stream = CustomBackendProvider().stream
    for owner in ("x" * 255, "x" * 254 + "y"):
        asked = Prompt((Message("user", "hi"),), owner=owner)
        assert [chunk async for chunk in stream(route(upstream.base_url("ok", home="api")), asked)]
    first, second = (call["user_id"] for call in upstream.examples.asked("/sessions"))
    assert len(first) == len(second) == 64
    assert first != second


async def test_route_that_does_not_stream_asks_chat_alone(upstream: Upstream) -> None:
    answer = await ask(route(upstream.base_url("ok", home="api"), stream=False, top_k=3))
    assert answer.text == text_of(20)
    assert upstream.examples.calls[1:] == [("/chat", {"top_k": 3, "message": "hi", "session_id": "far-1"})]


async def test_row_that_streams_again_is_streamed_at_once(upstream: Upstream) -> None:
    url = upstream.base_url("ok", home="api")
    await ask(route(url, stream=False))
    await ask(route(url))
    assert [path for path, _ in upstream.examples.calls[1::2]] == ["/chat", "/chat/stream"]


async def test_backend_without_a_stream_is_asked_for_it_once(upstream: Upstream) -> None:
    where = route(upstream.base_url("no_stream", home="api"))
    assert [(await ask(where)).text for _ in range(2)] == [text_of(20)] * 2
    assert len(upstream.examples.asked("/chat/stream")) == 1
    assert len(upstream.examples.asked("/chat")) == 2


async def test_backend_of_example_7_gets_its_fields_in_the_query(upstream: Upstream) -> None:
    where = route(upstream.base_url("in_query", home="api"))
    assert [(await ask(where)).text for _ in range(2)] == [text_of(20)] * 2
    assert upstream.examples.sessions == {"far-1": ["hi"], "far-2": ["hi"]}
    assert (
        len(upstream.examples.calls) == 3 + 2 + 1
    )  # without user_id, with it, no stream; then as it was learned


async def test_route_without_sessions_sends_the_message_alone(upstream: Upstream) -> None:
    answer = await ask(
        route(upstream.base_url("no_sessions", home="api"), sessions=False), "one", "two", "three"
    )
    assert answer.text == text_of(20)
    ((path, fields),) = upstream.examples.calls
    assert (path, set(fields)) == ("/chat/stream", {"message", "events"})
    assert all(word in fields["message"] for word in ("User: one", "Assistant: two", "three"))


async def test_files_are_refused_rather_than_dropped(upstream: Upstream) -> None:
    asked = Prompt((Message("user", "look", (FilePart("a.png", "image/png", b"x"),)),))
    with pytest.raises(UpstreamRefused) as refused:
        await anext(CustomBackendProvider().stream(route(upstream.base_url("ok", home="api")), asked))
    assert refused.value.of_request
    assert upstream.examples.calls == []


async def test_closing_in_mid_answer_cancels_the_far_turn(upstream: Upstream) -> None:
    url = upstream.base_url("hang_midway", home="api", turn=1, key="k")
    stream = CustomBackendProvider().stream(route(url, key="k"), prompt("hi"))
    await anext(stream)
    await stream.aclose()
    await upstream.until(open=0, hung_up=1)
    await http.close()
    ((turn, path, headers),) = upstream.examples.cancelled
    assert (turn, path) == ("turn_1", "/hang_midway/api/turns/turn_1/cancel")
    assert (headers["Authorization"], headers["X-Auth-Token"]) == ("Bearer k", "far-1")


async def test_cancel_goes_to_the_host_where_the_base_is_not_the_api(upstream: Upstream) -> None:
    url = upstream.base_url("hang_midway", home="gpt2", turn=1)
    stream = CustomBackendProvider().stream(route(url), prompt("hi"))
    await anext(stream)
    await stream.aclose()
    await http.close()
    assert [path for _, path, _ in upstream.examples.cancelled] == ["/api/turns/turn_1/cancel"]


async def test_cancel_before_the_headers_still_finds_the_far_turn(upstream: Upstream) -> None:
    task = asyncio.create_task(ask(route(upstream.base_url("late", home="api", turn=1))))
    await upstream.until(open=1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await upstream.until(open=0)
    await http.close()
    assert [turn for turn, _, _ in upstream.examples.cancelled] == ["turn_1"]


@pytest.mark.parametrize("fault", ["hang_midway", "hang_after_headers", "truncated", "malformed"])
async def test_answer_given_up_is_cancelled_over_there(upstream: Upstream, fault: str) -> None:
    await of(upstream, fault, SHORT, turn=1, framing="typed")
    await http.close()
    assert [turn for turn, _, _ in upstream.examples.cancelled] == ["turn_1"]


@pytest.mark.parametrize("fault", ["ok", "error_in_stream", "503"])
async def test_answer_that_ended_over_there_is_not_cancelled(upstream: Upstream, fault: str) -> None:
    await of(upstream, fault, turn=1, framing="typed")
    await http.close()
    assert upstream.examples.cancelled == []


async def test_far_side_that_hears_no_cancel_delays_nobody(upstream: Upstream) -> None:
    stream = CustomBackendProvider().stream(
        route(upstream.base_url("hang_midway", home="api", turn=1)), prompt("hi")
    )
    await anext(stream)
    upstream.examples.deaf = True
    began = asyncio.get_running_loop().time()
    await stream.aclose()
    assert asyncio.get_running_loop().time() - began < 1
    await http.close()
    assert asyncio.get_running_loop().time() - began < 10


async def test_whole_answers_share_connections(upstream: Upstream) -> None:
    for _ in range(5):
        await of(upstream, "ok", framing="typed")
        await asyncio.sleep(0.05)
    assert 0 < len(upstream.state.peers) < 3


async def test_log_holds_no_key_no_session_and_no_words(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "chat_app"):
        for fault in ("ok", "401", "error_in_stream"):
            await ask(route(upstream.base_url(fault, home="api", key="sk-hush"), key="sk-hush"), "my words")
    assert [word for word in ("sk-hush", "far-1", "my words", "secret") if word in caplog.text] == []


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (RouteConfig("m", "custom", ""), "base URL"),
        (RouteConfig("m", "custom", "ftp://h/api"), "http"),
        (RouteConfig("m", "custom", "http://10.0.0.1/api"), "10.0.0.1"),
        (RouteConfig("m", "custom", "https://h/api", api_key="k\ney"), "character"),
    ],
)
def test_missing_says_what_is_absent(config: RouteConfig, word: str) -> None:
    assert word in (CustomBackendProvider().missing(config) or "")


def test_route_needs_neither_a_key_nor_a_model_name() -> None:
    assert CustomBackendProvider().missing(route("http://127.0.0.1:8000/api")) is None
