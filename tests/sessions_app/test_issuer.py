"""JWTs of an outside issuer: checked against a key set served by a real HTTP server on loopback."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sessions_app import issuer
from sessions_app.models import ChatSession

pytestmark = pytest.mark.django_db
PATH = "/api/custom/session"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def fetches(settings: Any) -> Iterator[list[str]]:
    """The settings of an outside issuer, its key set, and each time that it was fetched."""
    seen: list[str] = []
    published = {**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "one", "use": "sig"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": [published]}).encode())

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    settings.JWT_JWKS_URL = f"http://127.0.0.1:{server.server_port}/keys"
    settings.JWT_ISSUER, settings.JWT_AUDIENCE, settings.JWT_REALM = "https://id.example", "chat", "corp"
    settings.JWT_ALGORITHM = "RS256"
    issuer._key_set.cache_clear()
    yield seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def token(fetches: list[str]) -> Callable[..., str]:
    def make(key: Any = KEY, kid: str | None = "one", algorithm: str = "RS256", **change: Any) -> str:
        claims = {"iss": "https://id.example", "aud": "chat", "sub": "42", "exp": time.time() + 60, **change}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else None)

    return make


def test_outside_user_speaks_in_the_issuers_realm(api, token):
    answer = api.post(PATH, x_auth_token=token())
    assert answer.status_code == 200
    row = ChatSession.objects.get()
    assert (row.owner, row.realm, row.issued_by) == ("corp:42", "corp", "jwt")


def test_key_set_is_fetched_once(api, token, fetches):
    for _ in range(3):
        assert api.post(PATH, credential=token()).status_code == 200
    for kid in ("two", "three", "four"):
        assert api.post(PATH, credential=token(kid=kid)).status_code == 401
    assert len(fetches) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": OTHER_KEY},
        {"exp": time.time() - 60},
        {"exp": None},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 201},
        {"sub": "a\0b"},
        {"sub": 42},
        {"kid": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_outside_token_that_is_not_good_is_401(api, token, change):
    assert api.post(PATH, x_auth_token=token(**change)).status_code == 401


def test_public_key_as_a_shared_secret_opens_nothing(api, token):
    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').rstrip(b"=")
    signed = head + b"." + token().split(".")[1].encode()
    mac = base64.urlsafe_b64encode(hmac.digest(public, signed, "sha256")).rstrip(b"=")
    assert api.post(PATH, x_auth_token=(signed + b"." + mac).decode()).status_code == 401


def test_our_own_tokens_go_on_working_beside_it(api, user, fetches):
    pair = api.post("/api/auth/token", {"username": "ann", "password": "correct horse"}).json()
    assert api.post(PATH, x_auth_token=pair["token"]).status_code == 200
    assert ChatSession.objects.get().owner == f"user:{user.pk}"
    assert fetches == []


def test_issuer_that_is_gone_is_503(api, token, settings):
    settings.JWT_JWKS_URL = "http://127.0.0.1:1/keys"
    answer = api.post(PATH, x_auth_token=token())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"]


def test_outside_token_without_an_issuer_set_is_401(api, token, settings):
    good = token()
    settings.JWT_JWKS_URL = None
    assert api.post(PATH, x_auth_token=good).status_code == 401
