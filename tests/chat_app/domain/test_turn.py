"""The fold law and the table of legal order."""

from __future__ import annotations

import pytest
from hypothesis import given

from chat_app.domain.events import (
    TERMINALS,
    Completed,
    Event,
    ItemAdded,
    ItemData,
    ItemDone,
    RouteChosen,
    TextDelta,
)
from chat_app.domain.turn import ANSWER, ENDED, ORDER, IllegalEvent, TurnView, fold
from tests.chat_app.scripts import USAGE, answers

BEGUN: list[Event] = [RouteChosen("demo", 1), ItemAdded(ItemData("msg_1", ANSWER))]


@given(answers())
def test_fold_of_a_whole_turn_says_what_its_terminal_event_says(events: list[Event]) -> None:
    view = fold(events)
    assert view.ended
    assert view.text == events[-1].text  # type: ignore[union-attr]


@given(answers())
def test_fold_in_two_parts_equals_the_fold_of_the_whole(events: list[Event]) -> None:
    for cut in range(len(events)):
        view = fold(events[:cut])
        view.snapshot()  # looking at it must not change it
        for event in events[cut:]:
            view.apply(event)
        assert view.snapshot() == fold(events).snapshot()


@pytest.mark.parametrize("terminal", TERMINALS, ids=lambda kind: kind.__name__)
def test_nothing_may_follow_a_terminal_event(terminal: type) -> None:
    state = ORDER["running"][terminal]
    assert state in ENDED
    assert ORDER[state] == {}


def test_second_terminal_event_is_refused() -> None:
    view = fold([*BEGUN, Completed("", "demo", USAGE)])
    with pytest.raises(IllegalEvent):
        view.apply(Completed("", "demo", USAGE))


@pytest.mark.parametrize(
    "event",
    [TextDelta("msg_1", "x"), ItemAdded(ItemData("msg_1", ANSWER)), Completed("", "demo", USAGE)],
    ids=lambda event: type(event).__name__,
)
def test_text_and_completion_before_a_route_are_refused(event: Event) -> None:
    with pytest.raises(IllegalEvent):
        TurnView().apply(event)


def test_text_for_an_item_that_is_done_is_refused() -> None:
    view = fold([*BEGUN, ItemDone(ItemData("msg_1", ANSWER, "whole"))])
    with pytest.raises(IllegalEvent):
        view.apply(TextDelta("msg_1", "more"))
    assert view.text == "whole"


def test_text_for_an_item_that_is_not_there_leaves_the_view_unchanged() -> None:
    view = fold(BEGUN)
    with pytest.raises(IllegalEvent):
        view.apply(TextDelta("msg_2", "x"))
    assert view.snapshot() == fold(BEGUN).snapshot()


def test_visible_begins_with_the_first_text() -> None:
    view = fold(BEGUN)
    assert not view.visible
    view.apply(TextDelta("msg_1", "x"))
    assert view.visible
