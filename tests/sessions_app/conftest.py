"""The cast of these tests, and how they call: the owner, a colleague of the same customer, a stranger, and two realms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from sessions_app import keys, ports, sessions
from sessions_app.sessions import Issued

ENVIRONMENT_KEY = "environment-key-of-these-tests"
HERE = {"origin": "http://testserver"}
ELSEWHERE = {"origin": "https://evil.example"}


@dataclass
class Caller:
    """A client that sends JSON; `credential` is a Bearer token, other headers go by name."""

    client: Client = field(default_factory=Client)

    def call(
        self, method: str, path: str, body: Any = None, *, credential: str | None = None, **headers: str
    ) -> Any:
        if credential is not None:
            headers["authorization"] = f"Bearer {credential}"
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = sent.pop("content-type", "application/json")
        return self.client.generic(method, path, data, content_type=kind, headers=sent)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("POST", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("DELETE", path, **options)


@pytest.fixture(autouse=True)
def _clean(settings: Any) -> Iterator[None]:
    settings.BACKEND_KEY = ENVIRONMENT_KEY
    settings.ALLOW_GUESTS = False
    settings.TRUSTED_PROXIES = []
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def routes() -> Iterator[dict[str, ports.Route]]:
    """What the model side answers: `llama` works, `broken` is down, anything else is unknown."""
    known: dict[str, ports.Route] = {"llama": "ok", "gpt2": "ok", "broken": "down"}
    before = ports._check, ports._default, ports._wait
    ports.connect(lambda model: "ok" if model is None else known.get(model, "unknown"), lambda: "llama")
    yield known
    ports.connect(*before)


@pytest.fixture
def api() -> Caller:
    return Caller()


@pytest.fixture
def browser() -> Callable[[], Caller]:
    return Caller


@pytest.fixture
def key() -> str:
    return ENVIRONMENT_KEY


@pytest.fixture
def other_key(db: None) -> str:
    """A key of another customer's realm."""
    return keys.create("other customer", realm="other")[1]


@pytest.fixture
def owner(db: None) -> Issued:
    return sessions.issue("ext:42", issued_by="env", metadata={"plan": "gold"})


@pytest.fixture
def colleague(db: None) -> Issued:
    return sessions.issue("ext:43", issued_by="env")


@pytest.fixture
def twin(db: None) -> Issued:
    """The same id in another realm."""
    return sessions.issue("other:42", issued_by="key_other")


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ann", password="correct horse")


@pytest.fixture
def signed_in(user: User) -> Caller:
    """A browser with a login cookie."""
    caller = Caller()
    caller.client.force_login(user)
    return caller
