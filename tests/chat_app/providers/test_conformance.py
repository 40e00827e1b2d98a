"""What every kind in the registry must do, run once for each against something that plays its upstream.

A new kind gets a line in `PLAYED`: how to reach a healthy, a slow, a failing and a silent answer of it. A kind of
several dialects gets one for each, which begins with its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import pytest

from chat_app.domain.errors import NotConfigured, UpstreamTimeout
from chat_app.providers.base import RouteConfig, TextChunk, Timeouts, UsageChunk
from chat_app.providers.python import provider as python
from chat_app.providers.registry import KINDS, provider
from tests.chat_app.providers.conftest import SHORT, Answer, ask, prompt
from tests.upstream.faulty import Upstream, text_of
from tests.upstream.local_models import counting_models, load

PATIENT = Timeouts()


@dataclass(frozen=True)
class Case:
    """A route and the message that brings it to do what the case is called."""

    route: RouteConfig
    message: str = "hi"

    async def ask(self) -> Answer:
        return await ask(self.route, self.message)


Cases = Mapping[str, Case]


def demo_cases(_: Upstream) -> Cases:
    def case(message: str, timeouts: Timeouts = PATIENT) -> Case:
        return Case(RouteConfig("m", "demo", parameters={"delay_ms": 0}, timeouts=timeouts), message)

    return {
        "healthy": case("/tokens 20"),
        "slow": case("/tokens 200 20"),
        "fails_at_once": case("/fail upstream_down"),
        "fails_midway": case("/fail upstream_down after 20"),
        "silent": case("/tokens 20 1000", SHORT),
    }


def openai_cases(upstream: Upstream, api: str = "chat") -> Cases:
    def case(fault: str, timeouts: Timeouts = PATIENT, **knobs: int) -> Case:
        url = upstream.base_url(fault, home="v1", **knobs)
        return Case(RouteConfig("m", "openai", url, "m", "key", {"api": api}, timeouts))

    return {
        "healthy": case("ok"),
        "slow": case("ok", tokens=200, delay_ms=20),
        "fails_at_once": case("503"),
        "fails_midway": case("cut_off"),
        "silent": case("hang", SHORT),
    }


def custom_cases(upstream: Upstream) -> Cases:
    def case(fault: str, timeouts: Timeouts = PATIENT, **knobs: object) -> Case:
        url = upstream.base_url(fault, home="api", framing="typed", **knobs)
        return Case(RouteConfig("m", "custom", url, "m", timeouts=timeouts))

    return {
        "healthy": case("ok"),
        "slow": case("ok", tokens=200, delay_ms=20),
        "fails_at_once": case("503"),
        "fails_midway": case("cut_off"),
        "silent": case("hang", SHORT),
    }


def local_cases(_: Upstream) -> Cases:
    folder = counting_models()

    def case(model: str, tokens: int, timeouts: Timeouts = PATIENT) -> Case:
        parameters = {"max_new_tokens": tokens}
        return Case(
            RouteConfig("m", "local", model=str(folder / model), parameters=parameters, timeouts=timeouts)
        )

    cases = {
        "healthy": case("counts", 20),
        "slow": case("slow", 200),
        "fails_at_once": case("breaks", 20),
        "fails_midway": case("breaks_at_20", 40),
        "silent": case("silent", 2000, SHORT),
    }
    for name in ("slow", "silent"):  # the limits that they are to meet are not for the loading
        load(cases[name].route)
    return cases


def python_cases(_: Upstream) -> Cases:
    python.configure({"m": "tests.chat_app.providers.played.play"})

    def case(timeouts: Timeouts = PATIENT, **parameters: object) -> Case:
        return Case(RouteConfig("m", "python", model="m", parameters=parameters, timeouts=timeouts))

    return {
        "healthy": case(),
        "slow": case(tokens=200, delay_ms=20),
        "fails_at_once": case(tokens=0, fails=True),
        "fails_midway": case(fails=True),
        "silent": case(SHORT, delay_ms=2000),
    }


PLAYED: Mapping[str, Callable[[Upstream], Cases]] = {
    "custom": custom_cases,
    "demo": demo_cases,
    "local": local_cases,
    "openai": openai_cases,
    "openai responses": partial(openai_cases, api="responses"),
    "python": python_cases,
}


@pytest.fixture(params=sorted(PLAYED))
def cases(request: pytest.FixtureRequest, upstream: Upstream) -> Cases:
    return PLAYED[request.param](upstream)


def test_every_kind_is_played() -> None:
    assert {name.split()[0] for name in PLAYED} == set(KINDS)


def test_every_kind_has_its_own_name() -> None:
    assert {kind: cls.kind for kind, cls in KINDS.items()} == {kind: kind for kind in KINDS}


def test_unknown_kind_is_not_configured() -> None:
    with pytest.raises(NotConfigured, match="carrier-pigeon"):
        provider("carrier-pigeon")


async def test_healthy_route_misses_nothing_and_answers_whole(cases: Cases) -> None:
    case = cases["healthy"]
    assert provider(case.route.kind).missing(case.route) is None
    answer = await case.ask()
    assert (answer.text, answer.error) == (text_of(20), None)
    assert "" not in answer.pieces
    assert [usage.output_tokens for usage in answer.usage] == [20]


async def test_usage_is_the_last_chunk(cases: Cases) -> None:
    case = cases["healthy"]
    chunks = [chunk async for chunk in provider(case.route.kind).stream(case.route, prompt(case.message))]
    assert isinstance(chunks[-1], UsageChunk)


async def test_failure_at_once_is_the_trees_error_without_text(cases: Cases) -> None:
    answer = await cases["fails_at_once"].ask()
    assert answer.error is not None
    assert (answer.error.code, answer.error.retryable, answer.text) == ("upstream_down", True, "")


async def test_failure_midway_keeps_the_text_before_it(cases: Cases) -> None:
    answer = await cases["fails_midway"].ask()
    assert answer.error is not None
    assert (answer.error.code, answer.text) == ("upstream_down", text_of(20))


async def test_silence_ends_in_a_timeout_not_long_after_the_limit(cases: Cases) -> None:
    began = asyncio.get_running_loop().time()
    answer = await cases["silent"].ask()
    assert isinstance(answer.error, UpstreamTimeout)
    assert SHORT.first_token <= asyncio.get_running_loop().time() - began + 0.01 < SHORT.first_token * 20


async def test_total_limit_ends_an_answer_that_goes_on(cases: Cases) -> None:
    case = cases["slow"]
    timeouts = Timeouts(connect=10, first_token=10, idle=10, total=1)
    answer = await ask(replace(case.route, timeouts=timeouts), case.message)
    assert isinstance(answer.error, UpstreamTimeout)
    assert text_of(200).startswith(answer.text)
    assert answer.text


async def test_closing_the_generator_ends_the_attempt(cases: Cases, upstream: Upstream) -> None:
    case = cases["slow"]
    stream = provider(case.route.kind).stream(case.route, prompt(case.message))
    assert isinstance(await anext(stream), TextChunk)
    await stream.aclose()
    await upstream.until(open=0)


async def test_cancelling_the_reader_ends_the_attempt(cases: Cases, upstream: Upstream) -> None:
    case = cases["silent"]
    task = asyncio.create_task(case.ask())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await upstream.until(open=0)


async def test_many_at_once_do_not_mix(cases: Cases) -> None:
    answers = await asyncio.gather(*(cases["healthy"].ask() for _ in range(20)))
    assert {answer.text for answer in answers} == {text_of(20)}
