"""The life of a session: looked at, refreshed, revoked, expired."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app import sessions
from sessions_app.models import ChatSession
from sessions_app.signals import session_ended

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended():
    """What `session_ended` was sent with."""
    heard: list[tuple[str, str]] = []

    def hear(session_id: str, reason: str, **_: object) -> None:
        heard.append((session_id, reason))

    session_ended.connect(hear)
    yield heard
    session_ended.disconnect(hear)


def age(issued: sessions.Issued, **change: object) -> None:
    ChatSession.objects.filter(pk=issued.session.pk).update(**change)


def test_state_shows_the_session_to_its_user(api, owner):
    body = api.get("/api/sessions/current", credential=owner.secret).json()
    assert set(body) == {"id", "user_id", "model", "created_at", "expires_at", "state"}
    assert (body["id"], body["user_id"], body["state"]) == (owner.session.pk, "42", "active")


@pytest.mark.parametrize("named", ["id", "secret"])
def test_state_shows_the_session_to_its_issuer(api, key, owner, named):
    name = owner.session.pk if named == "id" else owner.secret
    body = api.get(f"/api/sessions/{name}", credential=key).json()
    assert (body["id"], body["metadata"]) == (owner.session.pk, {"plan": "gold"})


def test_state_tells_expired_and_revoked_to_the_issuer(api, key, owner, colleague):
    age(owner, expires_at=timezone.now())
    sessions.revoke([colleague.session])
    assert api.get(f"/api/sessions/{owner.session.pk}", credential=key).json()["state"] == "expired"
    assert api.get(f"/api/sessions/{colleague.session.pk}", credential=key).json()["state"] == "revoked"


def test_refresh_gives_a_new_secret_and_the_old_one_a_minute(api, owner):
    answer = api.post("/api/sessions/current/refresh", credential=owner.secret)
    fresh = answer.json()["client_secret"]
    assert answer.status_code == 200
    assert fresh != owner.secret
    for secret in (fresh, owner.secret):
        assert api.get("/api/sessions/current", credential=secret).json()["id"] == owner.session.pk
    age(owner, previous_until=timezone.now())
    assert api.get("/api/sessions/current", credential=owner.secret).status_code == 401
    assert api.get("/api/sessions/current", credential=fresh).status_code == 200


def test_refresh_twice_ends_the_first_secret(api, owner):
    second = api.post("/api/sessions/current/refresh", credential=owner.secret).json()["client_secret"]
    api.post("/api/sessions/current/refresh", credential=second)
    assert api.get("/api/sessions/current", credential=owner.secret).status_code == 401
    assert api.get("/api/sessions/current", credential=second).status_code == 200


def test_refresh_renews_the_life_within_bounds(api, owner, settings):
    settings.SESSION_MAX_TTL = 7200
    now = timezone.now()
    age(owner, created_at=now - timedelta(seconds=6000), expires_at=now + timedelta(seconds=5))
    api.post("/api/sessions/current/refresh", credential=owner.secret)
    row = ChatSession.objects.get(pk=owner.session.pk)
    assert row.expires_at - row.created_at == timedelta(seconds=7200)


def test_delete_current_ends_the_session(api, owner, colleague, ended, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete("/api/sessions/current", credential=owner.secret).status_code == 204
    assert ended == [(owner.session.pk, "revoked")]
    assert api.get("/api/sessions/current", credential=owner.secret).status_code == 401
    assert api.get("/api/sessions/current", credential=colleague.secret).status_code == 200


def test_delete_by_the_issuer_ends_the_session_once(
    api, key, owner, ended, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            assert api.delete(f"/api/sessions/{owner.session.pk}", credential=key).status_code == 204
    assert len(ended) == 1
    assert api.get("/api/sessions/current", credential=owner.secret).status_code == 401


def test_revoked_session_is_dead_to_its_previous_secret_too(api, owner):
    api.post("/api/sessions/current/refresh", credential=owner.secret)
    sessions.revoke(ChatSession.objects.filter(pk=owner.session.pk))
    assert api.get("/api/sessions/current", credential=owner.secret).status_code == 401


def test_bad_secrets_all_look_alike(api, owner, colleague):
    age(owner, expires_at=timezone.now())
    sessions.revoke([colleague.session])
    answers = [
        api.get("/api/sessions/current", credential=secret)
        for secret in (owner.secret, colleague.secret, "cs_wrong", "nonsense", "", "a.b.c", "bk_wrong")
    ]
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert all(answer.status_code == 401 for answer in answers)
    assert all(body == bodies[0] for body in bodies)
    assert all(answer["WWW-Authenticate"] == "Bearer" for answer in answers)


def test_last_seen_is_written_at_most_once_a_minute(api, owner, django_assert_num_queries):
    with django_assert_num_queries(2):
        api.get("/api/sessions/current", credential=owner.secret)
    age(owner, last_seen_at=timezone.now() - timedelta(minutes=5))
    with django_assert_num_queries(3):
        api.get("/api/sessions/current", credential=owner.secret)
    assert timezone.now() - ChatSession.objects.get(pk=owner.session.pk).last_seen_at < timedelta(minutes=1)
