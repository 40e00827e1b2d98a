"""How history becomes a prompt: whole turns, newest first, as many as fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.chat import context
from chat_app.chat.context import Exchange
from chat_app.models import Item, Thread
from tests.chat_app.chat.routes import route

past = st.lists(
    st.builds(Exchange, st.text(min_size=1, max_size=200), st.tuples(st.text(max_size=200))), max_size=12
)


@given(past=past, size=st.integers(64, 2000))
def test_prompt_holds_the_newest_whole_exchanges_and_fits(past: list[Exchange], size: int) -> None:
    here = route(context=size, reserve=32)
    prompt = context.build(here, past, Exchange("now"))
    said = [m.text for m in prompt.messages[:-1]]
    kept = [t for n in range(len(past) + 1) for t in [past[n:]] if flat(t) == said]
    assert kept, "what is kept is a tail of whole exchanges"
    assert context.estimate(prompt) <= max(
        size - 32, context.estimate(context.build(here, [], Exchange("now")))
    )


def flat(exchanges: list[Exchange]) -> list[str]:
    return [text for e in exchanges for text in (e.question, *(a for a in e.answers if a))]


def test_question_that_fills_the_context_stays_alone() -> None:
    prompt = context.build(
        route(context=64, reserve=32, system_prompt="Be kind."), [Exchange("old")], Exchange("x" * 1000)
    )
    assert [m.role for m in prompt.messages] == ["system", "user"]


def test_everything_fits_into_a_large_context() -> None:
    prompt = context.build(route(), [Exchange("a", ("b",)), Exchange("c")], Exchange("d"))
    assert [(m.role, m.text) for m in prompt.messages] == [
        ("user", "a"), ("assistant", "b"), ("user", "c"), ("user", "d"),
    ]  # fmt: skip


@pytest.fixture
def thread(db: None) -> Thread:
    return Thread.objects.create(owner="ext:1")


def say(thread: Thread, seq: int, kind: str, text: str, **more: object) -> None:
    Item.objects.create(thread=thread, seq=seq, kind=kind, text=text, **more)


def test_history_reads_the_path_and_marks_half_answers(thread: Thread) -> None:
    say(thread, 1, "user_message", "one")
    say(thread, 2, "assistant_message", "old", on_path=False)
    say(thread, 3, "assistant_message", "half", data={"state": "cancelled"})
    say(thread, 4, "user_message", "two")
    say(thread, 5, "hidden_context_item", "secret")
    assert context.history(thread.pk, 6, 1000) == [
        Exchange("one", ("half\n\n[The answer was stopped here.]",)),
        Exchange("two", ("[Context: secret]",)),
    ]


def test_history_stops_where_the_budget_ends(thread: Thread) -> None:
    for n in range(200):
        say(thread, 2 * n + 1, "user_message", f"question {n}")
        say(thread, 2 * n + 2, "assistant_message", f"answer {n}")
    some = context.history(thread.pk, 401, 200)
    assert some[-1] == Exchange("question 199", ("answer 199",))
    assert 0 < len(some) < 30
    assert len(context.history(thread.pk, 401, 10**6)) == 200
