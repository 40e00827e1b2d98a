"""The stranger matrix of this app: every endpoint, every wrong speaker, never a byte of content."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app import keys
from sessions_app.models import ApiKey, ChatSession

pytestmark = pytest.mark.django_db

OWN = [
    ("GET", "/api/sessions/current"),
    ("DELETE", "/api/sessions/current"),
    ("POST", "/api/sessions/current/refresh"),
]
KEYED = [("GET", "/api/sessions/{id}"), ("DELETE", "/api/sessions/{id}")]
ISSUING = [("POST", "/api/sessions"), ("POST", "/sessions"), ("POST", "/llama/sessions")]
OPEN = [("POST", "/api/custom/session")]


def path_of(template: str, owner) -> str:
    return template.format(id=owner.session.pk)


@pytest.fixture(params=OWN + KEYED + ISSUING + OPEN, ids=lambda case: f"{case[0]} {case[1]}")
def case(request, owner):
    method, template = request.param
    return method, path_of(template, owner)


def assert_untouched(answer, owner) -> None:
    row = ChatSession.objects.get(pk=owner.session.pk)
    assert row.token_digest == owner.session.token_digest
    assert row.revoked_at is None
    assert owner.session.pk not in answer.content.decode()
    assert "gold" not in answer.content.decode()


def test_nobody_is_401(api, case, owner):
    answer = api.call(case[0], case[1], {"user_id": "42"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert_untouched(answer, owner)


@pytest.mark.parametrize("credential", ["cs_wrong", "bk_wrong", "x.y.z", "", "ses_0123"])
def test_wrong_credential_is_401(api, case, owner, credential):
    answer = api.call(case[0], case[1], {"user_id": "42"}, credential=credential)
    assert answer.status_code == 401
    assert_untouched(answer, owner)


def test_basic_scheme_is_401(api, case, owner):
    answer = api.call(case[0], case[1], {"user_id": "42"}, authorization="Basic YTpi")
    assert answer.status_code == 401
    assert_untouched(answer, owner)


def test_expired_secret_is_401(api, case, owner, colleague):
    ChatSession.objects.filter(pk=colleague.session.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    answer = api.call(case[0], case[1], {"user_id": "42"}, credential=colleague.secret)
    assert answer.status_code == 401
    assert_untouched(answer, owner)


def test_revoked_key_is_401(api, case, owner):
    row, text = keys.create("over")
    assert keys.revoke(row)
    answer = api.call(case[0], case[1], {"user_id": "42"}, credential=text)
    assert answer.status_code == 401
    assert ApiKey.objects.get().revoked_at is not None
    assert_untouched(answer, owner)


@pytest.mark.parametrize("header", [{"authorization": "Bearer cs_wrong"}, {"x-auth-token": "wrong"}])
def test_good_cookie_beside_a_bad_header_is_401(signed_in, case, owner, header):
    answer = signed_in.call(case[0], case[1], {"user_id": "42"}, **header)
    assert answer.status_code == 401
    assert_untouched(answer, owner)


@pytest.mark.parametrize(("method", "path"), OWN + OPEN)
def test_good_cookie_beside_a_bad_session_id_is_401(signed_in, owner, method, path):
    answer = signed_in.call(method, f"{path}?session_id=cs_wrong")
    assert answer.status_code == 401
    assert_untouched(answer, owner)


@pytest.mark.parametrize(("method", "template"), KEYED)
def test_key_of_another_realm_sees_the_same_404_as_for_nothing(api, other_key, owner, method, template):
    theirs = api.call(method, path_of(template, owner), credential=other_key)
    by_secret = api.call(method, f"/api/sessions/{owner.secret}", credential=other_key)
    nothing = api.call(method, "/api/sessions/ses_00000000000000000000000000000000", credential=other_key)
    bodies = [{**answer.json(), "request_id": ""} for answer in (theirs, by_secret, nothing)]
    assert {answer.status_code for answer in (theirs, by_secret, nothing)} == {404}
    assert bodies[0] == bodies[1] == bodies[2]
    assert_untouched(theirs, owner)


@pytest.mark.parametrize(("method", "template"), KEYED)
def test_somebody_elses_secret_is_forbidden_where_a_key_is_needed(api, colleague, owner, method, template):
    answer = api.call(method, path_of(template, owner), credential=colleague.secret)
    assert answer.status_code == 403
    assert_untouched(answer, owner)


@pytest.mark.parametrize(("method", "path"), OWN)
def test_own_endpoints_touch_the_callers_session_alone(api, colleague, twin, owner, method, path):
    for speaker in (colleague, twin):
        answer = api.call(method, path, credential=speaker.secret)
        assert answer.status_code in (200, 204)
        assert_untouched(answer, owner)


def test_key_beside_a_session_of_another_realm_is_401(api, other_key, key, owner, twin):
    path = "/api/sessions/current"
    assert api.get(f"{path}?session_id={owner.secret}", credential=key).json()["user_id"] == "42"
    assert api.get(f"{path}?session_id={owner.secret}", credential=other_key).status_code == 401
    assert api.get(f"{path}?session_id={twin.secret}", credential=key).status_code == 401
    assert api.get(f"{path}?session_id={owner.secret}", credential="wrong").status_code == 401
    assert api.get(f"{path}?session_id=cs_wrong", credential=key).status_code == 401


def test_key_alone_has_no_current_session(api, key):
    assert api.get("/api/sessions/current", credential=key).status_code == 404


@pytest.mark.parametrize("named", ["ses_", "ses_%00", "%F0%9F%98%80", "..%2f", "x" * 3000, "ses_ZZ"])
def test_odd_names_are_404(api, key, named):
    assert api.get(f"/api/sessions/{named}", credential=key).status_code == 404
