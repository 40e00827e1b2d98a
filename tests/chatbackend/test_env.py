"""The typed environment: defaults, where values come from, and how a bad one ends the start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from chatbackend import env
from tests import servers
from tests.parts import BASE_DIR

SECRET = "never-to-be-printed"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in [*env.Env.model_fields, *(f"{name}_FILE" for name in env.Env.model_fields)]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def given(monkeypatch):
    def set_all(**values: str) -> env.Env:
        for name, value in {"SECRET_KEY": SECRET, **values}.items():
            monkeypatch.setenv(name, value)
        return env.load()

    return set_all


def test_defaults_are_those_of_a_closed_production(given):
    found = given()
    assert (found.DEBUG, found.ALLOW_GUESTS, found.WORKERS, found.SESSION_TTL) == (False, False, 1, 3600)
    assert found.DATABASE_URL.endswith(f"{BASE_DIR}/data/db.sqlite3")
    assert found.CORS_ALLOWED_ORIGINS == []


def test_guests_follow_debug_unless_said_otherwise(given):
    assert given(DEBUG="1").ALLOW_GUESTS is True
    assert given(DEBUG="1", ALLOW_GUESTS="0").ALLOW_GUESTS is False


def test_lists_are_split_at_commas(given):
    found = given(
        ALLOWED_HOSTS="a.example, b.example,", CORS_ALLOWED_ORIGINS="https://A.example,http://b.example:81/"
    )
    assert found.ALLOWED_HOSTS == ["a.example", "b.example"]
    assert found.CORS_ALLOWED_ORIGINS == ["https://a.example", "http://b.example:81"]


def test_responders_are_names_with_dotted_paths(given):
    found = given(CHAT_RESPONDERS="notes=examples.notes.answer, b = my_app.b.C,")
    assert found.CHAT_RESPONDERS == {"notes": "examples.notes.answer", "b": "my_app.b.C"}
    assert given(CHAT_RESPONDERS="").CHAT_RESPONDERS == {}


def test_empty_value_counts_as_absent(given):
    assert given(REDIS_URL="", PORT="").REDIS_URL is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("WORKERS", "0"),
        ("SESSION_TTL", "-5"),
        ("LEASE_SECONDS", "1"),
        ("DATABASE_URL", "mysql://x"),
        ("REDIS_URL", "localhost:6379"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy.local"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CSRF_TRUSTED_ORIGINS", "chat.example.com"),
        ("ENCRYPTION_KEYS", "too-short"),
        ("OPENAI_BASE_URL", "ftp://models"),
        ("CHAT_RESPONDERS", "notes"),
        ("CHAT_RESPONDERS", "notes=responder"),
        ("CHAT_RESPONDERS", "notes=a.b,notes=a.c"),
        ("CHAT_RESPONDERS", "=a.b"),
        ("LOG_LEVEL", "LOUD"),
        ("JWT_REALM", "Not A Realm"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY_FILE", "/nowhere/secret"),
    ],
)
def test_bad_value_is_refused_in_one_line_by_name(given, name, value):
    with pytest.raises(env.BadEnvironment) as caught:
        given(**{name: value})
    assert str(caught.value).startswith(name.removesuffix("_FILE"))
    assert "\n" not in str(caught.value)


def test_bad_secret_is_not_printed(given):
    with pytest.raises(env.BadEnvironment) as caught:
        given(ENCRYPTION_KEYS=SECRET)
    assert SECRET not in str(caught.value)


def test_secret_comes_from_a_file(given, monkeypatch, tmp_path):
    key = Fernet.generate_key().decode()
    (tmp_path / "keys").write_text(key + "\n")
    found = given(ENCRYPTION_KEYS_FILE=str(tmp_path / "keys"))
    assert [one.get_secret_value() for one in found.ENCRYPTION_KEYS] == [key]
    assert key not in repr(found)


def test_process_environment_wins_over_the_env_file(monkeypatch, tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"SECRET_KEY={SECRET}\nPORT=8101\nHOST=0.0.0.0\n")
    monkeypatch.setenv("PORT", "8102")
    found = env.load(file)
    assert (found.PORT, found.HOST) == (8102, "0.0.0.0")


def test_process_file_variable_wins_over_the_env_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("SECRET_KEY=from-the-file\n")
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))
    assert env.load(tmp_path / ".env").SECRET_KEY.get_secret_value() == SECRET


def test_outside_issuer_needs_its_name_and_its_keys(given):
    with pytest.raises(env.BadEnvironment, match=r"^JWT_ISSUER"):
        given(JWT_JWKS_URL="https://issuer.example/jwks.json")


@pytest.mark.parametrize(
    ("extra", "line"),
    [
        ({}, "SECRET_KEY is not set: run `make install`, or set it"),
        ({"SECRET_KEY": "x", "PORT": "http"}, "PORT: "),
    ],
)
def test_start_ends_with_one_clear_line(extra, line):
    clean = {"PATH": os.environ["PATH"], "CHATBACKEND_ENV_FILE": "", **extra}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("chatbackend cannot start. ")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_lease_reaches_the_chat(tmp_path) -> None:
    told = "from django.conf import settings; print(settings.CHAT['LEASE_SECONDS'])"
    env = servers.environment(tmp_path, LEASE_SECONDS="33", DJANGO_SETTINGS_MODULE="chatbackend.settings")
    assert servers.run_python(["-c", told], env) == "33.0\n"


def test_every_variable_is_in_the_example_and_in_the_documentation() -> None:
    lines = (BASE_DIR / ".env.example").read_text().splitlines()
    assert {line.partition("=")[0] for line in lines if "=" in line and line[0] != "#"} == set(
        env.Env.model_fields
    )
    told = (BASE_DIR / "docs" / "configuration.md").read_text()
    assert [name for name in env.Env.model_fields if f"`{name}`" not in told] == []
