"""What every test stands on: an environment of its own, set before Django loads, and no network but loopback."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from cryptography.fernet import Fernet

FOLDER = tempfile.mkdtemp(prefix="chatbackend-tests-")
os.environ.update(
    DJANGO_SETTINGS_MODULE="chatbackend.settings",
    CHATBACKEND_ENV_FILE="",
    DEBUG="1",
    SECRET_KEY="tests-only-" + "k" * 48,
    BACKEND_KEY="tests-only-backend-key-0123456789",
    ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    DATA_DIR=FOLDER,
    DATABASE_URL=os.environ.get("CHATBACKEND_TEST_DATABASE_URL", f"sqlite:///{FOLDER}/db.sqlite3"),
    HF_HUB_OFFLINE="1",
    HF_HOME=f"{FOLDER}/huggingface",
)
for name in (
    "ALLOWED_HOSTS", "ALLOW_GUESTS", "CHAT_RESPONDERS", "CHATKIT_DOMAIN_KEY", "CORS_ALLOWED_ORIGINS",
    "CSRF_TRUSTED_ORIGINS", "LOG_LEVEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "REDIS_URL",
    "SESSION_TTL", "TRUSTED_PROXIES", "WORKERS",
):  # fmt: skip
    os.environ.pop(name, None)

# Here, not in pyproject.toml: pytest-django reads the settings it is told of there before this file has set the
# environment.
django.setup()

from tests import network, parts, servers  # noqa: E402

pytest_plugins = ["tests.upstream.local_models", "tests.upstream.model_server"]


@pytest.fixture(scope="session", autouse=True)
def _network_shut() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        network.shut(patch)
        yield


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Launcher]:
    """`start_server(command="serve", port=None, **env) -> ServerProcess`: its own server, stopped at the end of the run."""
    launcher = servers.Launcher(tmp_path_factory.mktemp("servers"))
    yield launcher
    launcher.stop_all()


@pytest.fixture(scope="session")
def live_server_process(start_server: servers.Launcher) -> servers.ServerProcess:
    """One server for all tests that only read or keep to their own threads; development settings, SQLite, no Redis."""
    return start_server()


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RedisProcess]:
    """A Redis of the tests' own; skips by name where redis-server is missing."""
    parts.require("redis")
    process = servers.RedisProcess(tmp_path_factory.mktemp("redis"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def redis_url(redis_process: servers.RedisProcess) -> str:
    return redis_process.url


@pytest.fixture(scope="session")
def postgres_process() -> Iterator[servers.PostgresProcess]:
    """A PostgreSQL of the tests' own; skips by name where its server is missing."""
    parts.require("postgres")
    process = servers.PostgresProcess()
    yield process
    process.remove()


@pytest.fixture
def postgres_url(postgres_process: servers.PostgresProcess) -> str:
    """The URL of an empty database."""
    return postgres_process.database()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.scheduling import InOrder

    return InOrder(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes tells the one that sums up what it found absent."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["absent"] = parts.ABSENT


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    parts.ABSENT.update(getattr(node, "workeroutput", {}).get("absent", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = parts.summary()
    if lines:
        terminalreporter.section("Skipped, for this machine lacks")
        for line in lines:
            terminalreporter.line(line)


def pytest_unconfigure() -> None:
    shutil.rmtree(Path(FOLDER), ignore_errors=True)
