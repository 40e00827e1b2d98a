"""A socket that brought no credential: what its first message may be, and what it hears when that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.clients import Caller, Session, issue, open_socket


@pytest.mark.parametrize("wrong", [{}, {"token": 5}, {"token": ""}, {"token": None}, {"token": "x" * 9000}])
def test_bad_auth_is_an_error_and_the_next_one_is_heard(user: Session, wrong: dict[str, Any]) -> None:
    with open_socket(user.server, "/ws/chat") as socket:
        socket.send(type="auth", **wrong)
        refused = socket.receive()
        assert (refused["type"], refused["code"], list(refused["errors"])) == ("error", "invalid", ["token"])
        socket.send(type="auth", token=user.secret)
        assert socket.receive()["thread_id"] == user.thread_id


def test_anything_but_auth_is_an_error_until_somebody_speaks(user: Session) -> None:
    with open_socket(user.server, "/ws/chat") as socket:
        socket.send(type="message", text="/echo hi", id="one")
        assert socket.receive()["code"] == "invalid"
        socket.connection.send("no JSON")
        assert socket.receive()["code"] == "invalid_json"
        socket.send(type="auth", token="cs_nobody")
        assert socket.close_code() == 4401


def test_ended_one_off_turn_is_no_longer_what_cancel_means(key: Caller) -> None:
    with open_socket(key.server, "/ws/chat", key.headers) as socket:
        socket.receive()
        socket.send(type="message", text="/tokens 2000 20", id="long")
        running = socket.until("turn")["turn_id"]
        socket.send(type="message", text="/echo short", id="short")
        while (told := socket.until("response"))["id"] != "short":
            pass
        socket.send(type="cancel")
        told = socket.until("response")
        assert (told["id"], told["turn_id"], told["state"]) == ("long", running, "cancelled")


def test_socket_that_was_given_a_new_session_outlives_the_old_one(user: Session) -> None:
    owner = user.get("/api/sessions/current").json()["user_id"]
    new = issue(user.server, owner)
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        socket.receive()
        socket.send(type="auth", token=new.secret)
        assert socket.receive()["thread_id"] == new.thread_id
        assert user.call("DELETE", "/api/sessions/current").status_code == 204
        assert socket.alive()
        assert new.call("DELETE", "/api/sessions/current").status_code == 204
        assert socket.close_code() == 4401
