"""How turns begin without a message: answers laid over questions, calls that wait, which turn a retry means."""

from __future__ import annotations

from typing import Any

import pytest

from chat_app.chat import places, retries, start, steps
from chat_app.chat.asks import Ask, Begun, Busy, Step
from chat_app.domain.errors import InvalidInput, NotFound, ThreadClosed
from chat_app.domain.turn import ENDED
from chat_app.models import Item, Thread, Turn
from sessions_app.principal import Principal
from tests.live.chatkit import shapes

pytestmark = pytest.mark.django_db
USER = Principal("ext:1", "session")
QUESTIONS: Any = shapes.QUESTIONS


def identify() -> Principal:
    return USER


def begun(text: str = "hello", thread_id: str | None = None) -> Begun:
    """A message's turn, ended at once."""
    made = start.begin(identify, Ask(text, thread_id, model="demo", new_thread=thread_id is None), "w")
    end(made)
    return made


def end(made: Begun, state: str = "completed") -> None:
    Turn.objects.filter(pk=made.turn_id).update(state=state)


def made_by(turn: Begun, kind: str, **data: Any) -> Item:
    """An item of a turn, behind all that is in its thread."""
    thread = Thread.objects.get(pk=turn.thread_id)
    Thread.objects.filter(pk=thread.pk).update(item_seq=thread.item_seq + 1)
    return Item.objects.create(
        thread=thread, turn_id=turn.turn_id, seq=thread.item_seq + 1, kind=kind, data=data
    )


def values(**given: Any) -> dict[str, Any]:
    return {"status": "answered", "answers": {k: {"values": v, "skipped": not v} for k, v in given.items()}}


# Answers


def test_answers_are_laid_over_the_questions() -> None:
    found = steps.answered(QUESTIONS, values(size=["a", "b"], tops=["x", "y"], nobody=["z"]))
    assert found["status"] == "answered"
    assert [(own["id"], own["answer"]) for own in found["inputs"]] == [
        ("size", {"values": ["a"], "skipped": False}),
        ("tops", {"values": ["x", "y"], "skipped": False}),
        ("note", {"values": [], "skipped": True}),
    ]
    assert "answer" not in QUESTIONS["inputs"][0]


@pytest.mark.parametrize("given", [{"status": "skipped"}, {**values(size=["a"]), "status": "skipped"}])
def test_all_is_skipped_where_the_whole_was(given: Any) -> None:
    found = steps.answered(QUESTIONS, given)
    assert found["status"] == "skipped"
    assert all(own["answer"] == {"values": [], "skipped": True} for own in found["inputs"])


def test_one_question_can_be_skipped_though_it_has_values() -> None:
    found = steps.answered(QUESTIONS, {"answers": {"note": {"values": ["x"], "skipped": True}}})
    assert found["inputs"][2]["answer"] == {"values": [], "skipped": True}


# Calls that wait


def test_pending_calls_are_the_newest_turns_newest_first() -> None:
    first = begun()
    made_by(first, "client_tool_call", **shapes.call("old"))
    second = begun(thread_id=first.thread_id)
    calls = [made_by(second, "client_tool_call", **shapes.call(name)) for name in ("a", "b")]
    made_by(second, "client_tool_call", **{**shapes.call("done"), "status": "completed"})
    made_by(second, "hidden_context_item", content="x")
    assert places.pending_tools(second.thread_id or "", second.turn_id) == calls[::-1]
    assert places.pending_tools(second.thread_id or "", None) == []


def test_expired_calls_leave_the_path() -> None:
    turn = begun()
    calls = [made_by(turn, "client_tool_call", **shapes.call(name)) for name in ("a", "b")]
    assert places.expire(calls) == tuple(call.pk for call in calls)
    assert places.pending_tools(turn.thread_id or "", turn.turn_id) == []
    assert places.expire([]) == ()


def test_message_expires_the_calls_before_it_and_says_so() -> None:
    first = begun()
    call = made_by(first, "client_tool_call", **shapes.call())
    second = begun(thread_id=first.thread_id)
    assert second.opening is not None
    assert second.opening.expired == (call.pk,)
    call.refresh_from_db()
    assert not call.on_path


