"""`session_id` in the answer of `POST /api/chat`: what the caller goes on with, or nothing."""

from __future__ import annotations

from tests.live.clients import Caller, Session, bearer


def test_session_id_of_an_answer_is_what_was_named_and_works_again(user: Session, nobody: Caller) -> None:
    first = user.ask("/echo one")
    again = nobody.ask("/history", session_id=first["session_id"])
    assert "1. /echo one" in again["response"]
    assert again["session_id"] == first["session_id"] == user.secret


def test_session_of_a_cookie_or_beside_a_key_is_not_spelled_out(user: Session, key: Caller) -> None:
    page = Caller(user.server, {"Cookie": f"chat_session={user.secret}"})
    assert page.ask("/echo hi").get("session_id") is None
    both = Caller(user.server, {**bearer(user.server.backend_key), "X-Auth-Token": user.secret})
    assert both.ask("/echo hi").get("session_id") is None
