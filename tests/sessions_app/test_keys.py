"""Backend keys: made by command, shown once, kept as a digest, narrowed by scope, revoked."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from sessions_app import keys, tokens
from sessions_app.credentials import Credentials
from sessions_app.models import ApiKey
from sessions_app.resolve import resolve
from sessions_app.signals import owner_revoked

pytestmark = pytest.mark.django_db


def test_command_prints_the_key_once_and_stores_its_digest():
    out, err = io.StringIO(), io.StringIO()
    call_command("create_api_key", "shop", "--realm", "shop", "--scopes", "sessions", stdout=out, stderr=err)
    text = out.getvalue().strip()
    row = ApiKey.objects.values().get()
    assert (row["name"], row["realm"], row["scopes"]) == ("shop", "shop", ["sessions"])
    assert text not in json.dumps(row, default=str)
    assert text not in err.getvalue()
    assert text.startswith(row["prefix"])
    principal = resolve(Credentials(bearer=text))
    assert (principal.kind, principal.realm, principal.scopes) == ("key", "shop", frozenset({"sessions"}))
    assert principal.owner == f"key:{row['id']}"


@pytest.mark.parametrize(
    "words",
    [
        ["x", "--realm", "user"],
        ["x", "--realm", "guest"],
        ["x", "--realm", "key"],
        ["x", "--realm", "A:b"],
        ["x", "--realm", "two\n"],
        ["x", "--scopes", "everything"],
        ["taken"],
        [""],
        ["x" * 101],
    ],
)
def test_command_refuses_what_no_key_may_have(words):
    keys.create("taken")
    with pytest.raises(CommandError):
        call_command("create_api_key", *words)
    assert ApiKey.objects.count() == 1


def test_realm_of_the_outside_issuer_is_taken(settings):
    settings.JWT_JWKS_URL, settings.JWT_REALM = "http://127.0.0.1:1/keys", "corp"
    with pytest.raises(ValidationError):
        keys.create("x", realm="corp")


def test_tokens_are_random_and_fit_urls_and_subprotocols():
    made = {tokens.new_secret() for _ in range(50)} | {tokens.new_key() for _ in range(50)}
    assert len(made) == 100
    assert all(len(token) >= 46 and token.replace("-", "").replace("_", "").isalnum() for token in made)
    assert len(tokens.new_id("ses").removeprefix("ses_")) == 32


def test_last_use_is_written_at_most_once_a_minute(django_assert_num_queries):
    row, text = keys.create("x")
    resolve(Credentials(bearer=text))
    with django_assert_num_queries(1):
        resolve(Credentials(bearer=text))
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    resolve(Credentials(bearer=text))
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert timezone.now() - row.last_used_at < timedelta(minutes=1)


def test_revoke_ends_the_key_once_and_says_so(django_capture_on_commit_callbacks):
    row, _ = keys.create("x")
    heard: list[str] = []

    def hear(owner: str, **_: object) -> None:
        heard.append(owner)

    owner_revoked.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        assert keys.revoke(row)
        assert not keys.revoke(row)
    assert heard == [f"key:{row.pk}"]


@pytest.mark.parametrize("place", ["token", "auth_token", "subprotocol_token"])
def test_key_is_no_credential_outside_authorization(key, place):
    credentials = Credentials() if place == "token" else Credentials(**{place: key})
    with pytest.raises(Exception, match="credential"):
        resolve(credentials, key if place == "token" else None)


def test_environment_without_a_key_lets_nobody_in(settings):
    settings.BACKEND_KEY = ""
    for bearer in ("", "None"):
        with pytest.raises(Exception, match="credential"):
            resolve(Credentials(bearer=bearer))
