"""Log lines: secrets and message text never reach them."""

from __future__ import annotations

import pytest

from chatbackend.logs import HIDDEN, redact, redact_path

TOKEN = "kUe5Vb0o9tJ2wq8zR1mX"


@pytest.mark.parametrize("prefix", ["/ws/chat/", "/api/ws/chat/", "/api/sessions/", "/sessions/"])
def test_session_token_in_a_path_is_hidden(prefix):
    assert redact_path(prefix + TOKEN) == prefix + HIDDEN
    assert TOKEN not in redact_path(f"{prefix}{TOKEN}/refresh")


@pytest.mark.parametrize("path", ["/api/sessions/current", "/api/sessions/ses_abc", "/api/chat", "/ws/chat"])
def test_path_without_a_token_stays(path):
    assert redact_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"upstream said sk-{TOKEN}",
        f"postgres://chat:{TOKEN}@db/chat is away",
        f"GET /ws/chat/{TOKEN} failed",
        f"token eyJhbGciOi.{TOKEN}.x is bad",
    ],
)
def test_secret_inside_a_sentence_is_hidden(text):
    assert TOKEN not in redact(None, "info", {"event": text})["event"]


@pytest.mark.parametrize(
    "key", ["client_secret", "api_key", "password", "Authorization", "cookie", "token", "text", "message"]
)
def test_secret_and_message_text_are_hidden_by_their_key(key):
    assert redact(None, "info", {"event": "x", key: TOKEN, "data": {key: TOKEN}}) == {
        "event": "x",
        key: HIDDEN,
        "data": {key: HIDDEN},
    }


def test_counters_and_ids_stay():
    event = {"event": "turn ended", "output_tokens": 12, "first_token_ms": 8, "turn": "trn_1", "status": 200}
    assert redact(None, "info", dict(event)) == event
