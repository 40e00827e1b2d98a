"""Credentials in Django's admin: nothing secret is shown twice, nothing fixed can be edited."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from sessions_app import keys, sessions, tokens
from sessions_app.admin.usage import with_usage
from sessions_app.models import ApiKey, ChatSession
from sessions_app.signals import session_ended

pytestmark = pytest.mark.django_db
SESSIONS = "/admin/sessions_app/chatsession/"
KEYS = "/admin/sessions_app/apikey/"


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def secret_in(answer: Any, prefix: str) -> str:
    found = re.findall(rf'value="({prefix}[\w-]+)"', answer.content.decode())
    assert len(found) == 1
    return found[0]


def ask(admin: Client, **change: Any) -> Any:
    form = {"realm": "ext", "user_id": "77", "model": "gpt2", "ttl": "600", "metadata": "", **change}
    return admin.post(SESSIONS + "add/", form)


def test_session_by_hand_is_shown_once(admin, api):
    answer = ask(admin)
    secret = secret_in(answer, "cs_")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    row = ChatSession.objects.get()
    assert (row.owner, row.model, row.ttl, row.issued_by) == ("ext:77", "gpt2", 600, "admin")
    assert api.get("/api/sessions/current", credential=secret).status_code == 200
    for path in (SESSIONS, f"{SESSIONS}{quote(row.pk)}/change/", f"{SESSIONS}{quote(row.pk)}/history/"):
        page = admin.get(path).content.decode()
        assert secret not in page
        assert row.token_digest not in page


@pytest.mark.parametrize(
    "change",
    [
        {"realm": "guest"},
        {"realm": "key"},
        {"realm": "A b"},
        {"realm": "user", "user_id": "999"},
        {"realm": "user", "user_id": "ann"},
        {"user_id": ""},
        {"ttl": "0"},
        {"ttl": "-1"},
        {"ttl": "99999999999"},
        {"model": "nope"},
        {"model": "broken"},
        {"metadata": "[1]"},
        {"metadata": '{"a": "\\u0000"}'},
        {"metadata": "{"},
    ],
    ids=str,
)
def test_session_by_hand_that_cannot_be_is_explained(admin, change):
    answer = ask(admin, **change)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not ChatSession.objects.exists()


def test_session_by_hand_for_a_user_of_ours(admin, user):
    ask(admin, realm="user", user_id=str(user.pk))
    assert ChatSession.objects.get().owner == f"user:{user.pk}"


def test_sessions_are_listed_with_state_and_found(admin, owner, colleague, twin):
    ChatSession.objects.filter(pk=colleague.session.pk).update(expires_at=timezone.now() - timedelta(1))
    sessions.revoke([twin.session])
    page = admin.get(SESSIONS).content.decode()
    assert all(word in page for word in ("ext:42", "ext:43", "other:42", "active", "expired", "revoked"))
    for state, name in (("active", "ext:42"), ("expired", "ext:43"), ("revoked", "other:42")):
        listed = admin.get(SESSIONS, {"state": state}).context["cl"].queryset
        assert [session.owner for session in listed] == [name]
    assert [s.owner for s in admin.get(SESSIONS, {"q": "ext:43"}).context["cl"].queryset] == ["ext:43"]


def test_sessions_are_listed_in_a_fixed_number_of_queries(admin, django_assert_max_num_queries):
    for n in range(30):
        sessions.issue(f"ext:{n}", issued_by="env")
    with django_assert_max_num_queries(12):
        admin.get(SESSIONS)


def test_usage_of_a_session_is_the_sum_of_its_turns(admin, owner, colleague):
    turns = ChatSession._meta.get_field("turns").related_model._default_manager
    for tokens_out, cost in ((30, "0.0020"), (12, "0.0005")):
        turns.create(
            owner="ext:42", session=owner.session, input_tokens=1000, output_tokens=tokens_out, cost=cost
        )
    turns.create(owner="ext:43", session=colleague.session, input_tokens=5)
    counted = with_usage(ChatSession.objects.filter(owner="ext:42"))
    used: Any = counted.get()
    assert (used.turn_count, used.tokens_in, used.tokens_out) == (2, 2000, 42)
    page = admin.get(SESSIONS).content.decode()
    assert "2,000 / 42" in page
    assert "0.0025" in page
    assert "5 / 0" in page


def test_usage_is_left_out_where_nothing_counts_it(owner):
    assert not hasattr(with_usage(ChatSession.objects.all(), "no_such_relation").get(), "turn_count")


def test_revoke_in_the_admin_closes_what_is_open(
    admin, api, owner, colleague, django_capture_on_commit_callbacks
):
    heard: list[str] = []

    def hear(session_id: str, **_: object) -> None:
        heard.append(session_id)

    session_ended.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(
            SESSIONS, {"action": "revoke", "_selected_action": [owner.session.pk]}, follow=True
        )
    assert heard == [owner.session.pk]
    assert "Revoked: 1." in answer.content.decode()
    assert api.get("/api/sessions/current", credential=owner.secret).status_code == 401
    assert api.get("/api/sessions/current", credential=colleague.secret).status_code == 200


def test_session_can_be_neither_edited_nor_deleted(admin, owner):
    change = f"{SESSIONS}{quote(owner.session.pk)}/"
    assert admin.get(change + "change/").status_code == 200
    assert admin.post(change + "change/", {"owner": "user:1"}).status_code == 403
    assert admin.post(change + "delete/", {"post": "yes"}).status_code == 403
    assert ChatSession.objects.get().owner == "ext:42"


def test_staff_who_may_only_look_can_only_look(owner):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_chatsession"))
    client = Client()
    client.force_login(viewer)
    assert client.get(SESSIONS).status_code == 200
    assert ask(client).status_code == 403
    client.post(SESSIONS, {"action": "revoke", "_selected_action": [owner.session.pk]})
    assert ChatSession.objects.get().revoked_at is None
    assert client.get(KEYS).status_code == 403


def make_key(admin: Client, **change: Any) -> Any:
    return admin.post(KEYS + "add/", {"name": "shop", "realm": "shop", "scopes": ["sessions"], **change})


def test_key_is_shown_once(admin, api):
    text = secret_in(make_key(admin), "bk_")
    row = ApiKey.objects.get()
    assert row.digest == tokens.digest(text)
    assert api.post("/api/sessions", {"user_id": 1}, credential=text).status_code == 201
    for path in (KEYS, f"{KEYS}{quote(row.pk)}/change/", f"{KEYS}{quote(row.pk)}/history/"):
        page = admin.get(path).content.decode()
        assert text not in page
        assert row.digest not in page


@pytest.mark.parametrize(
    "change", [{"realm": "user"}, {"realm": "A"}, {"scopes": []}, {"scopes": ["all"]}, {"name": ""}], ids=str
)
def test_key_that_cannot_be_is_explained(admin, change):
    assert "errorlist" in make_key(admin, **change).content.decode()
    assert not ApiKey.objects.exists()


def test_key_keeps_its_digest_and_realm_when_edited(admin):
    row, text = keys.create("shop", realm="shop")
    form = {"name": "renamed", "realm": "other", "digest": "0" * 64, "prefix": "x", "scopes": ["chat"]}
    assert admin.post(f"{KEYS}{quote(row.pk)}/change/", form).status_code == 302
    after = ApiKey.objects.get()
    assert (after.name, after.realm, after.scopes) == ("renamed", "shop", ["chat"])
    assert after.digest == tokens.digest(text)


def test_key_is_revoked_in_the_admin_and_never_deleted(admin, api):
    row, text = keys.create("shop")
    admin.post(KEYS, {"action": "revoke", "_selected_action": [row.pk]})
    assert api.post("/api/sessions", {"user_id": 1}, credential=text).status_code == 401
    assert admin.post(f"{KEYS}{quote(row.pk)}/delete/", {"post": "yes"}).status_code == 403
