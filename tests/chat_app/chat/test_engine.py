"""One run of the engine against a log in memory and real rows: what is said, what is stored, and how a stop ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from chat_app.chat import engine
from chat_app.chat.asks import TurnSpec
from chat_app.chat.catalog import Route
from chat_app.chat.engine import Run
from chat_app.domain.events import Cancelled, Completed, ItemAdded, ItemDone, TextDelta
from chat_app.models import Item, Thread, Turn
from chat_app.providers import registry
from chat_app.providers.base import Chunk, RouteConfig, TextChunk
from chat_app.streaming.log import MemoryLog
from tests.chat_app.chat.routes import route

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def begin(*routes: Route, requested: str = "demo", message: str = "hello") -> TurnSpec:
    thread = Thread.objects.create(owner="ext:1", item_seq=2)
    turn = Turn.objects.create(owner="ext:1", thread=thread, state="running")
    Item.objects.create(thread=thread, turn=turn, seq=1, kind="user_message", text=message)
    return TurnSpec(turn.pk, "ext:1", thread.pk, 1, "message", requested, message, 1, 2, routes, [])


def execute(spec: TurnSpec, stop_after: float | None = None) -> list[Any]:
    async def scenario() -> list[Any]:
        log = MemoryLog()
        run = Run(spec, log)
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, run.stop, "cancelled")
        await asyncio.wait_for(run.execute(), 10)
        held = log.find(spec.turn_id)
        assert held is not None
        return [record.event for record in held.after(0) or []]

    return asyncio.run(scenario())


def answer_of(spec: TurnSpec) -> Item:
    return Item.objects.get(turn_id=spec.turn_id, kind="assistant_message")


def test_answer_is_stored_as_it_was_said() -> None:
    spec = begin(route(script="/tokens 200 0"))
    events = execute(spec)
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert isinstance(events[-1], Completed)
    assert events[-1].text == said == answer_of(spec).text
    turn = Turn.objects.get(pk=spec.turn_id)
    assert (turn.state, turn.output_tokens, turn.last_seq) == ("completed", 200, len(events))


def test_first_text_leaves_alone_and_the_rest_is_merged() -> None:
    events = execute(begin(route(script="/tokens 200 0")))
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert deltas[0] == "0001 "
    assert len(deltas) < 100


def test_item_says_which_model_was_asked_for_when_another_answered() -> None:
    spec = begin(route("spare", "/echo hi"), requested="mine")
    added = next(event for event in execute(spec) if isinstance(event, ItemAdded))
    assert (added.item.model, added.item.data) == ("spare", {"requested_model": "mine"})
    assert answer_of(spec).data == {"requested_model": "mine"}


def test_failure_before_any_text_leaves_no_item() -> None:
    spec = begin(route(script="/fail upstream_timeout"))
    execute(spec)
    assert not Item.objects.filter(turn_id=spec.turn_id, kind="assistant_message").exists()
    assert Turn.objects.get(pk=spec.turn_id).error_code == "upstream_timeout"


def test_failure_after_some_text_keeps_it_with_the_reason() -> None:
    spec = begin(route(script="/fail upstream_down after 3"))
    execute(spec)
    assert answer_of(spec).text
    assert answer_of(spec).data["error"]["code"] == "upstream_down"


def test_stop_before_the_first_step_ends_cancelled() -> None:
    spec = begin(route(script="/tokens 100 10"))
    assert isinstance(execute(spec, stop_after=0)[-1], Cancelled)
    assert Turn.objects.get(pk=spec.turn_id).state == "cancelled"


def test_stop_in_mid_answer_keeps_what_was_said() -> None:
    spec = begin(route(script="/tokens 1000 5"))
    events = execute(spec, stop_after=0.2)
    assert isinstance(events[-1], Cancelled)
    assert isinstance(events[-2], ItemDone)
    assert answer_of(spec).text == events[-1].text == events[-2].item.text
    assert 0 < len(events[-1].text) < 5000


def test_run_that_lost_its_lease_writes_nothing_and_says_so() -> None:
    spec = begin(route(script="/echo hi"))
    Turn.objects.filter(pk=spec.turn_id).update(fence=2)
    assert type(execute(spec)[-1]).__name__ == "Interrupted"
    assert Turn.objects.get(pk=spec.turn_id).state == "running"
    assert not Item.objects.filter(turn_id=spec.turn_id, kind="assistant_message").exists()


class Stubborn:
    """A provider that does not let go when it is cancelled."""

    kind: ClassVar[str] = "stubborn"

    def missing(self, route: RouteConfig) -> str | None:
        return None

    async def stream(self, route: RouteConfig, prompt: Any) -> AsyncGenerator[Chunk, None]:
        yield TextChunk("on and ")
        for _ in range(40):
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                continue


@contextmanager
def registered(provider: Any, patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(registry, "_INSTANCES", {**registry._INSTANCES, provider.kind: provider})
    yield


def test_provider_that_does_not_let_go_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STOP_GRACE", 0.2)
    stubborn = route()
    config = RouteConfig("demo", "stubborn")
    spec = begin(
        Route(**{**{name: getattr(stubborn, name) for name in stubborn.__slots__}, "config": config})
    )
    with registered(Stubborn(), monkeypatch):
        events = execute(spec, stop_after=0.1)
    assert events[-1] == Cancelled("on and ", events[-1].usage)
