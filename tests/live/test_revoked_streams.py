"""A session that ends in the middle of a stream takes the stream with it, whatever the stream was waiting for; the turn
itself goes on."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live.clients import Caller, Session
from tests.live.problem import assert_problem


def revoke_after(seconds: float, user: Session, key: Caller) -> None:
    time.sleep(seconds)
    assert key.call("DELETE", f"/api/sessions/{user.id}").status_code == 204


@pytest.mark.parametrize("typed", [False, True])
def test_stream_ends_with_its_session(user: Session, key: Caller, typed: bool) -> None:
    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(revoke_after, 0.5, user, key)
        body = {"message": "/tokens 500 20", "events": typed}
        began = time.monotonic()
        text = user.post("/api/chat/stream", body).text
        ended.result()
    assert time.monotonic() - began < 5
    assert "event: error" in text
    assert "completed" not in text
    assert "event: done" not in text


def test_stream_whose_session_ends_before_its_headers_is_401(user: Session, key: Caller) -> None:
    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(revoke_after, 0.3, user, key)
        answer = user.post("/api/chat/stream", {"message": "/slow 3000 /echo late"})
        ended.result()
    assert_problem(answer, 401, "unauthenticated")


def test_stream_whose_session_ends_before_its_first_token_ends(user: Session, key: Caller) -> None:
    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(revoke_after, 1.5, user, key)
        answer = user.post("/api/chat/stream", {"message": "/slow 5000 /echo late"})
        ended.result()
    assert answer.status_code == 200
    assert "event: error" in answer.text
    assert "late" not in answer.text
