"""Titles of threads by a model: tidy, in time, or none; and never an error for who asks."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from chat_app.chat import breaker, catalog, titles
from chat_app.chat.titles import tidy, title_for
from chat_app.domain.errors import UpstreamDown
from chat_app.models import ModelConfig, RouteHealth
from chat_app.providers import registry
from chat_app.providers.base import TextChunk
from sessions_app.db import db
from tests.chat_app.chat.routes import Scripted, played

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`await model(chunks...)`: a model `namer` that says this to everybody, as its provider."""

    async def make(*script: Any, **columns: Any) -> Scripted:
        provider = Scripted(script)
        with played(monkeypatch, provider):
            monkeypatch.setattr(registry, "KINDS", {"scripted": Scripted})
        await db(ModelConfig.objects.create, id="namer", provider="scripted", **columns)
        catalog.forget()
        return provider

    return make


async def demo(script: str, delay_ms: int = 0, **columns: Any) -> None:
    """The model `namer` as the built-in one with a standing script."""
    parameters = {"delay_ms": delay_ms, "script": script}
    await db(ModelConfig.objects.create, id="namer", provider="demo", parameters=parameters, **columns)
    catalog.forget()


async def test_title_is_what_the_model_says() -> None:
    await demo("/echo “Trains to Bern.”")
    assert await title_for("namer", "how do I get to Bern?", "ext:1") == "Trains to Bern"


async def test_model_gets_the_task_and_the_beginning_of_the_question(model: Any) -> None:
    provider = await model(TextChunk("A title"), system_prompt="You are a pirate.")
    await title_for("namer", "x" * 5000, "ext:1")
    (prompt,) = provider.prompts
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert "six words" in prompt.messages[0].text
    assert prompt.messages[1].text == "x" * 2000
    assert (prompt.owner, prompt.thread_id) == ("ext:1", None)


async def test_model_that_does_not_stop_is_not_waited_for() -> None:
    await demo("/tokens 100000 1")
    began = time.monotonic()
    title = await title_for("namer", "hi", "ext:1")
    assert title == " ".join(f"{n:04d}" for n in range(1, 13))
    assert time.monotonic() - began < 3


async def test_first_line_is_enough(model: Any) -> None:
    await model(TextChunk("\n\nShort"), TextChunk(" one\n"), UpstreamDown())
    assert await title_for("namer", "hi", "ext:1") == "Short one"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("/fail upstream_down", "upstream_down"),
        ("/fail 429", "upstream_busy"),
        ("/fail upstream_error after 3", "upstream_error"),
        ("/echo “”", "no words"),
        ("/tokens 0", "upstream_error"),
    ],
)
async def test_model_that_fails_gives_none_and_the_log_says_why(script: str, why: str) -> None:
    await demo(script)
    with capture_logs() as logs:
        assert await title_for("namer", "hi", "ext:1") is None
    assert [(entry["event"], entry["why"], entry["log_level"]) for entry in logs] == [
        ("title.none", why, "info")
    ]


async def test_bug_of_a_provider_gives_none(model: Any) -> None:
    await model(ZeroDivisionError())
    assert await title_for("namer", "hi", "ext:1") is None


async def test_slow_model_gives_none_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(titles, "SECONDS", 0.2)
    await demo("/tokens 5 5000")
    began = time.monotonic()
    assert await title_for("namer", "hi", "ext:1") is None
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("columns", [{"enabled": False}, {"id": "other"}, {"provider": "openai"}], ids=str)
async def test_model_that_cannot_answer_gives_none(columns: dict[str, Any]) -> None:
    await demo("/echo A title")
    await db(ModelConfig.objects.filter(pk="namer").update, **columns)
    catalog.forget()
    assert await title_for("namer", "hi", "ext:1") is None


async def test_route_that_is_left_alone_is_not_asked(model: Any) -> None:
    provider = await model(TextChunk("A title"))
    until = timezone.now() + timedelta(minutes=5)
    await db(RouteHealth.objects.create, model_id="namer", state=RouteHealth.OPEN, until=until, version=1)
    catalog.forget()
    assert await title_for("namer", "hi", "ext:1") is None
    assert provider.prompts == []


async def test_titles_at_once_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(titles, "AT_ONCE", 2)
    monkeypatch.setattr(titles, "WAITING", 3)
    await demo("/echo Title", delay_ms=1000)  # all have asked before the first has its answer
    given = await asyncio.gather(*[title_for("namer", "hi", f"ext:{n}") for n in range(9)])
    assert (given.count("Title"), given.count(None)) == (5, 4)
    assert len(titles._places) == 0


async def test_breaker_hears_nothing_of_it() -> None:
    await demo("/fail upstream_down")
    for _ in range(20):
        await title_for("namer", "hi", "ext:1")
    route = (await db(catalog.catalogue)).routes["namer"]
    assert breaker.BREAKERS.refusal(route.config) is None


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Trains to Bern", "Trains to Bern"),
        ('"Trains to Bern."', "Trains to Bern"),
        ("“Züge nach Bern”.", "Züge nach Bern"),
        ("„Züge nach Bern“", "Züge nach Bern"),
        ("**Trains** to `Bern`", "Trains to Bern"),
        ("# Title: __Trains__", "Trains"),
        ("1. *Trains*", "Trains"),
        ("\n\n  Trains\tto\x00Bern \nSure, here is more", "Trains to Bern"),
        ("Is it snake_case_here?", "Is it snake_case_here?"),
        ('"A" or "B"', '"A" or "B"'),
        ("Wait...", "Wait..."),
        ("a\u202egnirts", "a gnirts"),
        ("👩\u200d🚀 to Mars", "👩\u200d🚀 to Mars"),
        ("列车去伯尔尼。", "列车去伯尔尼"),
        ("word " * 20, "word word word word word word word word word word word word"),
        ("x" * 80, "x" * 60),
        ("a line " * 7 + "cut behind, comma", "a line " * 7 + "cut behind"),
        ("", ""),
        (' "" ', ""),
        ("***", ""),
        ("...", ""),
    ],
)  # fmt: skip
def test_words_of_a_model_become_a_title(said: str, title: str) -> None:
    assert tidy(said) == title
