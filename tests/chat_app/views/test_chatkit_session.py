"""`POST /api/chatkit/session` against a stand-in of OpenAI's endpoint: a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db
PATH = "/api/chatkit/session"
GOOD = {"id": "cksess_1", "object": "chatkit.session", "client_secret": "ek_abc", "expires_at": 1_900_000_000}


@dataclass
class StandIn:
    """What the far side answers, and what it was asked."""

    status: int = 200
    body: bytes = json.dumps(GOOD).encode()
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    wait: float = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def openai(settings: Any) -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stand_in.asked.append(
                {"path": self.path, "headers": dict(self.headers), "body": json.loads(body)}
            )
            time.sleep(stand_in.wait)
            self.send_response(stand_in.status)
            for name, value in stand_in.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(stand_in.body)))
            self.end_headers()
            self.wfile.write(stand_in.body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}/v1"
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = stand_in.url, "sk-of-the-operator"
    settings.CHATKIT_WORKFLOW_ID = "wf_123"
    yield stand_in
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ann() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ann"))
    return client


def test_hosted_session_is_handed_on(openai, ann):
    answer = ann.post(PATH)
    assert answer.status_code == 200
    assert answer.json() == {"client_secret": "ek_abc", "expires_at": "2030-03-17T17:46:40Z"}
    assert answer["Cache-Control"] == "no-store"


def test_hosted_session_is_asked_for_as_openai_says(openai, ann):
    ann.post(PATH)
    (asked,) = openai.asked
    assert asked["path"] == "/v1/chatkit/sessions"
    assert asked["headers"]["OpenAI-Beta"] == "chatkit_beta=v1"
    assert asked["headers"]["Authorization"] == "Bearer sk-of-the-operator"
    assert asked["body"] == {"workflow": {"id": "wf_123"}, "user": f"user:{User.objects.get().pk}"}


def test_hosted_session_is_for_nobody_without_a_name(openai):
    assert Client().post(PATH).status_code == 401
    assert Client().post(PATH, headers={"x-auth-token": "wrong"}).status_code == 401
    assert openai.asked == []


@pytest.mark.parametrize("missing", ["OPENAI_API_KEY", "CHATKIT_WORKFLOW_ID"])
def test_not_configured_says_so(openai, ann, settings, missing):
    setattr(settings, missing, "")
    answer = ann.post(PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_configured")
    assert "not configured" in answer.json()["detail"]
    assert answer["Retry-After"]


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (401, "upstream_refused", 502),
        (404, "upstream_refused", 502),
        (302, "upstream_refused", 502),
        (429, "upstream_busy", 503),
        (500, "upstream_down", 503),
        (504, "upstream_timeout", 504),
    ],
)
def test_far_refusal_becomes_ours_without_its_words(openai, ann, status, code, ours):
    openai.status, openai.body = status, b'{"error": {"message": "Incorrect API key sk-of-the-operator"}}'
    openai.headers["Location"] = "http://127.0.0.1:1/elsewhere"
    answer = ann.post(PATH)
    assert (answer.status_code, answer.json()["code"]) == (ours, code)
    assert "sk-of" not in answer.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"client_secret": 5, "expires_at": 1}',
        b'{"client_secret": "x"}',
        b'{"client_secret": "x", "expires_at": 1e30}',
        b'{"client_secret": "x", "expires_at": 99999999999999999}',
        b'{"client_secret": "' + b"x" * 70_000 + b'", "expires_at": 1}',
    ],
)
def test_far_nonsense_is_502(openai, ann, body):
    openai.body = body
    answer = ann.post(PATH)
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_error")


def test_far_silence_is_504_in_time(openai, ann):
    openai.wait = 3.0
    began = time.monotonic()
    answer = ann.post(PATH)
    assert (answer.status_code, answer.json()["code"]) == (504, "upstream_timeout")
    assert time.monotonic() - began < 2.9


def test_far_side_that_is_gone_is_503(openai, ann, settings):
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    answer = ann.post(PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_down")
