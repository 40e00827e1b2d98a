"""Which route answers, and what is said of those that did not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import OperationalError

from chat_app.chat import health, router
from chat_app.chat.asks import TurnSpec
from chat_app.chat.breaker import Breakers
from chat_app.chat.bulkhead import Bulkheads
from chat_app.chat.catalog import Route
from chat_app.chat.context import Exchange
from chat_app.domain.errors import ChatError, Unavailable, UpstreamBusy, UpstreamDown
from chat_app.domain.events import ItemAdded, ItemData, RouteChosen
from chat_app.providers.base import Chunk, EventChunk, ProgressChunk, TextChunk
from tests.chat_app.chat.routes import Scripted, played, route


@pytest.fixture(autouse=True)
def bulkheads(monkeypatch: pytest.MonkeyPatch) -> Bulkheads:
    """No place taken by another test."""
    monkeypatch.setattr(router, "BULKHEADS", found := Bulkheads())
    return found


@pytest.fixture(autouse=True)
def breakers(monkeypatch: pytest.MonkeyPatch) -> Breakers:
    """None of another test's outcomes, and a database that is away: what happens counts here alone."""

    def away(*_: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(health, "change", away)
    monkeypatch.setattr(health, "note", away)
    monkeypatch.setattr(router, "BREAKERS", found := Breakers())
    return found


def spec(candidates: Sequence[Route], requested: str = "a", **more: Any) -> TurnSpec:
    return TurnSpec(
        "trn_1", "ext:1", "thr_1", 1, "message", requested, "hello", 1, 2, candidates, [Exchange("before")], **more
    )  # fmt: skip


def play(
    candidates: Sequence[Route], requested: str = "a", **more: Any
) -> tuple[list[Any], router.Attempts, Exception | None]:
    async def scenario() -> tuple[list[Any], router.Attempts, Exception | None]:
        attempts = router.Attempts()
        found: list[Any] = []
        try:
            await router.answer(spec(candidates, requested, **more), attempts, found.append)
        except Exception as error:
            return found, attempts, error
        return found, attempts, None

    return asyncio.run(scenario())


def text(chunks: list[Any]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def chosen(chunks: list[Any]) -> list[RouteChosen]:
    return [chunk for chunk in chunks if isinstance(chunk, RouteChosen)]


def codes(attempts: router.Attempts) -> list[tuple[str, str]]:
    return [(entry["model"], entry["code"]) for entry in attempts.log]


def test_route_that_fails_at_once_is_followed_by_the_next() -> None:
    found, attempts, error = play([route("a", "/fail upstream_down"), route("b", "/echo hi")])
    assert error is None
    assert text(found) == "hi"
    assert chosen(found) == [RouteChosen("a", 1, None), RouteChosen("b", 2, "upstream_down")]
    assert codes(attempts) == [("a", "upstream_down"), ("b", "ok")]


def test_route_that_fails_after_its_first_text_is_not_followed() -> None:
    found, attempts, error = play([route("a", "/fail upstream_timeout after 2"), route("b", "/echo hi")])
    assert isinstance(error, ChatError)
    assert error.code == "upstream_timeout"
    assert text(found) != ""
    assert codes(attempts) == [("a", "upstream_timeout")]


@pytest.mark.parametrize(
    ("first", "fallback"),
    [
        (ProgressChunk("thinking"), True),
        (EventChunk(ItemAdded(ItemData("w", "widget"))), False),
        (TextChunk("so"), False),
    ],
)
def test_only_what_the_person_sees_as_the_answer_rules_a_fallback_out(
    monkeypatch: pytest.MonkeyPatch, first: Chunk, fallback: bool
) -> None:
    with played(monkeypatch, Scripted([first, UpstreamDown()])):
        found, attempts, _ = play([route("a", kind="scripted"), route("b", "/echo hi")])
    assert (text(found) == "hi") is fallback
    assert len(attempts.log) == (2 if fallback else 1)


def test_last_failure_is_the_one_that_is_told() -> None:
    _, attempts, error = play([route("a", "/fail upstream_down"), route("b", "/fail upstream_busy")])
    assert isinstance(error, UpstreamBusy)
    assert codes(attempts) == [("a", "upstream_down"), ("b", "upstream_busy")]


def test_model_without_a_route_of_its_own_is_noted() -> None:
    found, attempts, _ = play([route("b", "/echo hi")], requested="a")
    assert found[0] == RouteChosen("b", 1, "not_configured")
    assert codes(attempts) == [("a", "not_configured"), ("b", "ok")]
    assert attempts.log[0]["skipped"] is True


def test_no_route_at_all_is_unavailable() -> None:
    _, _, error = play([])
    assert isinstance(error, Unavailable)
    assert error.retry_after


def test_prompt_says_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with played(monkeypatch, provider := Scripted([TextChunk("hi")])):
        play([route("a", kind="scripted")])
    prompt = provider.prompts[0]
    assert (prompt.owner, prompt.thread_id, prompt.turn_id) == ("ext:1", "thr_1", "trn_1")
    assert [m.text for m in prompt.messages] == ["before", "hello"]


# Routes that are left alone


def test_route_that_is_left_alone_is_passed_by_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = Scripted([UpstreamDown(retry_after=60)])
    candidates = [route("a", kind="scripted"), route("b", "/echo hi")]
    with played(monkeypatch, dead):
        play(candidates)
        found, attempts, _ = play(candidates)
    assert len(dead.prompts) == 1
    assert chosen(found) == [RouteChosen("b", 1, "upstream_down")]
    assert attempts.log[0] == {"model": "a", "code": "upstream_down", "ms": 0, "skipped": True}


def test_turn_whose_routes_are_all_left_alone_says_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with played(monkeypatch, Scripted([UpstreamDown(retry_after=60)])):
        play([route("a", kind="scripted")])
        _, _, error = play([route("a", kind="scripted")])
    assert isinstance(error, Unavailable)
    assert 50 < (error.retry_after or 0) <= 60


def test_forced_turn_asks_a_route_that_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with played(monkeypatch, Scripted([UpstreamDown(retry_after=60)])):
        play([route("a", kind="scripted")])
    with played(monkeypatch, Scripted([TextChunk("hi")])):
        found, _, error = play([route("a", kind="scripted")], forced=True)
        assert (text(found), error) == ("hi", None)
        assert text(play([route("a", kind="scripted")])[0]) == "hi"  # its success has closed the route


def test_last_route_is_asked_again_once_where_it_says_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with played(monkeypatch, busy := Scripted([UpstreamBusy(retry_after=0.05)])):
        found, attempts, error = play([route("a", kind="scripted")], forced=True)
    assert len(busy.prompts) == 2
    assert isinstance(error, UpstreamBusy)
    assert [c.attempt for c in chosen(found)] == [1, 2]
    assert codes(attempts) == [("a", "upstream_busy")] * 2


@pytest.mark.parametrize("retry_after", [None, 30])
def test_last_route_is_not_asked_again_where_it_does_not_say_soon(
    monkeypatch: pytest.MonkeyPatch, retry_after: float | None
) -> None:
    with played(monkeypatch, busy := Scripted([UpstreamBusy(retry_after=retry_after)])):
        play([route("a", kind="scripted")], forced=True)
    assert len(busy.prompts) == 1


def test_route_without_a_free_place_is_followed_by_the_next(bulkheads: Bulkheads) -> None:
    only = route("a", "/echo no", concurrency=1, queue=0)

    async def scenario() -> tuple[list[Any], router.Attempts]:
        taken = bulkheads.enter("a", 1, 0)
        attempts = router.Attempts()
        found: list[Any] = []
        await router.answer(spec([only, route("b", "/echo hi")]), attempts, found.append)
        taken.leave()
        return found, attempts

    found, attempts = asyncio.run(scenario())
    assert text(found) == "hi"
    assert codes(attempts) == [("a", "upstream_busy"), ("b", "ok")]
    assert len(bulkheads) == 0


# A turn that is stopped


def test_answer_left_early_is_noted_as_cancelled_and_gives_its_place_back(bulkheads: Bulkheads) -> None:
    async def scenario() -> router.Attempts:
        attempts, begun = router.Attempts(), asyncio.Event()
        turn = spec([route("a", "/tokens 100 5")])
        task = asyncio.create_task(router.answer(turn, attempts, lambda chunk: begun.set()))
        await begun.wait()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        return attempts

    assert codes(asyncio.run(scenario())) == [("a", "cancelled")]
    assert len(bulkheads) == 0


@pytest.mark.parametrize(("tokens_in", "tokens_out", "cost"), [(0, 0, "0.000000"), (100, 50, "0.000200")])
def test_cost_is_the_rows_price_to_six_decimals(tokens_in: int, tokens_out: int, cost: str) -> None:
    assert str(route().cost(tokens_in, tokens_out)) == cost
