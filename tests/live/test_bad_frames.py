"""Bad frames on a socket of a started server: an error and the socket goes on, or the close code that says why."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.live.clients import Session, events, open_socket
from tests.servers import ServerProcess

pytestmark = pytest.mark.usefixtures("unharmed")


def test_socket_says_what_is_wrong_and_stays_open(live: ServerProcess, user: Session) -> None:
    frames: tuple[tuple[str | bytes, str], ...] = (
        ("{", "invalid_json"), ("[1]", "invalid_json"), ("", "invalid_json"), (b"\xff\xfe", "invalid_json"),
        ('{"a": NaN}', "invalid_json"), ("[" * 100_000, "invalid_json"), ("{}", "invalid"), ('{"type": 7}', "invalid"),
        ('{"type": "nonsense"}', "invalid"), ('{"type": "message"}', "invalid"),
    )  # fmt: skip
    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        channel.until("ready")
        for frame, code in frames:
            channel.connection.send(frame)
            error = channel.receive()
            assert (error["type"], error["code"], error["retryable"]) == ("error", code, False), frame
            assert error["detail"]
        assert channel.alive()


BAD_COMMANDS: tuple[tuple[dict[str, Any], str, tuple[str, ...]], ...] = (
    ({"type": "message", "text": 7, "id": "m"}, "invalid", ("text",)),
    ({"type": "message", "text": "", "id": "m"}, "invalid", ("text",)),
    ({"type": "message", "text": "a\0", "id": "m"}, "invalid", ("text",)),
    ({"type": "message", "text": "x" * 100_001, "id": "m"}, "invalid", ("message",)),
    ({"type": "message", "text": "hi", "id": "m", "model": "no-such"}, "unknown_model", ()),
    ({"type": "message", "text": "hi", "id": "m", "on_busy": "wait"}, "invalid", ("on_busy",)),
    ({"type": "message", "text": "hi", "id": "m", "thread_id": 7}, "invalid", ("thread_id",)),
    ({"type": "message", "text": "hi", "id": 7}, "invalid", ("id",)),
    ({"type": "message", "text": "hi", "id": "x" * 256}, "invalid", ("id",)),
    ({"type": "resume", "turn_id": "trn_x", "after": -1}, "invalid", ("after",)),
    ({"type": "resume", "turn_id": "trn_x", "after": "soon"}, "invalid", ("after",)),
    ({"type": "resume", "turn_id": "trn_x", "after": 10**30}, "invalid", ("after",)),
    ({"type": "resume", "after": 1}, "invalid", ("turn_id",)),
    ({"type": "follow"}, "invalid", ("thread_id",)),
    ({"type": "auth"}, "invalid", ("token",)),
    ({"type": "cancel", "turn_id": []}, "invalid", ("turn_id",)),
)


def test_bad_command_is_an_error_of_its_fields(live: ServerProcess, user: Session) -> None:
    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        channel.until("ready")
        for command, code, fields in BAD_COMMANDS:
            time.sleep(0.06)  # twenty frames a second
            channel.send(**command)
            error = channel.receive()
            assert (error["type"], error["code"]) == ("error", code), command
            assert tuple(error.get("errors", {})) == fields, command
            if isinstance(command.get("id"), str) and len(command["id"]) < 256:
                assert error["id"] == "m"
        assert channel.alive()


def test_hundred_thousand_tiny_frames_close_4429(live: ServerProcess, user: Session) -> None:
    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        channel.until("ready")
        with contextlib.suppress(ConnectionClosed):
            for _ in range(100_000):
                channel.connection.send("{}")
        assert channel.close_code() == 4429
    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        assert channel.until("ready")["thread_id"] == user.thread_id


def test_frame_over_a_mebibyte_closes_1009(live: ServerProcess, user: Session) -> None:
    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        channel.until("ready")
        channel.connection.send(json.dumps({"type": "message", "text": "x" * (1 << 20)}))
        assert channel.close_code() == 1009


def test_resume_at_or_past_the_end_repeats_nothing(live: ServerProcess, user: Session) -> None:
    turn_id = user.ask("/echo a b c")["turn_id"]
    with user.get(f"/api/turns/{turn_id}/events?after=0", stream=True) as answer:
        last = list(events(answer))[-1].id
    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        channel.until("ready")
        for after in (last, last + 1, 10**15):
            channel.send(type="resume", turn_id=turn_id, after=after)
            channel.send(type="ping")
            assert channel.receive()["type"] == "pong"
            assert user.get(f"/api/turns/{turn_id}/events?after={after}").status_code == (
                204 if after < 10**15 else 400
            )
        channel.send(type="resume", turn_id=turn_id, after=last - 1)
        assert channel.receive()["type"] == "response"
