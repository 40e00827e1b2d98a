"""`/api/auth/*`: our own JWTs, their rotation, and the end of a whole family."""

from __future__ import annotations

from datetime import timedelta

import jwt as pyjwt
import pytest
from django.conf import settings as live
from django.contrib.auth.models import User
from django.utils import timezone

from sessions_app.models import ChatSession, TokenFamily
from sessions_app.signals import owner_revoked

pytestmark = pytest.mark.django_db
GOOD = {"username": "ann", "password": "correct horse"}
CUSTOM = "/api/custom/session"


@pytest.fixture
def pair(api, user) -> dict[str, str]:
    return api.post("/api/auth/token", GOOD).json()


def works(api, token: str) -> bool:
    return api.post(CUSTOM, x_auth_token=token).status_code == 200


def test_password_gives_a_pair(api, user):
    answer = api.post("/api/auth/token", GOOD)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"token", "refresh", "expires_at"}
    assert body["expires_at"].endswith("Z")
    assert answer["Cache-Control"] == "no-store"
    assert works(api, body["token"])
    assert User.objects.get().last_login is not None


def test_login_cookie_gives_a_pair_without_a_body(signed_in, api):
    answer = signed_in.post("/api/auth/token", origin="http://testserver")
    assert answer.status_code == 200
    assert works(api, answer.json()["token"])


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ann", "password": "wrong"},
        {"username": "nobody", "password": "correct horse"},
        {"username": "off", "password": "correct horse"},
    ],
)
def test_wrong_user_password_or_inactive_look_alike(api, user, body):
    User.objects.create_user("off", password="correct horse", is_active=False)
    answer = api.post("/api/auth/token", body)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The username or password is wrong."
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ann"},
        {"password": "x"},
        {"username": ["ann"], "password": "x"},
        {"username": "a\0b", "password": "x"},
        {"username": "a", "password": "x" * 1001},
        b'{"username": "\\ud800", "password": "x"}',
        b"{",
        [1],
    ],
)
def test_token_bad_input_is_400(api, user, body):
    assert api.post("/api/auth/token", body).status_code == 400


def test_nobody_gets_no_token(api, db):
    assert api.post("/api/auth/token").status_code == 401


def test_session_or_jwt_gets_no_pair(api, pair, owner):
    assert api.post("/api/auth/token", credential=owner.secret).status_code == 401
    assert api.post("/api/auth/token", credential=pair["token"]).status_code == 401


def test_attempts_are_limited_for_an_address_and_a_name(api, user, settings):
    settings.LOGIN_LIMIT = 3
    wrong = {"username": "ann", "password": "wrong"}
    assert [api.post("/api/auth/token", wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
    refused = api.post("/api/auth/token", GOOD)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 61
    assert api.post("/api/auth/token", {**wrong, "username": "bob"}).status_code == 401


def test_attempts_on_many_names_are_limited_for_an_address(api, db, settings):
    settings.LOGIN_LIMIT = 2
    tries = [api.post("/api/auth/token", {"username": f"u{n}", "password": "x"}) for n in range(11)]
    assert [answer.status_code for answer in tries] == [401] * 10 + [429]


def test_refresh_rotates(api, pair):
    fresh = api.post("/api/auth/refresh", {"refresh": pair["refresh"]}).json()
    assert works(api, fresh["token"])
    assert works(api, pair["token"])
    assert api.post("/api/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
    assert api.post("/api/auth/refresh", {"refresh": fresh["refresh"]}).status_code == 200


def test_refresh_token_used_again_later_ends_the_family(api, pair):
    fresh = api.post("/api/auth/refresh", {"refresh": pair["refresh"]}).json()
    TokenFamily.objects.update(rotated_at=timezone.now() - timedelta(minutes=5))
    assert api.post("/api/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
    assert api.post("/api/auth/refresh", {"refresh": fresh["refresh"]}).status_code == 401
    assert not works(api, fresh["token"])


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a\0b"])
def test_refresh_with_anything_else_is_refused(api, pair, token):
    assert api.post("/api/auth/refresh", {"refresh": token}).status_code in (400, 401)
    assert api.post("/api/auth/refresh", {"refresh": pair["token"]}).status_code == 401


@pytest.mark.parametrize("by", ["refresh", "access", "header"])
def test_revoke_ends_access_refresh_and_sessions_of_this_login_alone(
    api, pair, by, django_capture_on_commit_callbacks
):
    other = api.post("/api/auth/token", GOOD).json()
    secret = api.post(CUSTOM, x_auth_token=pair["token"]).json()["client_secret"]
    api.client.cookies.clear()
    heard: list[str] = []

    def hear(owner: str, **_: object) -> None:
        heard.append(owner)

    owner_revoked.connect(hear)
    body = {"refresh": pair["refresh"]} if by == "refresh" else None
    headers = {"credential": pair["token"]} if by == "access" else {}
    headers |= {"x_auth_token": pair["token"]} if by == "header" else {}
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post("/api/auth/revoke", body, **headers).status_code == 204
    assert heard == [f"user:{User.objects.get().pk}"]
    assert not works(api, pair["token"])
    assert api.post("/api/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
    assert api.get("/api/sessions/current", credential=secret).status_code == 401
    assert ChatSession.objects.get().revoked_at is not None
    assert works(api, other["token"])


def test_revoke_of_nothing_is_401(api, pair):
    assert api.post("/api/auth/revoke").status_code == 401
    assert api.post("/api/auth/revoke", {"refresh": "nonsense"}).status_code == 401


def test_refresh_token_is_no_credential(api, pair):
    assert not works(api, pair["refresh"])


def forged(token: str, key: str, **change: object) -> str:
    claims = pyjwt.decode(token, options={"verify_signature": False})
    return pyjwt.encode({**claims, **change}, key, algorithm="HS256")


def test_forged_jwt_is_refused(api, pair):
    assert works(api, forged(pair["token"], live.SECRET_KEY))
    assert not works(api, forged(pair["token"], "another key" * 4))
    assert not works(api, forged(pair["token"], live.SECRET_KEY, exp=1))
    assert not works(api, forged(pair["token"], live.SECRET_KEY, fam="fam_unknown"))
    assert not works(api, forged(pair["token"], live.SECRET_KEY, fam=None))
    assert not works(api, forged(pair["token"], live.SECRET_KEY, user_id="999"))
    claims = pyjwt.decode(pair["token"], options={"verify_signature": False})
    assert not works(api, pyjwt.encode(claims, "", algorithm="none"))
