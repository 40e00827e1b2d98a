"""`manage.py import_hosted_threads`: a hosted ChatKit's threads become ours, once, whatever the API does meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat_app.admin import figures, usage_figures
from chat_app.chat import threads
from chat_app.models import Item, Thread, Turn
from chat_app.models.fields import new_id
from sessions_app.principal import Principal
from tests.upstream.hosted_threads import (
    KEY,
    HostedChatKit,
    answered,
    asked,
    hosted_chatkit,
    item,
    many,
    thread,
)

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = {"retry-after-ms": "1"}


@pytest.fixture(scope="module")
def running() -> Iterator[HostedChatKit]:
    with hosted_chatkit() as api:
        yield api


@pytest.fixture
def api(running: HostedChatKit, settings: Any) -> HostedChatKit:
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = running.base_url, KEY
    running.set(threads=[], items={}, faults=[], delay=0)
    return running


def bring(*options: str) -> tuple[int, str]:
    """Exit code and all that was printed."""
    out, code = StringIO(), 0
    try:
        call_command("import_hosted_threads", *options, stdout=out, stderr=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, out.getvalue()


def rows() -> list[Any]:
    """All that was brought over, to be compared."""
    return [list(model.objects.order_by("pk").values()) for model in (Thread, Item, Turn)]


def one(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One thread `cthr_1` with these items, for `set`."""
    return {"threads": [thread("1", **fields)], "items": {"cthr_1": list(items)}}


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
    assert [turn.input_item.text for turn in (first, second)] == ["a", "c"]
    assert list(Item.objects.order_by("seq").values_list("turn", flat=True)) == [
        None,
        first.pk,
        first.pk,
        second.pk,
    ]


def test_imported_turns_are_in_no_figure_of_what_was_used(api: HostedChatKit, settings: Any) -> None:
    import time

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


# Options


def test_dry_run_says_what_would_come_and_writes_nothing(api: HostedChatKit) -> None:
    api.set(**many(2))
    assert bring("--dry-run") == (
        0,
        "2 of 2 threads: 2 new; 4 items to add or change.\nNothing was written.\n",
    )
    assert rows() == [[], [], []]


def test_users_moment_and_number_narrow_what_is_brought(api: HostedChatKit) -> None:
    api.set(
        threads=[
            thread("1", "ann", 1),
            thread("2", "bob", 100),
            thread("3", "eve", 200),
            thread("4", "ann", 300),
        ]
    )
    bring("--user", "ann", "--user", "bob", "--since", "1970-01-01T00:01:00")
    assert set(Thread.objects.values_list("owner", flat=True)) == {"ext:ann", "ext:bob"}
    assert Thread.objects.count() == 2
    bring("--limit", "1")
    assert Thread.objects.filter(created_at__year=1970, owner="ext:ann").count() == 2
    assert Thread.objects.count() == 3


def test_owners_come_of_map_own_name_and_realm(api: HostedChatKit, tmp_path: Path) -> None:
    file = tmp_path / "owners.json"
    file.write_text(json.dumps({"ann": "user:7"}))
    api.set(threads=[thread("1", "ann"), thread("2", "user:5"), thread("3", "bob")])
    bring("--realm", "crm", "--own-users", "--owner-map", str(file))
    assert set(Thread.objects.values_list("owner", flat=True)) == {"user:7", "user:5", "crm:bob"}


def test_name_of_an_owner_makes_nobody_that_owner_unasked(api: HostedChatKit) -> None:
    api.set(threads=[thread("1", "user:1")])
    bring()
    assert Thread.objects.get().owner == "ext:user:1"


