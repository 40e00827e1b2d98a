"""The demo model: its guide and its commands."""

from __future__ import annotations

import asyncio
import re

import pytest

from chat_app.domain.errors import UpstreamBusy, UpstreamDown, UpstreamRefused, UpstreamTimeout
from chat_app.providers.base import RouteConfig, TextChunk, Timeouts
from chat_app.providers.demo import MAX_TOKENS, DemoProvider, tokens_of
from tests.chat_app.providers.conftest import Answer, ask, prompt
from tests.upstream.faulty import text_of


async def say(*texts: str, timeouts: Timeouts | None = None, **parameters: object) -> Answer:
    parameters = {"delay_ms": 0, **parameters}
    return await ask(
        RouteConfig("demo", "demo", parameters=parameters, timeouts=timeouts or Timeouts()), *texts
    )


async def test_first_answer_is_the_guide_with_every_kind_of_markdown() -> None:
    text = (await say("hello there")).text
    assert text.startswith("> hello there\n")
    for pattern in (r"^# ", r"^## ", r"^- ", r"^1\. ", r"^\|---", r"^```bash\n", r"^> "):
        assert re.search(pattern, text, re.M), pattern
    for word in (
        "useChatKit",
        "/api/sessions",
        "/api/chat/stream",
        "/admin/",
        "OPENAI_API_KEY",
        "make serve",
        "/slow",
    ):
        assert word in text


async def test_guide_names_the_address_it_was_given() -> None:
    text = (await say("hello", site_url="https://chat.example.com/")).text
    assert "https://chat.example.com/api/chat/stream" in text
    assert "wss://chat.example.com/ws/chat/" in text
    assert "127.0.0.1:8000" not in text


async def test_later_answer_is_the_section_asked_for() -> None:
    text = (await say("hello", "guide", "how do I add a model?")).text
    assert "## Add a real model" in text
    assert "## The admin" not in text
    assert "is 1 earlier turn" in text


async def test_question_about_earlier_turns_is_answered_from_the_prompt() -> None:
    text = (await say("my name is Ada", "hello", "what did I say before?")).text
    assert "1. my name is Ada\n" in text


async def test_history_lists_the_earlier_messages_alone() -> None:
    text = (await say("one", "a", "two", "b", "/history")).text
    assert text == "Earlier messages of yours in the prompt: 2\n\n1. one\n2. two\n"


async def test_tokens_come_one_by_one_and_numbered() -> None:
    answer = await say("/tokens 200 0")
    assert answer.text == text_of(200)
    assert [len(piece) for piece in answer.pieces] == [5] * 200


@pytest.mark.parametrize("text", ["hi", "  two  spaces\n\nlines\t", "שלום 👩‍🚀 e\u0301", "x" * 100, "/slow"])
async def test_echo_says_exactly_that(text: str) -> None:
    assert (await say(f"/echo {text}")).text == text


@pytest.mark.parametrize(
    ("command", "kind", "text"),
    [
        ("/fail", UpstreamDown, ""),
        ("/fail upstream_timeout", UpstreamTimeout, ""),
        ("/fail 401", UpstreamRefused, ""),
        ("/fail 429 after 3", UpstreamBusy, text_of(3)),
        ("/FAIL upstream_busy after 3 tokens", UpstreamBusy, text_of(3)),
    ],
)
async def test_fail_raises_the_error_it_was_asked_for(command: str, kind: type[Exception], text: str) -> None:
    answer = await say(command)
    assert (type(answer.error), answer.text) == (kind, text)


async def test_long_gives_as_many_tokens_as_asked_and_no_more_than_the_limit() -> None:
    assert len((await say("/long 321 0")).pieces) == 321
    assert len((await say("/tokens 999999999 0")).pieces) == MAX_TOKENS


async def test_slow_pauses_before_each_token() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await say("/slow 20 /echo one two three")
    assert loop.time() - began > 0.05


async def test_default_pace_is_readable_and_a_parameter_changes_it() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await ask(RouteConfig("demo", "demo"), "/tokens 10")
    assert answer.text == text_of(10)
    assert 0.1 < loop.time() - began < 10


async def test_script_of_the_route_answers_unless_the_message_has_a_command() -> None:
    assert type((await say("hello", script="/fail 503")).error) is UpstreamDown
    assert (await say("/echo hi", script="/fail 503")).text == "hi"


async def test_unknown_command_is_a_message_like_any_other() -> None:
    assert (await say("/frobnicate now")).text.startswith("> /frobnicate now\n")


@pytest.mark.parametrize(
    "command", ["/tokens", "/tokens x y", "/slow", "/slow 0", "/long 3 0", "/fail 1e9 after", "/help"]
)
async def test_odd_arguments_fall_back_to_defaults(command: str) -> None:
    answer = await say(command, timeouts=Timeouts(total=1))
    assert answer.text or answer.error


async def test_pause_beyond_first_token_is_a_timeout() -> None:
    answer = await say("/slow 5000 hi", timeouts=Timeouts(first_token=0.05))
    assert (type(answer.error), answer.text) == (UpstreamTimeout, "")


async def test_without_a_pause_the_event_loop_still_breathes() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await say("/tokens 1000 0")
    task.cancel()
    assert turns > 20


async def test_first_token_comes_before_the_second_is_made() -> None:
    stream = DemoProvider().stream(
        RouteConfig("demo", "demo", parameters={"delay_ms": 1}), prompt("/tokens 3 1000")
    )
    assert await anext(stream) == TextChunk("0001 ")
    await stream.aclose()


@pytest.mark.parametrize("text", ["", " ", "a", "a b", "\n\na  b\n", "x" * 50 + " y"])
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens_of(text)) == text