def test_result_goes_to_the_newest_call_and_the_older_one_expires() -> None:
    first = begun()
    old, new = (made_by(first, "client_tool_call", **shapes.call(name)) for name in ("a", "b"))
    step = steps.begin(identify, Step(first.thread_id or "", "tool_output", result={"ok": None}), "w")
    new.refresh_from_db()
    assert (new.data["status"], new.data["output"]) == ("completed", {"ok": None})
    assert step.opening is not None
    assert step.opening.expired == (old.pk,)
    assert step.spec is not None
    assert (step.spec.given.trigger, step.spec.given.item and step.spec.given.item.id) == (
        "tool_output",
        new.pk,
    )


@pytest.mark.parametrize("trigger", ["tool_output", "structured_input", "action"])
def test_step_changes_nothing_where_it_may_not_begin(trigger: Any) -> None:
    turn = begun()
    call = made_by(turn, "client_tool_call", **shapes.call())
    asked = made_by(turn, "structured_input", **QUESTIONS)
    step = Step(turn.thread_id or "", trigger, asked.pk if trigger == "structured_input" else None, result=1)
    Thread.objects.filter(pk=turn.thread_id).update(status="locked", status_reason="Enough")
    with pytest.raises(ThreadClosed, match="Enough"):
        steps.begin(identify, step, "w")
    Thread.objects.filter(pk=turn.thread_id).update(status="active")
    end(turn, "running")
    with pytest.raises(Busy):
        steps.begin(identify, step, "w")
    with pytest.raises(NotFound):
        steps.begin(lambda: Principal("ext:2", "session"), step, "w")
    call.refresh_from_db()
    asked.refresh_from_db()
    assert (call.data["status"], asked.data["status"]) == ("pending", "pending")


# Retry


def after(turn: Begun, item_id: str) -> Begun:
    return retries.begin_after(identify, turn.thread_id or "", item_id, "w", None)


def test_retry_after_a_message_answers_it_again_in_a_turn_of_its_own() -> None:
    turn = begun("the question")
    question = Item.objects.get(turn_id=turn.turn_id)
    again = after(turn, question.pk)
    row = Turn.objects.get(pk=again.turn_id)
    assert (row.trigger, row.attempt, row.input_item_id) == ("retry", 2, question.pk)
    assert again.spec is not None
    assert (again.spec.question, again.spec.question_seq, again.spec.given.again) == ("the question", 1, True)
    assert Thread.objects.get(pk=turn.thread_id).head_id == turn.turn_id  # until it begins


def test_retry_after_an_answer_is_of_the_turn_behind_it() -> None:
    first = begun("one")
    answer = made_by(first, "assistant_message")
    second = begun("two", first.thread_id)
    again = after(first, answer.pk)
    assert again.spec is not None
    assert again.spec.question == "two"
    assert Turn.objects.get(pk=again.turn_id).input_item_id == Item.objects.get(turn_id=second.turn_id).pk


def test_retry_of_a_retry_counts_on() -> None:
    turn = begun()
    question = Item.objects.get(turn_id=turn.turn_id)
    for attempt in (2, 3):
        again = after(turn, question.pk)
        assert Turn.objects.get(pk=again.turn_id).attempt == attempt
        end(again, "failed")


def test_retry_where_nothing_follows_or_nothing_is() -> None:
    turn = begun()
    answer = made_by(turn, "assistant_message")
    with pytest.raises(InvalidInput):
        after(turn, answer.pk)
    for name in ("msg_of_nobody", made_by(begun(), "assistant_message").pk):
        with pytest.raises(NotFound):
            after(turn, name)
    assert Turn.objects.exclude(state__in=ENDED).count() == 0


def test_message_that_a_retry_has_left_behind_cannot_be_retried() -> None:
    first = begun("one")
    second = begun("two", first.thread_id)
    question = Item.objects.get(turn_id=second.turn_id)
    Item.objects.filter(pk=question.pk).update(on_path=False)
    with pytest.raises(NotFound):
        after(second, question.pk)
