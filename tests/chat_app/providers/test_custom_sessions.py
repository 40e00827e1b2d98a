"""Conversations with a backend that keeps sessions: when one goes on, when a new one is told the past, and how."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chat_app.domain.errors import UpstreamError
from chat_app.domain.prompt import Message, Prompt
from chat_app.providers.base import RouteConfig, TextChunk
from chat_app.providers.custom import message as custom_message
from chat_app.providers.custom import sessions as custom_sessions
from chat_app.providers.custom.provider import CustomBackendProvider
from chat_app.providers.custom.sessions import Memory
from tests.upstream.faulty import Upstream, text_of

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Chat:
    """A thread that a provider of its own answers, with what was said in it."""

    def __init__(self, upstream: Upstream, fault: str = "ok", *, system: str = "", **knobs: object) -> None:
        self.provider = CustomBackendProvider()
        self.route = RouteConfig("m", "custom", upstream.base_url(fault, home="api", tokens=2, **knobs))
        self.past: list[Message] = [Message("system", system)] if system else []
        self.examples = upstream.examples

    def prompt(
        self, question: str, past: Sequence[Message], owner: str = "ext:1", thread: str | None = "t"
    ) -> Prompt:
        return Prompt((*past, Message("user", question)), owner, thread)

    async def ask(self, question: str, past: Sequence[Message] | None = None, **whose: str | None) -> str:
        """Ask behind `past`, by default all that was said; the answer is said then."""
        asked = self.prompt(question, self.past if past is None else past, **whose)  # type: ignore[arg-type]
        chunks = [chunk async for chunk in self.provider.stream(self.route, asked)]
        answer = "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))
        self.past = [*asked.messages, Message("assistant", answer)]
        return answer

    @property
    def heard(self) -> list[list[str]]:
        """What each session of the far side was told, in order of their making."""
        return list(self.examples.sessions.values())


@pytest.fixture
def chat(upstream: Upstream) -> Chat:
    return Chat(upstream)


async def test_conversation_goes_on_in_one_session_by_questions_alone(chat: Chat) -> None:
    for question in ("one", "two", "three"):
        assert await chat.ask(question) == text_of(2)
    assert chat.heard == [["one", "two", "three"]]


async def test_conversation_goes_on_where_its_beginning_no_longer_fits(chat: Chat) -> None:
    for number in range(8):
        await chat.ask(f"question {number}")
    await chat.ask("last", chat.past[4:])
    assert chat.heard == [[f"question {number}" for number in range(8)] + ["last"]]


async def test_branch_begins_anew_with_its_own_past(chat: Chat) -> None:
    await chat.ask("one")
    first = list(chat.past)
    await chat.ask("two")
    await chat.ask("other two", first)
    assert [len(told) for told in chat.heard] == [2, 1]
    assert chat.heard[1][0] == (
        "This is what was said so far in this conversation:\n\nUser: one\n\nAssistant: 0001 0002 \n\n"
        "This is what the user says now:\n\nother two"
    )


async def test_branch_goes_on_in_its_new_session(chat: Chat) -> None:
    await chat.ask("one")
    await chat.ask("two", [*chat.past[:-1], Message("assistant", "of another model")])
    await chat.ask("three")
    assert chat.heard[1][1:] == ["three"]


@pytest.mark.parametrize("other", [{"owner": "ext:2"}, {"thread": "u"}])
async def test_session_is_never_another_persons_or_threads(chat: Chat, other: dict[str, str]) -> None:
    await chat.ask("one")
    await chat.ask("two", None, **other)
    assert [len(told) for told in chat.heard] == [1, 1]


@pytest.mark.parametrize("change", [{"api_key": "key"}, {"model": "other"}, {"id": "n"}])
async def test_session_is_never_another_routes(chat: Chat, change: dict[str, str]) -> None:
    await chat.ask("one")
    fields = {"id": "m", "kind": "custom", "base_url": chat.route.base_url} | change
    chat.route = RouteConfig(**fields)  # type: ignore[arg-type]
    await chat.ask("two")
    assert [len(told) for told in chat.heard] == [1, 1]


async def test_one_off_turn_has_a_session_of_its_own(chat: Chat) -> None:
    await chat.ask("one", thread=None)
    await chat.ask("two", [], thread=None)
    assert chat.heard == [["one"], ["two"]]
    assert len(chat.provider._heard) == 0


async def test_session_that_ended_over_there_is_renewed_within_the_attempt(chat: Chat) -> None:
    await chat.ask("one")
    chat.examples.sessions.clear()
    assert await chat.ask("two") == text_of(2)
    ((told,),) = chat.heard
    assert told.endswith("two")
    assert "User: one" in told


async def test_session_that_is_busy_over_there_is_left_for_a_new_one(chat: Chat) -> None:
    await chat.ask("one")
    chat.examples.busy.add("far-1")
    assert await chat.ask("two") == text_of(2)
    assert [len(told) for told in chat.heard] == [1, 1]


async def test_session_is_renewed_once_and_never_twice(upstream: Upstream) -> None:
    chat = Chat(upstream)
    await chat.ask("one")
    chat.examples.forgets = True
    with pytest.raises(UpstreamError, match="401"):
        await chat.ask("two")
    assert [path for path, _ in chat.examples.calls[2:]] == ["/chat/stream", "/sessions", "/chat/stream"]


@pytest.mark.parametrize(
    ("life", "sessions"), [(3600, 1), (20, 1), (0, 2), (-86_400, 2)], ids=["hour", "short", "over", "past"]
)
async def test_session_is_used_until_shortly_before_its_end(
    upstream: Upstream, life: int, sessions: int
) -> None:
    end = (datetime.now(UTC) + timedelta(seconds=life)).strftime("%Y-%m-%dT%H:%M:%SZ")
    chat = Chat(upstream, expires=end)
    for question in ("one", "two"):
        await chat.ask(question)
    assert len(chat.heard) == sessions


@pytest.mark.parametrize("fault", ["error_in_stream", "cut_off"])
async def test_session_of_a_failed_answer_is_not_used_again(upstream: Upstream, fault: str) -> None:
    chat = Chat(upstream)
    await chat.ask("one")
    well, chat.route = chat.route, RouteConfig("m", "custom", upstream.base_url(fault, home="api"))
    with pytest.raises(UpstreamError):
        await chat.ask("two")
    chat.route = well
    await chat.ask("two")
    assert chat.heard[-1][0].startswith(custom_message.BEFORE)


async def test_session_of_a_stopped_answer_is_not_used_again(upstream: Upstream) -> None:
    chat = Chat(upstream, delay_ms=50)
    await chat.ask("one")
    stream = chat.provider.stream(chat.route, chat.prompt("two", chat.past))
    await anext(stream)
    await stream.aclose()
    await chat.ask("two")
    assert chat.heard[0] == ["one", "two"]
    assert chat.heard[1][0].startswith(custom_message.BEFORE)


async def test_turns_at_once_do_not_share_a_session(chat: Chat) -> None:
    await chat.ask("one")
    past = list(chat.past)
    await asyncio.gather(*(chat.ask("two", past) for _ in range(5)))
    assert sorted(len(told) for told in chat.heard) == [1, 1, 1, 1, 2]


async def test_system_prompt_is_told_once(upstream: Upstream) -> None:
    chat = Chat(upstream, system="Be brief.")
    await chat.ask("one")
    await chat.ask("two")
    assert chat.heard == [["Be brief.\n\nThis is what the user says now:\n\none", "two"]]


async def test_changed_system_prompt_is_told_anew(upstream: Upstream) -> None:
    chat = Chat(upstream, system="Be brief.")
    await chat.ask("one")
    await chat.ask("two", [Message("system", "Be long."), *chat.past[1:]])
    assert chat.heard[1][0].startswith("Be long.\n\n" + custom_message.BEFORE)


def conversation(*said: str, system: str = "") -> Prompt:
    head = [Message("system", system)] if system else []
    spoken = [Message("assistant" if number % 2 else "user", text) for number, text in enumerate(said)]
    return Prompt((*head, *spoken))


def test_message_without_a_past_is_the_question() -> None:
    assert custom_message.with_past(conversation("hi")) == "hi"
    assert custom_message.question(conversation("a", "b", "hi")) == "hi"


@pytest.mark.parametrize("limit", [*range(100, 400, 7), 1000])
def test_message_holds_the_newest_that_fits_and_the_question_always(limit: int) -> None:
    said = [f"{number}:" + "x" * 20 for number in range(10)]
    told = custom_message.with_past(conversation(*said, "q" * 90), limit)
    kept = [number for number in range(10) if f"{number}:" in told]
    assert len(told) <= limit
    assert told.endswith("q" * 90)
    assert kept == list(range(10 - len(kept), 10))
    assert len(kept) == 10 or len(told) + 40 > limit or not kept


def test_system_prompt_goes_before_the_past_and_after_the_question() -> None:
    asked = conversation("a" * 50, "b" * 50, "q" * 50, system="s" * 50)
    assert "s" * 50 in custom_message.with_past(asked, 200)
    assert "b" * 50 not in custom_message.with_past(asked, 200)
    assert custom_message.with_past(asked, 100) == "q" * 50


def test_question_is_never_cut() -> None:
    assert custom_message.with_past(conversation("a", "b", "q" * 100_000)) == "q" * 100_000


def test_memory_forgets_what_was_kept_first() -> None:
    memory: Memory[int] = Memory(2)
    for number in range(3):
        memory.keep(b"%d" % number, number, float("inf"))
    assert [memory.look(b"%d" % number) for number in range(3)] == [None, 1, 2]
    assert (memory.take(b"1"), memory.take(b"1"), len(memory)) == (1, None, 1)


def test_memory_gives_nothing_whose_time_is_over() -> None:
    memory: Memory[int] = Memory()
    memory.keep(b"a", 1, time.monotonic() + 0.02)
    memory.keep(b"b", 1, time.monotonic() - 1)
    time.sleep(0.03)
    assert (memory.look(b"a"), memory.take(b"a"), len(memory)) == (None, None, 0)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("2030-01-01T13:00:00Z", 3570),
        ("2030-01-01T13:00:00.123456", 3570),
        ("2030-01-01T15:00:00+02:00", 3570),
        ("2030-01-01T12:01:40Z", 90),
        ("soon", float("inf")),
        (None, float("inf")),
        (1893500000, float("inf")),
    ],
)
def test_end_of_a_session_is_read_in_any_zone(given: object, seconds: float) -> None:
    assert custom_sessions.usable_until(given, NOON) - time.monotonic() == pytest.approx(seconds, abs=2)
