"""What a backend key may do follows from its scopes."""

from __future__ import annotations

from tests.live.clients import Caller, bearer
from tests.live.problem import assert_problem
from tests.servers import ServerProcess


def test_key_for_sessions_alone_starts_no_turn(live: ServerProcess) -> None:
    key = live.manage("create_api_key", "issues only", "--scopes", "sessions").split()[-1]
    issuer = Caller(live, bearer(key))
    assert_problem(issuer.post("/api/chat", {"message": "/echo hi"}), 403, "forbidden")
    assert_problem(issuer.post("/api/chat/stream", {"message": "/echo hi"}), 403, "forbidden")
    given = issuer.post("/api/sessions", {"user_id": "u"})
    assert given.status_code == 201
    session = given.json()["client_secret"]
    assert issuer.post("/api/chat", {"message": "/echo hi", "session_id": session}).status_code == 200
