"""`make check`'s own rules, each seen to fail; the system checks; what `make` does for a developer."""

from __future__ import annotations

import hashlib
import json
import os
import stat

import pytest

from chatbackend import checks, dev_setup, env
from tests.checks import sizes, vendored


def test_long_function_and_long_file_are_named(tmp_path):
    file = tmp_path / "long.py"
    file.write_text("def endless():\n" + "    pass\n" * 360)
    found = list(sizes.too_long([file]))
    assert any("361 lines, ceiling 350" in line for line in found)
    assert any("endless has 361 lines, ceiling 60" in line for line in found)


@pytest.fixture
def vendor(tmp_path):
    folder = tmp_path / "vendor"
    folder.mkdir()
    (folder / "theirs.js").write_text("1")
    (folder / "theirs.txt").write_text("MIT")
    entry = {"file": "theirs.js", "sha256": hashlib.sha256(b"1").hexdigest(), "licence_files": ["theirs.txt"]}
    (folder / "vendor.json").write_text(json.dumps({"files": [entry]}))
    return folder


def test_vendored_file_as_listed_passes(vendor):
    assert list(vendored.wrong(sorted(vendor.iterdir()))) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("theirs.js", "2", "differs from its hash"),
        ("more.js", "3", "not listed"),
        ("theirs.txt", None, "not there"),
    ],
)
def test_changed_vendored_file_is_named(vendor, name, text, said):
    (vendor / name).unlink() if text is None else (vendor / name).write_text(text)
    found = list(vendored.wrong(sorted(vendor.iterdir())))
    assert len(found) == 1
    assert name in found[0]
    assert said in found[0]


def test_workers_without_redis_are_an_error(settings):
    settings.WORKERS, settings.REDIS_URL = 2, None
    assert [message.id for message in checks.workers_share_a_log(None)] == ["chatbackend.E001"]
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    assert checks.workers_share_a_log(None) == []


SQLITE, POSTGRES = "sqlite:///chat.db", "postgres://127.0.0.1/chat"


@pytest.mark.parametrize(
    ("url", "workers", "redis_url", "debug", "found"),
    [
        (SQLITE, 1, None, False, []),
        (SQLITE, 2, "redis://127.0.0.1/0", True, ["chatbackend.E003"]),
        (POSTGRES, 2, "redis://127.0.0.1/0", False, []),
        (POSTGRES, 1, None, True, []),
        (POSTGRES, 1, None, False, ["chatbackend.E004"]),
    ],
)
def test_database_must_fit_the_workers(settings, url, workers, redis_url, debug, found):
    settings.DATABASE_URL, settings.WORKERS, settings.REDIS_URL, settings.DEBUG = (
        url,
        workers,
        redis_url,
        debug,
    )
    assert [message.id for message in checks.database_fits_the_workers(None)] == found


def test_production_on_sqlite_is_told_to_stay_alone(settings):
    settings.DATABASE_URL, settings.DEBUG, settings.REDIS_URL = SQLITE, False, None
    assert [message.id for message in checks.one_process_only(None)] == ["chatbackend.W003"]
    settings.DEBUG = True
    assert checks.one_process_only(None) == []


def test_wsgi_is_an_error(settings):
    assert checks.asgi_alone(None) == []
    settings.WSGI_APPLICATION = "chatbackend.wsgi.application"
    assert [message.id for message in checks.asgi_alone(None)] == ["chatbackend.E002"]


def test_development_env_is_private_and_starts(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    for name in env.Env.model_fields:
        monkeypatch.delenv(name, raising=False)
    assert dev_setup.make_env(file)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    found = env.load(file)
    assert found.DEBUG
    assert len(found.SECRET_KEY.get_secret_value()) >= 50
    assert len(found.ENCRYPTION_KEYS) == 1


def test_development_env_is_never_overwritten(tmp_path):
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=mine\n")
    assert not dev_setup.make_env(file)
    assert file.read_text() == "SECRET_KEY=mine\n"


@pytest.mark.django_db
def test_development_superuser_keeps_its_password(tmp_path):
    name, password = dev_setup.make_superuser(tmp_path) or ("", "")
    assert (name, dev_setup.make_superuser(tmp_path)) == ("admin", ("admin", password))
    assert stat.S_IMODE(os.stat(tmp_path / "admin-password").st_mode) == 0o600


@pytest.mark.django_db
def test_superuser_made_by_hand_is_left_alone(tmp_path, django_user_model):
    django_user_model.objects.create_superuser("root", "root@example.com", "a-password-of-mine")
    assert dev_setup.make_superuser(tmp_path) is None
