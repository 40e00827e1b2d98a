"""What a turn has used when it ends: whose prices count, and what a failed or a stopped one costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chat_app.domain.errors import UpstreamBusy
from chat_app.models import Turn
from tests.chat_app.chat.routes import Scripted, played, route
from tests.chat_app.chat.test_engine import begin, execute

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def ended(*scripts: str, stop_after: float | None = None) -> Turn:
    """The turn after these routes in order played their scripts; each is ten times as dear as the one before."""
    routes = [
        route(f"r{n}", script, price_in=Decimal(10**n), price_out=Decimal(2 * 10**n))
        for n, script in enumerate(scripts)
    ]
    spec = begin(*routes, requested="r0")
    execute(spec, stop_after)
    return Turn.objects.get(pk=spec.turn_id)


def test_answer_costs_a_millionth_of_the_price_for_each_token() -> None:
    turn = ended("/tokens 200 0")
    assert turn.output_tokens == 200
    assert turn.cost == (turn.input_tokens + 2 * turn.output_tokens) / Decimal(1_000_000)
    assert not turn.usage_estimated


def test_fallback_is_paid_at_its_own_price() -> None:
    turn = ended("/fail upstream_down", "/tokens 200 0")
    assert turn.model == "r1"
    assert turn.cost == (10 * turn.input_tokens + 20 * turn.output_tokens) / Decimal(1_000_000)


def test_failure_before_the_first_word_costs_nothing() -> None:
    turn = ended("/fail upstream_down", "/fail upstream_refused")
    assert (turn.state, turn.input_tokens, turn.output_tokens, turn.cost) == ("failed", 0, 0, None)


def test_failure_in_mid_answer_costs_what_was_said() -> None:
    turn = ended("/fail upstream_error after 30")
    assert (turn.state, turn.usage_estimated) == ("failed", True)
    assert turn.input_tokens > 0
    assert turn.output_tokens > 0
    assert turn.cost


def test_stopped_answer_costs_what_was_said_as_an_estimate() -> None:
    turn = ended("/tokens 5000 20", stop_after=0.5)
    assert (turn.state, turn.usage_estimated) == ("cancelled", True)
    assert 0 < turn.output_tokens < 5000
    assert turn.cost


def test_answer_stopped_between_two_tries_of_a_busy_route_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with played(monkeypatch, Scripted([UpstreamBusy(retry_after=2)])):
        spec = begin(route("busy", kind="scripted"), requested="busy")
        execute(spec, stop_after=0.3)
    turn = Turn.objects.get(pk=spec.turn_id)
    assert (turn.state, turn.input_tokens, turn.cost) == ("cancelled", 0, 0)
