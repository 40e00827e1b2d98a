"""Callers at once on PostgreSQL, where transactions overlap: who comes second is told the same as a moment later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.live.clients import Session, issue
from tests.servers import Launcher, PostgresProcess, ServerProcess

CALLERS = 6


@pytest.fixture(scope="module")
def grown(start_server: Launcher, postgres_process: PostgresProcess) -> ServerProcess:
    return start_server(DATABASE_URL=postgres_process.database())


def together(user: Session, body: dict[str, Any], headers: dict[str, str]) -> list[Any]:
    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(lambda _: user.post("/api/chat", body, headers=headers), range(CALLERS)))


@pytest.mark.parametrize("begun_before", [False, True])
def test_same_key_at_once_is_one_turn(grown: ServerProcess, begun_before: bool) -> None:
    for attempt in range(4):
        user = issue(grown, f"same-key-{begun_before}-{attempt}")
        if begun_before:
            user.ask("/echo before")
        answers = together(user, {"message": "/echo once"}, {"Idempotency-Key": "k"})
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
        assert len({a.json()["turn_id"] for a in answers}) == 1
        assert [i["text"] for i in user.items(user.thread_id)][-2:] == ["/echo once", "once"]


def test_messages_at_once_are_one_turn_and_refusals(grown: ServerProcess) -> None:
    for attempt in range(4):
        user = issue(grown, f"at-once-{attempt}")
        answers = together(user, {"message": "/tokens 20 20"}, {})
        codes = sorted(a.json().get("code", "") for a in answers)
        assert codes == ["", *["turn_running"] * (CALLERS - 1)]
        assert len(user.items(user.thread_id)) == 2


def test_first_messages_at_once_with_replace_leave_one_that_is_answered(grown: ServerProcess) -> None:
    user = issue(grown, "replaces")
    answers = together(user, {"message": "/tokens 100 20", "on_busy": "replace"}, {})
    assert {a.status_code for a in answers} <= {200, 409}
    states = [user.turn(a.headers["X-Turn-Id"])["state"] for a in answers if a.status_code == 200]
    assert states.count("completed") == 1


def test_deleting_a_thread_while_messages_come_breaks_nothing(grown: ServerProcess) -> None:
    user = issue(grown, "deletes")

    def call(n: int) -> str:
        if n % 3:
            answer = user.post("/api/chat", {"message": "/tokens 3 1"})
            return str(answer.status_code) if answer.ok else str(answer.json()["code"])
        return str(user.call("DELETE", f"/api/threads/{user.thread_id}").status_code)

    with ThreadPoolExecutor(CALLERS) as pool:
        told = set(pool.map(call, range(90)))
    # An answer whose thread went away under it ends as cancelled, or as interrupted where it was whole already.
    assert told <= {"200", "204", "404", "turn_running", "interrupted"}, told
    assert user.ask("/echo still here")["response"] == "still here"
