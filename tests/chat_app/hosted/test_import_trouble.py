"""`manage.py import_hosted_threads`: its options, and an API that is busy, broken, gone or takes the key no longer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from chat_app.models import Item, Thread
from tests.chat_app.hosted.conftest import AT_ONCE, bring, rows
from tests.upstream.hosted_threads import HostedChatKit, many, thread

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


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
