"""Which route answers, and what is said of those that did not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chat_app.chat import router
from chat_app.chat.catalog import Route
from chat_app.domain.errors import Unavailable, UpstreamError
from chat_app.domain.events import RouteChosen
from chat_app.providers.base import TextChunk
from tests.chat_app.chat.routes import route


def play(
    candidates: Sequence[Route], requested: str = "a"
) -> tuple[list[Any], router.Attempts, Exception | None]:
    async def scenario() -> tuple[list[Any], router.Attempts, Exception | None]:
        attempts, found = router.Attempts(), []
        try:
            async for chunk in router.stream(requested, candidates, [], "hello", attempts):
                found.append(chunk)
        except Exception as error:
            return found, attempts, error
        return found, attempts, None

    return asyncio.run(scenario())


def text(chunks: list[Any]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def test_route_that_fails_at_once_is_followed_by_the_next() -> None:
    found, attempts, error = play([route("a", "/fail upstream_down"), route("b", "/echo hi")])
    assert error is None
    assert text(found) == "hi"
    assert [c for c in found if isinstance(c, RouteChosen)] == [
        RouteChosen("a", 1, None),
        RouteChosen("b", 2, "upstream_down"),
    ]
    assert [(a["model"], a["code"]) for a in attempts.log] == [("a", "upstream_down"), ("b", "ok")]


def test_route_that_fails_after_its_first_text_is_not_followed() -> None:
    found, attempts, error = play([route("a", "/fail upstream_timeout after 2"), route("b", "/echo hi")])
    assert isinstance(error, UpstreamError)
    assert error.code == "upstream_timeout"
    assert text(found) != ""
    assert [a["model"] for a in attempts.log] == ["a"]


def test_last_failure_is_the_one_that_is_told() -> None:
    _, attempts, error = play([route("a", "/fail upstream_down"), route("b", "/fail upstream_busy")])
    assert isinstance(error, UpstreamError)
    assert error.code == "upstream_busy"
    assert [a["code"] for a in attempts.log] == ["upstream_down", "upstream_busy"]


def test_model_without_a_route_of_its_own_is_noted() -> None:
    found, attempts, _ = play([route("b", "/echo hi")], requested="a")
    assert found[0] == RouteChosen("b", 1, "not_configured")
    assert [(a["model"], a["code"]) for a in attempts.log] == [("a", "not_configured"), ("b", "ok")]


def test_no_route_at_all_is_unavailable() -> None:
    _, _, error = play([])
    assert isinstance(error, Unavailable)
    assert error.retry_after


def test_answer_left_early_closes_the_provider_and_is_noted_as_cancelled() -> None:
    async def scenario() -> list[dict[str, Any]]:
        attempts = router.Attempts()
        chunks = router.stream("a", [route("a", "/tokens 100 5")], [], "hello", attempts)
        await anext(chunks)
        await anext(chunks)
        await chunks.aclose()
        return attempts.log

    assert [a["code"] for a in asyncio.run(scenario())] == ["cancelled"]


@pytest.mark.parametrize(("tokens_in", "tokens_out", "cost"), [(0, 0, "0.000000"), (100, 50, "0.000200")])
def test_cost_is_the_rows_price_to_six_decimals(tokens_in: int, tokens_out: int, cost: str) -> None:
    assert str(route().cost(tokens_in, tokens_out)) == cost
