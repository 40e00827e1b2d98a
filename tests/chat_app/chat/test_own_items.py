"""Items that Python makes for its own answer, run by the engine: whose ids they get, and what is stored however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_app.chat.asks import TurnSpec
from chat_app.chat.own_items import OwnItems
from chat_app.domain.errors import UpstreamRefused
from chat_app.domain.events import (
    Cancelled,
    Completed,
    Failed,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    RouteChosen,
    ThreadUpdated,
)
from chat_app.domain.prompt import Prompt
from chat_app.domain.turn import IllegalEvent, answer_id, fold
from chat_app.models import Item, Thread, Turn
from chat_app.providers.base import CommitChunk, RouteConfig
from chat_app.providers.python import provider as python
from chat_app.streaming import issued, last_words
from tests.chat_app.chat.routes import route
from tests.chat_app.chat.test_engine import begin, execute
from tests.chat_app.scripts import own_items, woven

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def _table_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_table", python._table)


def begin_with(responder: Any, *spares: Any) -> TurnSpec:
    python.configure({"it": responder})
    own = replace(route("own"), config=RouteConfig("own", "python", model="it"))
    return begin(own, *spares, requested="own")


def stored(spec: TurnSpec) -> list[tuple[str, str, dict[str, Any]]]:
    rows = Item.objects.filter(turn_id=spec.turn_id).exclude(kind="user_message").order_by("seq")
    return [(row.kind, row.text, row.data) for row in rows]


def card(n: int, name: str = "card") -> ItemData:
    return ItemData(name, "widget", data={"n": n})


def all_of_it(prompt: Prompt) -> Iterator[Any]:
    yield Progress("Looking")
    yield "before "
    yield ItemAdded(card(1))
    yield ItemUpdated(card(2), {"type": "widget.root.updated"})
    yield Notice("info", "By the way")
    yield ItemAdded(card(1, "gone"))
    yield ItemRemoved("gone")
    yield "after"
    yield ItemDone(card(3))


def test_items_are_stored_in_order_of_appearance_with_ids_of_ours() -> None:
    spec = begin_with(all_of_it)
    events = execute(spec)
    assert stored(spec) == [
        ("assistant_message", "before after", {}),
        ("widget", "", {"n": 3}),
    ]
    rows = Item.objects.filter(turn_id=spec.turn_id, model="own").order_by("seq")
    assert rows[0].pk == answer_id(spec.turn_id)
    assert all(row.pk.startswith("itm_") for row in rows[1:])
    assert isinstance(events[-1], Completed)
    assert events[-1].text == "before after"


def test_two_answers_may_use_the_same_ids_of_their_own() -> None:
    first, second = begin_with(all_of_it), begin_with(all_of_it)
    execute(first)
    execute(second)
    assert stored(first) == stored(second)


def test_stop_keeps_what_was_shown_and_ends_what_was_open() -> None:
    async def waits(prompt: Prompt) -> AsyncIterator[Any]:
        yield ItemAdded(card(1))
        yield ItemDone(card(2, "other"))
        yield "half"
        await asyncio.sleep(60)

    spec = begin_with(waits)
    events = execute(spec, stop_after=0.3)
    assert isinstance(events[-1], Cancelled)
    assert sum(isinstance(event, ItemDone) for event in events) == 3
    assert stored(spec) == [
        ("widget", "", {"n": 1}),
        ("widget", "", {"n": 2}),
        ("assistant_message", "half", {"state": "cancelled"}),
    ]


def test_item_alone_is_an_answer_after_which_no_other_route_begins() -> None:
    def fails(prompt: Prompt) -> Iterator[Any]:
        yield ItemDone(card(1))
        raise KeyError

    spec = begin_with(fails, route("spare", "/echo twice"))
    events = execute(spec)
    assert isinstance(events[-1], Failed)
    assert events[-1].code == "upstream_error"
    assert stored(spec) == [("widget", "", {"n": 1})]
    assert Turn.objects.get(pk=spec.turn_id).first_token_at is not None


def test_responder_that_fails_after_a_remark_alone_leaves_the_answer_to_the_next() -> None:
    def fails(prompt: Prompt) -> Iterator[Any]:
        yield Progress("Looking")
        yield Notice("info", "Wait")
        raise KeyError

    spec = begin_with(fails, route("spare", "/echo instead"))
    events = execute(spec)
    assert [(e.model, e.reason) for e in events if isinstance(e, RouteChosen)] == [
        ("own", None),
        ("spare", "upstream_error"),
    ]
    assert stored(spec) == [("assistant_message", "instead", {"requested_model": "own"})]


def test_id_that_was_given_out_stays_once() -> None:
    name = issued.issue("wdg")
    assert issued.is_issued(name)
    ids = OwnItems()
    (first, again) = [ids.translate(ItemDone(ItemData(name, "widget")), "own") for _ in range(2)]
    assert first.item.id == again.item.id == name  # type: ignore[union-attr]
    theirs = OwnItems().translate(ItemDone(ItemData(name, "widget")), "own")
    assert theirs.item.id != name  # type: ignore[union-attr]


def test_item_in_the_persons_own_words_is_refused() -> None:
    with pytest.raises(IllegalEvent):
        OwnItems().translate(ItemAdded(ItemData("1", "user_message", "I agree")), "own")


@st.composite
def scripts(draw: st.DrawFn) -> list[Any]:
    """What a responder may yield: pieces of text, items that begin and end in between, and at the end perhaps a bug."""
    said: list[Any] = [
        draw(st.sampled_from(["one ", "two ", Progress("on it"), Notice("info", "so")])) for _ in range(4)
    ]
    for n in range(draw(st.integers(0, 2))):
        said = woven(draw, said, draw(own_items(n)))
    return [*said, "end", *draw(st.sampled_from([[], [KeyError("bug")]]))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scripts())
def test_stored_answer_is_the_fold_of_what_followers_saw_at_any_cut(script: list[Any]) -> None:
    def plays(prompt: Prompt) -> Iterator[Any]:
        for value in script:
            if isinstance(value, Exception):
                raise value
            yield value

    spec = begin_with(plays)
    events = execute(spec)
    rows = Item.objects.filter(turn_id=spec.turn_id).exclude(kind="user_message").order_by("seq")
    kept = [(row.pk, row.kind, row.text, row.model) for row in rows]
    for cut in range(len(events)):
        view = fold(events[:cut])
        for event in events[cut:]:
            view.apply(event)
        assert [(item.id, item.kind, item.text, item.model) for item in view.items] == kept
    others = [(row.kind, row.data) for row in rows if row.kind != "assistant_message"]
    assert others == [(item.kind, item.data) for item in view.items if item.kind != "assistant_message"]


def test_what_python_makes_of_its_items_while_it_is_stopped_is_kept() -> None:
    async def waits(prompt: Prompt) -> AsyncIterator[Any]:
        yield ItemAdded(card(1))
        yield "half"
        try:
            await asyncio.sleep(60)
        finally:
            note = ItemData("note", "hidden_context_item", data={"content": "stopped"})
            for event in (ItemDone(card(9)), ItemDone(note), ItemDone(ItemData("x", "user_message"))):
                assert last_words.leave(prompt.turn_id, event)

    spec = begin_with(waits)
    events = execute(spec, stop_after=0.3)
    assert isinstance(events[-1], Cancelled)
    assert [kind for kind, _, _ in stored(spec)] == ["widget", "assistant_message", "hidden_context_item"]
    assert stored(spec)[0][2] == {"n": 9}
    assert not last_words.leave(spec.turn_id, ItemDone(card(1)))


def test_last_words_of_an_answer_that_was_not_stopped_are_not_heard() -> None:
    async def leaves(prompt: Prompt) -> AsyncIterator[Any]:
        last_words.leave(prompt.turn_id, ItemDone(card(1)))
        yield "whole"

    spec = begin_with(leaves)
    execute(spec)
    assert stored(spec) == [("assistant_message", "whole", {})]


def test_answer_with_nothing_to_see_is_whole_where_its_author_says_so() -> None:
    def quiet(prompt: Prompt) -> Iterator[Any]:
        yield ItemDone(ItemData("note", "hidden_context_item", data={"content": "noted"}))
        yield CommitChunk()

    spec = begin_with(quiet, route("spare", "/echo instead"))
    events = execute(spec)
    assert isinstance(events[-1], Completed)
    assert [kind for kind, _, _ in stored(spec)] == ["hidden_context_item"]
    assert Turn.objects.get(pk=spec.turn_id).first_token_at is not None


def test_answer_that_its_author_claims_is_left_to_no_other_route_when_it_fails() -> None:
    def refuses(prompt: Prompt) -> Iterator[Any]:
        yield CommitChunk()
        raise UpstreamRefused("Not before noon.")

    spec = begin_with(refuses, route("spare", "/echo instead"))
    events = execute(spec)
    assert isinstance(events[-1], Failed)
    assert events[-1].detail == "Not before noon."
    assert sum(isinstance(event, RouteChosen) for event in events) == 1
    assert Turn.objects.get(pk=spec.turn_id).input_tokens == 0


def test_what_the_person_said_may_be_changed_and_not_added_to() -> None:
    def blots_out(prompt: Prompt) -> Iterator[Any]:
        asked = Item.objects.get(turn_id=prompt.turn_id, kind="user_message")
        yield ItemDone(ItemData(asked.pk, "user_message", "…"), earlier=True)
        yield "done"

    spec = begin_with(blots_out)
    execute(spec)
    assert Item.objects.get(turn_id=spec.turn_id, kind="user_message").text == "…"


def test_thread_takes_its_picture_hosts_from_the_answer() -> None:
    def opens(prompt: Prompt) -> Iterator[Any]:
        yield ThreadUpdated(image_domains=["pictures.example"])
        yield "done"

    spec = begin_with(opens)
    execute(spec)
    assert Thread.objects.get(pk=spec.thread_id).allowed_image_domains == ["pictures.example"]
