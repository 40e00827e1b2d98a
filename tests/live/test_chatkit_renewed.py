"""A ChatKit client that goes on with an answer in a new session of the same user: the request is the same one still."""

from __future__ import annotations

from tests.live.clients import Session, issue
from tests.servers import ServerProcess

SAY = {
    "type": "threads.create",
    "params": {"input": {"content": [{"type": "input_text", "text": "/echo once"}], "attachments": []}},
}


def turn_of(session: Session, key: str) -> str:
    headers = {"Idempotency-Key": key, "X-Chat-Connector": "1"}
    answer = session.post("/chatkit", SAY, headers=headers)
    assert answer.status_code == 200, answer.text
    assert '"thread.created"' in answer.text
    return answer.headers["X-Turn-Id"]


def test_same_request_in_a_later_session_attaches_to_the_same_turn(live: ServerProcess) -> None:
    first, later = issue(live, "user-renewed"), issue(live, "user-renewed")
    assert turn_of(first, "renewed-1") == turn_of(later, "renewed-1")
    assert turn_of(later, "renewed-2") != turn_of(first, "renewed-1")


def test_key_of_one_user_is_nothing_to_another(live: ServerProcess) -> None:
    assert turn_of(issue(live, "user-here"), "shared-key") != turn_of(issue(live, "user-there"), "shared-key")
