"""Threads and items beside turns: only their owner's, numbered without clashes, and nothing left of what was deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat_app.domain.events import ItemData
from chat_app.models import Item, Thread, Turn
from chat_app.streaming import threads

pytestmark = pytest.mark.django_db

OWNER, STRANGER = "ext:1", "ext:2"


@pytest.fixture
def thread() -> Thread:
    thread = Thread.objects.create(owner=OWNER, item_seq=3)
    for n in range(1, 4):
        Item.objects.create(id=f"itm_{n}", thread=thread, seq=n, kind="assistant_message", text=str(n))
    return thread


def note(name: str, text: str = "") -> ItemData:
    return ItemData(name, "assistant_message", text)


def ids(thread: Thread, **paging: object) -> list[str]:
    values = {"limit": 10, "after": None, "ascending": True, **paging}
    page = threads.items(OWNER, thread.pk, **values)  # type: ignore[arg-type]
    assert page is not None
    return [item.id for item in page[0]]


def test_item_is_added_behind_all_others_or_changed_in_its_place(thread: Thread) -> None:
    assert threads.put(OWNER, thread.pk, note("itm_new"))
    assert threads.put(OWNER, thread.pk, note("itm_2", "changed"))
    assert ids(thread) == ["itm_1", "itm_2", "itm_3", "itm_new"]
    assert Item.objects.get(pk="itm_2").text == "changed"
    assert Thread.objects.get(pk=thread.pk).item_seq == 4


def test_id_that_is_taken_elsewhere_is_refused_and_its_item_stays(thread: Thread) -> None:
    other = Thread.objects.create(owner=STRANGER)
    with pytest.raises(threads.IdTaken):
        threads.put(STRANGER, other.pk, note("itm_2", "mine now"))
    assert Item.objects.get(pk="itm_2").text == "2"


def test_stranger_finds_reads_and_changes_nothing(thread: Thread) -> None:
    assert threads.find(STRANGER, thread.pk) is None
    assert not threads.put(STRANGER, thread.pk, note("itm_x"))
    assert not threads.change(STRANGER, thread.pk, {"title": "x"})
    assert not threads.create(STRANGER, thread.pk, {"title": "x"})
    assert not threads.take_off(STRANGER, thread.pk, "itm_1")
    assert not threads.delete(STRANGER, thread.pk)
    assert threads.item(STRANGER, thread.pk, "itm_1") is None
    assert threads.items(STRANGER, thread.pk, limit=9, after=None, ascending=True) == ([], False)
    assert threads.listing(STRANGER, limit=9, after=None, ascending=True) == ([], False)
    assert ids(thread) == ["itm_1", "itm_2", "itm_3"]


def test_pages_go_both_ways_and_say_whether_there_is_more(thread: Thread) -> None:
    assert ids(thread, limit=2) == ["itm_1", "itm_2"]
    assert ids(thread, limit=2, after="itm_2") == ["itm_3"]
    assert ids(thread, limit=2, ascending=False) == ["itm_3", "itm_2"]
    assert ids(thread, limit=2, ascending=False, after="itm_2") == ["itm_1"]
    assert threads.items(OWNER, thread.pk, limit=2, after="nobody", ascending=True) is None


def test_window_leaves_out_what_it_names(thread: Thread) -> None:
    assert ids(thread, window=threads.Window(without=["itm_1"])) == ["itm_2", "itm_3"]
    assert ids(thread, window=threads.Window(gap=(1, 2))) == ["itm_1", "itm_3"]


def test_item_taken_off_is_no_longer_part_of_the_conversation(thread: Thread) -> None:
    assert threads.take_off(OWNER, thread.pk, "itm_2")
    assert not threads.take_off(OWNER, thread.pk, "itm_2")
    assert ids(thread) == ["itm_1", "itm_3"]


def test_threads_are_listed_by_the_time_they_were_made() -> None:
    now = timezone.now()
    made = [Thread.objects.create(owner=OWNER, created_at=now + timedelta(seconds=n)).pk for n in range(3)]
    page = threads.listing(OWNER, limit=2, after=None, ascending=True)
    assert page is not None
    assert ([row.pk for row in page[0]], page[1]) == (made[:2], True)
    page = threads.listing(OWNER, limit=2, after=made[1], ascending=True)
    assert page is not None
    assert ([row.pk for row in page[0]], page[1]) == (made[2:], False)


def test_metadata_of_two_writers_is_kept_key_by_key(thread: Thread) -> None:
    assert threads.change_metadata(OWNER, thread.pk, {"a": 1, "b": 1}, ())
    assert threads.change_metadata(OWNER, thread.pk, {"c": 2}, ["b"])
    assert not threads.change_metadata(STRANGER, thread.pk, {"d": 1}, ())
    assert Thread.objects.get(pk=thread.pk).metadata == {"a": 1, "c": 2}


def test_deleted_thread_leaves_no_text_with_its_turns(thread: Thread) -> None:
    kept = {"partial": "said", "partial_items": [{"text": "said"}]}
    running = Turn.objects.create(owner=OWNER, thread=thread, state="running", **kept)
    ended = Turn.objects.create(owner=OWNER, thread=thread, state="completed", **kept)
    assert threads.delete(OWNER, thread.pk)
    for turn in (running, ended):
        turn.refresh_from_db()
        assert (turn.partial, turn.partial_items, turn.thread_id) == ("", [], None)
    assert (running.state, running.fence) == ("cancelled", 2)


def test_title_of_first_words_is_told_from_one_that_somebody_gave() -> None:
    thread = Thread.objects.create(owner=OWNER, title="What is the answer?")
    Item.objects.create(thread=thread, seq=1, kind="user_message", text="What  is\nthe answer?")
    assert threads.is_named_by_first_words(thread)
    thread.title = "Answers"
    assert not threads.is_named_by_first_words(thread)
