"""`POST /api/sessions` and its other names: what a customer's server gets, and what it is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from sessions_app import keys, tokens
from sessions_app.models import ChatSession

pytestmark = pytest.mark.django_db


def test_issue_answers_the_contract(api, key):
    answer = api.post("/api/sessions", {"user_id": "42"}, credential=key)
    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == {"id", "session_id", "client_secret", "expires_at", "model"}
    assert body["session_id"] == body["client_secret"]
    assert body["model"] == "llama"
    row = ChatSession.objects.get(pk=body["id"])
    assert (row.owner, row.realm, row.model, row.issued_by) == ("ext:42", "ext", None, "env")
    left = datetime.fromisoformat(body["expires_at"]) - timezone.now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    assert body["expires_at"].endswith("Z")


def test_issue_stores_no_secret(api, key):
    secret = api.post("/api/sessions", {"user_id": "42"}, credential=key).json()["client_secret"]
    row = ChatSession.objects.values().get()
    assert secret not in json.dumps(row, default=str)
    assert row["token_digest"] == tokens.digest(secret)
    assert secret.startswith(row["prefix"])


def test_issue_costs_one_insert_with_the_environments_key(api, key, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.post("/api/sessions", {"user_id": "42", "model": "llama"}, credential=key)


def test_issue_costs_one_select_more_with_a_stored_key(api, other_key, django_assert_num_queries):
    api.post("/api/sessions", {"user_id": "1"}, credential=other_key)
    with django_assert_num_queries(2):
        api.post("/api/sessions", {"user_id": "42"}, credential=other_key)


def test_issue_names_users_in_the_keys_realm(api, other_key):
    session_id = api.post("/api/sessions", {"user_id": 42}, credential=other_key).json()["id"]
    assert ChatSession.objects.get(pk=session_id).owner == "other:42"


def test_issue_reads_fields_from_the_query(api, key):
    answer = api.post("/api/sessions?user_id=7&model=gpt2&ttl=90", credential=key)
    row = ChatSession.objects.get(pk=answer.json()["id"])
    assert (row.owner, row.model, row.ttl) == ("ext:7", "gpt2", 90)


def test_issue_prefers_the_body_to_the_query(api, key):
    answer = api.post("/api/sessions?user_id=7&model=gpt2", {"user_id": "8"}, credential=key)
    assert ChatSession.objects.get(pk=answer.json()["id"]).owner == "ext:8"


def test_issue_ignores_unknown_fields(api, key):
    body = {"user_id": "42", "colour": "red", "owner": "user:1", "issued_by": "me"}
    answer = api.post("/api/sessions", body, credential=key)
    assert ChatSession.objects.get(pk=answer.json()["id"]).owner == "ext:42"


@pytest.mark.parametrize("model", [None, "default"])
def test_issue_default_model_is_the_default_route(api, key, model):
    answer = api.post("/api/sessions", {"user_id": "42", "model": model}, credential=key)
    assert answer.status_code == 201
    assert ChatSession.objects.get(pk=answer.json()["id"]).model is None


def test_issue_keeps_text_exactly(api, key):
    user_id, note = "مرحبا 🙂", {"note": "שלום \u200f 👩‍👩‍👧", "nested": [{"x": "\u0301"}]}
    answer = api.post("/api/sessions", {"user_id": user_id, "metadata": note}, credential=key)
    shown = api.get(f"/api/sessions/{answer.json()['id']}", credential=key).json()
    assert (shown["user_id"], shown["metadata"]) == (user_id, note)


def test_issue_unknown_model_is_refused(api, key):
    answer = api.post("/api/sessions", {"user_id": "42", "model": "nope"}, credential=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_model")
    assert not ChatSession.objects.exists()


def test_issue_model_without_a_route_is_unavailable(api, key):
    answer = api.post("/api/sessions", {"user_id": "42", "model": "broken"}, credential=key)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0


def test_base_of_the_examples_is_the_same(api, key):
    assert api.post("/sessions", {"user_id": "42"}, credential=key).status_code == 201
    named = api.post("/gpt2/sessions", {"user_id": "42"}, credential=key)
    assert named.json()["model"] == "gpt2"
    over = api.post("/gpt2/sessions", {"user_id": "42", "model": "llama"}, credential=key)
    assert over.json()["model"] == "llama"
    assert api.post("/nope/sessions", {"user_id": "42"}, credential=key).json()["code"] == "unknown_model"


def test_issue_without_the_scope_is_forbidden(api):
    _, text = keys.create("chat only", scopes=["chat"])
    answer = api.post("/api/sessions", {"user_id": "42"}, credential=text)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_issue_with_a_client_secret_is_forbidden(api, owner):
    assert api.post("/api/sessions", {"user_id": "1"}, credential=owner.secret).status_code == 403


LONE = b'{"user_id": "a\\ud800b"}'
NUL = b'{"user_id": "a\\u0000b"}'
BAD = {
    "no user": {},
    "null user": {"user_id": None},
    "empty user": {"user_id": ""},
    "boolean user": {"user_id": True},
    "list user": {"user_id": ["42"]},
    "float user": {"user_id": 4.2},
    "long user": {"user_id": "x" * 201},
    "NUL in user": NUL,
    "lone surrogate in user": LONE,
    "zero ttl": {"user_id": "1", "ttl": 0},
    "negative ttl": {"user_id": "1", "ttl": -5},
    "huge ttl": {"user_id": "1", "ttl": 10**12},
    "ttl beyond 64 bits": {"user_id": "1", "ttl": 10**40},
    "boolean ttl": {"user_id": "1", "ttl": True},
    "text ttl": {"user_id": "1", "ttl": "soon"},
    "list model": {"user_id": "1", "model": ["llama"]},
    "NUL in model": {"user_id": "1", "model": "a\0b"},
    "text metadata": {"user_id": "1", "metadata": "x"},
    "list metadata": {"user_id": "1", "metadata": [1]},
    "large metadata": {"user_id": "1", "metadata": {"x": "y" * 17_000}},
    "NUL in nested metadata": b'{"user_id": "1", "metadata": {"a": [{"b": "x\\u0000"}]}}',
    "NUL in a metadata key": b'{"user_id": "1", "metadata": {"a": {"x\\u0000": 1}}}',
    "lone surrogate in metadata": b'{"user_id": "1", "metadata": {"a": ["\\udc00"]}}',
    "not JSON": b"{user_id: 1}",
    "half JSON": b'{"user_id": "1"',
    "not UTF-8": b'{"user_id": "\xff\xfe"}',
    "NaN": b'{"user_id": "1", "metadata": {"a": NaN}}',
    "deep nesting": b'{"user_id": "1", "metadata": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    "a list": [1, 2],
    "a text": "hello",
    "null": b"null",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_issue_bad_input_is_400(api, key, body):
    answer = api.post("/api/sessions", body, credential=key)
    assert answer.status_code == 400, answer.content
    assert {"detail", "code", "retryable", "request_id"} <= set(answer.json())
    assert not ChatSession.objects.exists()


def test_issue_bad_field_is_named(api, key):
    answer = api.post("/api/sessions", {"user_id": "1", "ttl": -1}, credential=key)
    assert list(answer.json()["errors"]) == ["ttl"]


def test_issue_nul_in_the_query_is_400(api, key):
    assert api.post("/api/sessions?user_id=a%00b", credential=key).status_code == 400


def test_issue_form_body_is_415(api, key):
    kind = "application/x-www-form-urlencoded"
    answer = api.post("/api/sessions", b"user_id=1", credential=key, content_type=kind)
    assert answer.status_code == 415
    assert "code" in answer.json()


def test_issue_get_is_405(api, key):
    assert api.get("/api/sessions", credential=key).status_code == 405


def test_issue_whatever_is_accepted_answers_json(api, key):
    answer = api.post("/api/sessions", {"user_id": "1"}, credential=key, accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (201, "application/json")
