"""Threads, turns, items and feedback in the admin: looked at, stopped, locked; never edited, and cheap however many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from chat_app.models import Attachment, Feedback, Item, Thread, Turn
from chat_app.models.fields import first_id, new_id
from chat_app.streaming.control import CONTROL

TURNS, THREADS = "/admin/chat_app/turn/", "/admin/chat_app/thread/"
ATTACHMENTS = "/admin/chat_app/attachment/"
LISTS = (
    TURNS,
    THREADS,
    ATTACHMENTS,
    "/admin/chat_app/item/",
    "/admin/chat_app/feedback/",
    "/admin/admin/logentry/",
)


def conversation(n: int = 1, owner: str = "user:7") -> Thread:
    """A thread of `n` turns, the last answer liked."""
    thread = Thread.objects.create(owner=owner, title="Trees")
    for k in range(n):
        now = timezone.now()
        turn = Turn.objects.create(
            owner=owner, thread=thread, requested_model="llama", model="demo", state="completed", created_at=now,
            first_token_at=now + timedelta(milliseconds=250), ended_at=now + timedelta(seconds=2), input_tokens=1200,
            attempts=[{"model": "llama", "code": "upstream_timeout", "ms": 31}, {"model": "demo", "code": "ok", "ms": 90}],
        )  # fmt: skip
        texts = (
            ("user_message", "Which tree is <b>this</b>?"),
            ("assistant_message", f"Answer {k}: an elm."),
        )
        for m, (kind, text) in enumerate(texts):
            item = Item.objects.create(thread=thread, turn=turn, seq=2 * k + m + 1, kind=kind, text=text)
    Feedback.objects.create(item=item, kind="positive", comment="Right!")
    Attachment.objects.create(
        owner=owner, thread=thread, item=item, name="<i>elm</i>.png", mime_type="image/png", size=2048
    )
    return thread


def turn(**values: Any) -> Turn:
    return Turn.objects.create(
        **{"owner": "user:7", "requested_model": "llama", "state": "running", **values}
    )


def test_ids_made_since_a_moment_are_behind_its_first(db: None) -> None:
    before = first_id("trn", timezone.now() - timedelta(seconds=1))
    assert before < new_id("trn") < first_id("trn", timezone.now() + timedelta(seconds=1))


def test_turn_page_tells_what_was_tried(operator: Client) -> None:
    pk = conversation().turns.get().pk
    page = operator.get(f"{TURNS}{pk}/change/").content.decode()
    for words in ("upstream_timeout", "31 ms", "250 ms", "2.0 s", "1,200 / 0", "user:7"):
        assert words in page


@pytest.mark.parametrize("name", ["answered", "key", "error", "model", "owner__exact", "id__gte"])
def test_filter_with_nul_in_it_is_dropped(operator: Client, name: str) -> None:
    answer = operator.get(f"{TURNS}?{name}=a%00")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{TURNS}?e=1")


def test_turns_are_found_by_state_model_error_and_search(operator: Client) -> None:
    conversation()
    failed = turn(state="failed", error_code="upstream_down", requested_model="openai", owner="ext:42")
    for query in (
        "state__exact=failed",
        "model=openai",
        "error=any",
        "error=upstream_down",
        "q=ext:42",
        f"q={failed.pk}",
    ):
        found = operator.get(f"{TURNS}?{query}").context["cl"].result_list
        assert [row.pk for row in found] == [failed.pk], query


def test_turns_are_found_by_their_thread(operator: Client) -> None:
    turn()
    thread = conversation(2)
    assert len(operator.get(f"{TURNS}?q={thread.pk}").context["cl"].result_list) == 2


def test_stop_asks_the_running_turns_alone(operator: Client) -> None:
    running, ended = turn(), turn(state="completed")
    heard: list[Any] = []
    unsubscribe = CONTROL.subscribe(f"turn:{running.pk}", heard.append)
    operator.post(TURNS, {"action": "stop", "_selected_action": [running.pk, ended.pk]})
    unsubscribe()
    running.refresh_from_db()
    ended.refresh_from_db()
    assert running.cancel_requested is not None
    assert ended.cancel_requested is None
    assert LogEntry.objects.get(object_id=running.pk).get_change_message() == "Asked to stop."


@pytest.mark.parametrize("kind", ["turn", "thread", "item", "feedback", "attachment"])
def test_record_is_neither_added_nor_edited(operator: Client, kind: str) -> None:
    thread = conversation()
    pk = {
        "turn": thread.turns.get().pk,
        "thread": thread.pk,
        "item": thread.items.get(seq=1).pk,
        "feedback": Feedback.objects.get().pk,
        "attachment": Attachment.objects.get().pk,
    }[kind]
    assert operator.get(f"/admin/chat_app/{kind}/add/").status_code == 403
    assert operator.get(f"/admin/chat_app/{kind}/{pk}/change/").status_code == 200
    assert operator.post(f"/admin/chat_app/{kind}/{pk}/change/", {"owner": "x"}).status_code == 403


def test_thread_page_shows_the_conversation_as_text(operator: Client) -> None:
    page = operator.get(f"{THREADS}{conversation(2).pk}/change/").content.decode()
    assert page.index("Answer 0") < page.index("Answer 1")
    assert "Which tree is &lt;b&gt;this&lt;/b&gt;?" in page
    assert "positive: Right!" in page


def test_thread_page_costs_the_same_for_a_long_thread(
    operator: Client, django_assert_max_num_queries: Any
) -> None:
    pk = conversation(40).pk
    with django_assert_max_num_queries(8):
        assert operator.get(f"{THREADS}{pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("action", "status"), [("lock", "locked"), ("close", "closed"), ("reopen", "active")]
)
def test_thread_status_is_set_and_logged(operator: Client, action: str, status: str) -> None:
    thread = conversation()
    Thread.objects.filter(pk=thread.pk).update(status="closed" if action != "close" else "active")
    operator.post(THREADS, {"action": action, "_selected_action": [thread.pk]})
    thread.refresh_from_db()
    assert thread.status == status
    assert LogEntry.objects.get(object_id=thread.pk).get_change_message() == f"Status: {status}."


def test_deleting_a_thread_keeps_the_usage_and_ends_what_runs(operator: Client) -> None:
    thread = conversation()
    running = turn(thread=thread)
    assert operator.post(f"{THREADS}{thread.pk}/delete/", {"post": "yes"}).status_code == 302
    running.refresh_from_db()
    assert (running.state, running.thread_id) == ("cancelled", None)
    assert not Item.objects.filter(text__contains="elm").exists()
    assert Turn.objects.get(input_tokens=1200).thread_id is None


def test_attachment_is_told_and_its_bytes_are_not(operator: Client) -> None:
    thread = conversation()
    row = thread.attachments.get()
    page = operator.get(f"{ATTACHMENTS}{row.pk}/change/").content.decode()
    for words in (
        "&lt;i&gt;elm&lt;/i&gt;.png",
        "image/png",
        "2.0\xa0KB",
        thread.pk,
        str(row.item_id),
        "user:7",
    ):
        assert words in page
    assert "/api/attachments" not in page
    for query in (f"q={row.pk}", "q=user:7", f"q={thread.pk}", "kind__exact=file"):
        assert len(operator.get(f"{ATTACHMENTS}?{query}").context["cl"].result_list) == 1, query


def test_attachment_is_deleted_by_who_has_the_right(operator: Client, colleague: Client) -> None:
    pk = conversation().attachments.get().pk
    assert colleague.post(f"{ATTACHMENTS}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert operator.post(f"{ATTACHMENTS}{pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("address", LISTS)
def test_list_costs_the_same_for_many_rows(
    operator: Client, address: str, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        operator.post(THREADS, {"action": "lock", "_selected_action": [conversation(2, f"user:{n}").pk]})
    with django_assert_max_num_queries(8):
        response = operator.get(address)
    assert len(response.context["cl"].result_list) >= 12


def test_list_counts_to_a_bound(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_app.admin.lists.MOST", 60)
    Turn.objects.bulk_create(
        Turn(owner="user:1", requested_model="demo", state="completed") for _ in range(80)
    )
    page = operator.get(TURNS).context["cl"]
    assert (page.result_count, len(page.result_list)) == (60, 50)


def test_ten_thousand_turns_are_listed_in_order_by_the_key(
    operator: Client, django_assert_max_num_queries: Any
) -> None:
    Turn.objects.bulk_create(
        [Turn(owner="user:1", requested_model="demo", state="completed") for _ in range(10_000)],
        batch_size=500,
    )
    newest = Turn.objects.create(
        owner="user:1", requested_model="demo", state="completed", created_at=timezone.now()
    )
    with django_assert_max_num_queries(8):
        page = operator.get(TURNS).context["cl"]
    assert (page.result_list[0].pk, len(page.result_list)) == (newest.pk, 50)