@pytest.mark.parametrize("user", ["", "a\nb", "x" * 256, "\ud800"])
def test_user_that_can_be_no_owner_fails_by_name(api: HostedChatKit, user: str) -> None:
    api.set(threads=[thread("1", user), thread("2", "bob")])
    code, told = bring()
    assert code == 1
    assert "failed: cthr_1: Nobody can be called" in told
    assert Thread.objects.get().owner == "ext:bob"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--realm", "No Realm"], "--realm"),
        (["--owner-map", "/nowhere.json"], "No such file"),
        (["--since", "yesterday"], "--since"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_option_that_makes_no_sense_is_refused(api: HostedChatKit, options: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        bring(*options)


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"ann": "nobody"}', '{"ann": 7}'])
def test_map_that_makes_no_sense_is_refused(api: HostedChatKit, tmp_path: Path, text: str) -> None:
    file = tmp_path / "owners.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"owners\.json"):
        bring("--owner-map", str(file))


# An API in trouble


def test_busy_and_broken_api_is_asked_again(api: HostedChatKit) -> None:
    faults = [
        {"path": "/threads", "status": 429, "headers": AT_ONCE},
        {"path": "/cthr_0001/items", "status": 500, "headers": AT_ONCE, "times": 2},
        {"path": "/cthr_0002/items", "status": 200, "body": "<html>"},
    ]
    api.set(**many(3), faults=faults)
    assert bring()[0] == 0
    assert Item.objects.count() == 6
    assert len(api.asked("/cthr_0001/items")) == 3


def test_retry_after_is_waited_for_by_all(api: HostedChatKit) -> None:
    api.set(**many(8), faults=[{"path": "/cthr_0000/items", "status": 429, "headers": {"Retry-After": "1"}}])
    bring()
    first, *_, last = (each["at"] for each in api.asked("/items"))
    assert last - first > 0.95
    quick = [each["at"] for each in api.asked("/items") if each["at"] - first < 0.9]
    assert len(quick) < 8


def test_thread_that_fails_is_named_and_the_others_come(api: HostedChatKit) -> None:
    faults = [{"path": "/cthr_0001/items", "status": 503, "headers": AT_ONCE, "times": 99}]
    api.set(**many(3), faults=faults)
    code, told = bring()
    assert code == 1
    assert "failed: cthr_0001: OpenAI's API answered HTTP 503." in told
    assert "3 of 3 threads: 2 new" in told
    assert "secret-of-the-upstream" not in told
    assert len(api.asked("/cthr_0001/items")) == 6
    api.set(**many(3), faults=[])
    assert bring() == (0, "3 of 3 threads: 2 unchanged, 1 new; 2 items added or changed.\n")


def test_wait_that_has_no_end_is_not_waited_for(api: HostedChatKit) -> None:
    api.set(**many(1), faults=[{"path": "/items", "status": 429, "headers": {"Retry-After": "86400"}}])
    assert bring()[0] == 1


def test_key_that_is_refused_ends_it_at_once(api: HostedChatKit, settings: Any) -> None:
    api.set(**many(50))
    settings.OPENAI_API_KEY = "sk-wrong"
    with pytest.raises(CommandError, match=r"cannot be listed. OpenAI's API answered HTTP 401"):
        bring()
    assert len(api.asked()) == 1


def test_key_that_is_refused_midway_ends_it_with_what_is_there(api: HostedChatKit) -> None:
    api.set(**many(50), faults=[{"path": "/cthr_0010/items", "status": 403, "times": 99}])
    code, told = bring()
    assert code == 1
    assert "stopped: OpenAI's API answered HTTP 403." in told
    assert 10 <= Thread.objects.count() <= 14


def test_list_without_an_end_is_refused(api: HostedChatKit) -> None:
    page = json.dumps({"data": [], "has_more": True})
    api.set(faults=[{"path": "/threads", "body": page, "headers": AT_ONCE, "times": 99}])
    with pytest.raises(CommandError, match="does not give it"):
        bring()


def test_api_that_is_gone_is_said(api: HostedChatKit, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_app.chat.hosted.source.FIRST_WAIT", 0.001)
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    with pytest.raises(CommandError, match="OpenAI's API cannot be reached"):
        bring()


def test_key_that_is_not_set_is_said(api: HostedChatKit, settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    with pytest.raises(CommandError, match="OPENAI_API_KEY is not set"):
        bring()
