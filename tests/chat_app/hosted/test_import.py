"""`manage.py import_hosted_threads`: a hosted ChatKit's threads become ours, once, and again where something is new."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chat_app.admin import figures, usage_figures
from chat_app.chat import threads
from chat_app.models import Item, Thread, Turn
from chat_app.models.fields import new_id
from sessions_app.principal import Principal
from tests.chat_app.hosted.conftest import bring, one, rows
from tests.upstream.hosted_threads import HostedChatKit, answered, asked, item, many

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


# What comes over


def test_thread_is_here_with_its_items_in_order(api: HostedChatKit) -> None:
    said = [
        asked("1", "hello", 1_760_000_000),
        item("task", "2", 1_760_000_001, task_type="custom", heading="Looking"),
        answered("3", "hi", 1_760_000_002),
        asked("4", "bye", 1_760_000_002),
    ]
    api.set(**one(*said, title="Greetings", status={"type": "locked", "reason": "Enough."}))
    assert bring() == (0, "1 of 1 threads: 1 new; 4 items added or changed.\n")
    row = Thread.objects.get()
    assert (row.owner, row.title, row.status, row.status_reason) == (
        "ext:ann",
        "Greetings",
        "locked",
        "Enough.",
    )
    assert row.created_at.timestamp() == 1_760_000_000
    assert row.updated_at.timestamp() == 1_760_000_002
    items = Item.objects.order_by("seq").values_list("seq", "kind", "text", "on_path")
    assert list(items) == [
        (1, "user_message", "hello", True),
        (2, "task", "", True),
        (3, "assistant_message", "hi", True),
        (4, "user_message", "bye", True),
    ]
    assert row.item_seq == 4


def test_each_question_begins_a_turn_that_is_over(api: HostedChatKit) -> None:
    api.set(**one(answered("0", "Welcome"), asked("1", "a"), answered("2", "b"), asked("3", "c")))
    bring()
    row = Thread.objects.get()
    first, second = Turn.objects.order_by("created_at")
    assert [turn.state for turn in (first, second)] == ["completed", "completed"]
    assert (second.parent_id, row.head_id, first.parent_id) == (first.pk, second.pk, None)
    assert [turn.input_item and turn.input_item.text for turn in (first, second)] == ["a", "c"]
    assert list(Item.objects.order_by("seq").values_list("turn", flat=True)) == [
        None,
        first.pk,
        first.pk,
        second.pk,
    ]


def test_imported_turns_are_in_no_figure_of_what_was_used(api: HostedChatKit, settings: Any) -> None:
    api.set(**one(asked("1", "a", int(time.time())), answered("2", "b", int(time.time()))))
    bring()
    assert Turn.objects.count() == 1
    assert usage_figures.report(usage_figures.Range("24h")).total.turns == 0
    assert figures.by_model() == {}


def test_thread_without_a_title_is_called_by_its_first_words(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "How do I " + "get there " * 20)))
    bring()
    assert Thread.objects.get().title.startswith("How do I get there")
    assert len(Thread.objects.get().title) <= 60


def test_pages_are_read_to_their_end(api: HostedChatKit) -> None:
    api.set(**many(230), delay=0.001)
    held = many(1, messages=250)
    api.set(
        threads=many(230)["threads"], items={**many(230)["items"], "cthr_0000": held["items"]["cthr_0000"]}
    )
    code, told = bring()
    assert (code, Thread.objects.count()) == (0, 230)
    assert Item.objects.filter(thread=Thread.objects.order_by("created_at").first()).count() == 250
    assert len(api.asked("/threads")) == 3
    assert {each["query"]["limit"] for each in api.asked()} == {"100"}
    assert "230 of 230 threads: 230 new; 708 items" in told


def test_threads_are_read_a_few_at_a_time(api: HostedChatKit) -> None:
    api.set(**many(20), delay=0.02)
    bring()
    assert 1 < api.state()["most_at_once"] <= 4


def test_type_that_nobody_knows_is_left_out_and_told(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a"), item("hologram", "2"), answered("3", "b")))
    code, told = bring()
    assert code == 0
    assert "left out: 1 items of the type chatkit.hologram" in told
    assert list(Item.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]


def test_broken_characters_of_the_api_are_taken(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "cut \ud83d off"), title="\ud800 and \0"))
    assert bring()[0] == 0
    assert Item.objects.get().text == "cut \ufffd off"
    assert Thread.objects.get().title == "\ufffd and \ufffd"


# Run again


def test_second_run_changes_nothing(api: HostedChatKit) -> None:
    api.set(**many(5))
    bring()
    before = rows()
    assert bring() == (0, "5 of 5 threads: 5 unchanged; 0 items added or changed.\n")
    assert rows() == before


def test_what_is_new_is_added_by_the_next_run(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a"), answered("2", "b")))
    bring()
    api.set(
        **one(
            asked("1", "a"),
            answered("2", "b"),
            answered("3", "c"),
            asked("4", "d", 1_770_000_000),
            title="New",
        )
    )
    assert "1 changed; 2 items" in bring()[1]
    assert list(Item.objects.order_by("seq").values_list("text", flat=True)) == ["a", "b", "c", "d"]
    row = Thread.objects.get()
    assert (row.item_seq, row.title, row.updated_at.timestamp()) == (4, "New", 1_770_000_000)
    assert Turn.objects.count() == 2
    assert row.head_id == Item.objects.get(text="d").turn_id


def test_answer_that_was_being_written_is_whole_after_the_next_run(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a"), answered("2", "half")))
    bring()
    api.set(**one(asked("1", "a"), answered("2", "half and whole")))
    bring()
    assert Item.objects.get(kind="assistant_message").text == "half and whole"


def test_title_that_a_person_gave_here_stays(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a"), title="Theirs"))
    bring()
    Thread.objects.update(title="Mine")
    api.set(**one(asked("1", "a"), title="Theirs, renamed", status={"type": "closed", "reason": None}))
    bring()
    assert (Thread.objects.get().title, Thread.objects.get().status) == ("Mine", "closed")


def test_thread_in_which_somebody_went_on_here_stays_as_it_is(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a"), answered("2", "b")))
    bring()
    row = Thread.objects.get()
    Turn.objects.create(id=new_id("trn"), owner=row.owner, thread=row, state="completed")
    before = rows()
    api.set(**one(asked("1", "a"), answered("2", "B"), answered("3", "c"), title="Other"))
    assert bring() == (0, "1 of 1 threads: 1 went on here; 0 items added or changed.\n")
    assert rows() == before


def test_thread_that_was_deleted_here_stays_deleted(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a")))
    bring()
    threads.delete(Principal(owner="ext:ann", kind="login"), Thread.objects.get().pk)
    assert "1 deleted here" in bring()[1]
    assert not Thread.objects.exists()


def test_thread_of_another_owner_here_fails_and_stays_theirs(api: HostedChatKit) -> None:
    api.set(**one(asked("1", "a")))
    bring()
    code, told = bring("--realm", "crm")
    assert code == 1
    assert "failed: cthr_1: The thread belongs to ext:ann here, not to crm:ann." in told
    assert Thread.objects.get().owner == "ext:ann"
