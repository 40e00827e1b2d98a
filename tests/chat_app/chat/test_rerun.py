"""A turn made ready to be run once more is the turn that began: whatever began it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat_app.chat import catalog, rerun, retries, start, steps
from chat_app.chat.asks import Ask, Begun, Step, TurnSpec
from chat_app.domain.events import ItemData, RouteChosen
from chat_app.models import ModelConfig, Thread, Turn
from chat_app.providers.python import provider as python
from chat_app.streaming import leases, threads
from chat_app.streaming.log import Past
from sessions_app.principal import Principal
from tests.chat_app.chat.attaching import sent
from tests.chat_app.chat.test_steps import begun, end, made_by, values
from tests.live.chatkit import shapes

pytestmark = pytest.mark.django_db
USER = Principal("ext:1", "session")
TOLD = Past(None, (RouteChosen("demo", 1),))


def identify() -> Principal:
    return USER


@pytest.fixture(autouse=True)
def python_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A model that takes actions."""
    monkeypatch.setattr(python, "_table", python._table)
    python.configure({"it": lambda prompt: "done"})
    ModelConfig.objects.create(id="own", label="Own", provider="python", model="it")
    catalog.forget()
    yield
    catalog.forget()


def claimed(begun: Begun) -> Turn:
    later = timezone.now() + timedelta(seconds=1)
    turn = leases.claim(begun.turn_id, 1, "another", later)
    assert turn is not None
    return turn


def say(text: str, thread_id: str | None = None, model: str = "demo", **more: Any) -> Begun:
    return start.begin(identify, Ask(text, thread_id, model, new_thread=thread_id is None, **more), "w")


def message_of_a_new_thread() -> Begun:
    return say("hello")


def message_with_a_quote_and_a_tool() -> Begun:
    first = begun("one")
    made_by(first, "assistant_message")
    return say("two", first.thread_id, data={"quoted_text": "said before"})


def result_of_a_tool() -> Begun:
    first = begun("one")
    made_by(first, "client_tool_call", **shapes.call())
    return steps.begin(identify, Step(first.thread_id or "", "tool_output", result={"n": 1}), "w")


def answers_to_questions() -> Begun:
    first = begun("one")
    asked = made_by(first, "structured_input", **shapes.QUESTIONS)
    step = Step(first.thread_id or "", "structured_input", asked.pk, answers=values(size=["a"]))
    return steps.begin(identify, step, "w")


def own_thread() -> tuple[Begun, Any]:
    first = say("one", model="own")
    end(first)
    return first, made_by(first, "widget", widget={"type": "Card"})


def click() -> Begun:
    first, widget = own_thread()
    step = Step(first.thread_id or "", "action", widget.pk, action={"type": "buy", "payload": {"n": 1}})
    return steps.begin(identify, step, "w")


def click_without_a_widget() -> Begun:
    first, _ = own_thread()
    return steps.begin(identify, Step(first.thread_id or "", "action", action={"type": "open"}), "w")


def retry_of(before: Callable[[], Begun]) -> Callable[[], Begun]:
    def retry() -> Begun:
        first = before()
        end(first)
        made_by(first, "assistant_message")
        return retries.begin_retry(identify, first.turn_id, None, "w")

    return retry


BEGINNINGS = [
    message_of_a_new_thread,
    message_with_a_quote_and_a_tool,
    result_of_a_tool,
    answers_to_questions,
    click,
    click_without_a_widget,
]


def same(spec: TurnSpec | None, again: TurnSpec | None, **but: Any) -> bool:
    assert spec is not None
    assert again is not None
    assert (again.fence, again.past_events) == (2, TOLD)
    assert again.answer_seq > spec.question_seq
    again = replace(again, fence=1, past_events=None, answer_seq=spec.answer_seq)
    assert again == replace(spec, **but)
    return True


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=lambda own: own.__name__)
def test_turn_is_run_again_as_it_began(beginning: Callable[[], Begun]) -> None:
    first = beginning()
    turn = claimed(first)
    assert same(first.spec, rerun.spec_of(turn, TOLD))


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=lambda own: own.__name__)
def test_retry_is_run_again_as_it_began(beginning: Callable[[], Begun]) -> None:
    first = retry_of(beginning)()
    turn = claimed(first)
    assert same(first.spec, rerun.spec_of(turn, TOLD))


@pytest.mark.usefixtures("folder")
def test_files_of_a_message_go_along_again() -> None:
    first = say("look", attachments=(sent(by=USER),))
    again = rerun.spec_of(claimed(first), TOLD)
    assert same(first.spec, again)
    assert again is not None
    assert [file.name for file in again.files] == ["a.png"]


def test_title_that_a_person_has_given_meanwhile_is_not_asked_for_again() -> None:
    first = say("hello")
    Thread.objects.filter(pk=first.thread_id).update(title="The person's")
    assert same(first.spec, rerun.spec_of(claimed(first), TOLD), title=None)


def test_answer_of_the_second_run_has_a_number_of_its_own() -> None:
    first = say("hello")
    again = rerun.spec_of(claimed(first), TOLD)
    assert again is not None
    assert again.answer_seq == Thread.objects.get(pk=first.thread_id).item_seq == 3


def test_turn_whose_code_has_added_to_the_thread_is_not_run_again() -> None:
    first = say("hello", model="own")
    assert threads.put("ext:1", first.thread_id or "", ItemData("msg_put", "user_message", "in their words"))
    assert rerun.spec_of(claimed(first), TOLD) is None


def test_turn_whose_thread_goes_or_whose_model_has_gone_is_not_run_again() -> None:
    first, second = say("hello"), say("hello", model="own")
    gone, turn = claimed(first), claimed(second)
    threads.delete("ext:1", first.thread_id or "")
    assert rerun.spec_of(gone, TOLD) is None
    ModelConfig.objects.filter(pk="own").update(enabled=False)
    ModelConfig.objects.exclude(pk="own").update(enabled=False)
    catalog.forget()
    assert rerun.spec_of(turn, TOLD) is None


def test_click_is_run_again_by_python_alone() -> None:
    turn = claimed(click())
    ModelConfig.objects.filter(pk="own").update(enabled=False)
    catalog.forget()
    assert rerun.spec_of(turn, TOLD) is None
