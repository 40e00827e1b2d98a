"""`POST /api/custom/session`: what the examples' front ends call directly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.models import ChatSession

from .conftest import HERE

pytestmark = pytest.mark.django_db
PATH = "/api/custom/session"


@pytest.fixture
def jwt(api, user) -> str:
    return api.post("/api/auth/token", {"username": "ann", "password": "correct horse"}).json()["token"]


def test_login_gets_a_session_and_a_cookie(signed_in, user):
    answer = signed_in.post(PATH, **HERE)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"client_secret", "expires_at", "model"}
    cookie = answer.cookies["chat_session"]
    assert cookie.value == body["client_secret"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert 3500 < int(cookie["max-age"]) <= 3600
    row = ChatSession.objects.get()
    assert (row.owner, row.issued_by) == (f"user:{user.pk}", "login")


def test_cookie_is_secure_where_the_settings_say_so(signed_in, settings):
    assert not signed_in.post(PATH).cookies["chat_session"]["secure"] or settings.SESSION_COOKIE_SECURE
    settings.SESSION_COOKIE_SECURE = True
    assert signed_in.post(PATH).cookies["chat_session"]["secure"]


@pytest.mark.parametrize("header", ["x-auth-token", "authorization"])
def test_jwt_gets_a_session(api, user, jwt, header):
    value = jwt if header == "x-auth-token" else f"Bearer {jwt}"
    answer = api.post(PATH, **{header: value})
    assert answer.status_code == 200
    row = ChatSession.objects.get()
    assert (row.owner, row.issued_by) == (f"user:{user.pk}", "jwt")


def test_key_gets_a_session_for_the_user_it_names(api, key):
    answer = api.post(PATH, {"user_id": 5}, credential=key)
    assert answer.status_code == 200
    assert "chat_session" not in answer.cookies
    assert ChatSession.objects.get().owner == "ext:5"


def test_key_that_names_nobody_is_refused(api, key):
    answer = api.post(PATH, credential=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["user_id"])


def test_user_id_of_anybody_else_is_ignored(signed_in, user):
    signed_in.post(PATH, {"user_id": "1000"})
    assert ChatSession.objects.get().owner == f"user:{user.pk}"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream"])
def test_no_body_is_fine_whatever_its_type(signed_in, kind):
    assert signed_in.post(PATH, content_type=kind).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"null", b'{"model": 1.5e}'])
def test_broken_body_is_400(signed_in, body):
    answer = signed_in.post(PATH, body)
    assert answer.status_code == 400
    assert not ChatSession.objects.exists()


def test_model_is_kept(signed_in):
    assert signed_in.post(PATH, {"model": "gpt2"}).json()["model"] == "gpt2"
    assert signed_in.post(PATH, {"model": "default"}).json()["model"] == "llama"
    assert signed_in.post(PATH).json()["model"] == "llama"


def test_unknown_model_is_400_and_a_dead_one_503(signed_in):
    unknown, dead = (signed_in.post(PATH, {"model": name}) for name in ("nope", "broken"))
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_model")
    assert (dead.status_code, bool(dead["Retry-After"])) == (503, True)


def test_current_of_the_same_owner_is_refreshed(signed_in):
    first = signed_in.post(PATH, {"model": "gpt2"}).json()
    second = signed_in.post(PATH, {"current": first["client_secret"]}).json()
    assert second["client_secret"] != first["client_secret"]
    assert second["model"] == "gpt2"
    assert ChatSession.objects.count() == 1


def test_current_can_change_its_model(signed_in):
    first = signed_in.post(PATH, {"model": "gpt2"}).json()
    second = signed_in.post(PATH, {"current": first["client_secret"], "model": "llama"}).json()
    assert second["model"] == "llama"
    assert ChatSession.objects.get().model == "llama"


def test_current_of_somebody_else_is_no_way_in(signed_in, owner, user):
    answer = signed_in.post(PATH, {"current": owner.secret})
    assert answer.status_code == 200
    row = ChatSession.objects.get(pk=owner.session.pk)
    assert row.token_digest == owner.session.token_digest
    assert ChatSession.objects.exclude(pk=row.pk).get().owner == f"user:{user.pk}"


def test_current_that_has_expired_gives_a_new_session(signed_in):
    first = signed_in.post(PATH).json()["client_secret"]
    ChatSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert signed_in.post(PATH, {"current": first}).status_code == 200
    assert ChatSession.objects.count() == 2


def test_client_secret_renews_itself_and_makes_no_other(api, owner):
    answer = api.post(PATH, credential=owner.secret)
    assert answer.status_code == 200
    assert ChatSession.objects.get().token_digest != owner.session.token_digest


def test_later_call_without_credential_continues_the_cookies_session(signed_in):
    secret = signed_in.post(PATH).json()["client_secret"]
    assert signed_in.get("/api/sessions/current").json()["id"] == ChatSession.objects.get().pk
    refreshed = signed_in.post("/api/sessions/current/refresh")
    assert refreshed.cookies["chat_session"].value == refreshed.json()["client_secret"] != secret


def test_delete_clears_the_cookie(signed_in):
    signed_in.post(PATH)
    assert signed_in.delete("/api/sessions/current").cookies["chat_session"].value == ""
    assert signed_in.get("/api/sessions/current").status_code == 404
