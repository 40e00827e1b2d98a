"""Bad bodies on a started server: each refused in the one shape with its fields named, and the server unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.live.clients import Caller, Session
from tests.live.endpoints import READING, STARTING
from tests.live.problem import assert_problem

pytestmark = pytest.mark.usefixtures("unharmed")
LONE = b'"a\\ud800b"'


@pytest.mark.parametrize(
    "body", [b"{", b"nope", b"{'a': 1}", b'{"a": NaN}', b"\xff\xfe", b"{}{}", b'{"a": 1e999']
)
@pytest.mark.parametrize(("method", "path"), READING)
def test_body_that_is_no_json_is_400(place: Any, method: str, path: str, body: bytes) -> None:
    caller, where = place(path)
    assert_problem(caller.call(method, where, body), 400, "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b"true"])
@pytest.mark.parametrize(("method", "path"), READING)
def test_body_that_is_no_object_is_400(place: Any, method: str, path: str, body: bytes) -> None:
    caller, where = place(path)
    assert_problem(caller.call(method, where, body), 400, "invalid_json")


@pytest.mark.parametrize(("method", "path"), READING)
def test_deeply_nested_body_is_400(place: Any, method: str, path: str) -> None:
    caller, where = place(path)
    assert_problem(caller.call(method, where, b"[" * 100_000), 400, "invalid_json")
    assert_problem(caller.call(method, where, b'{"a":' * 100_000), 400, "invalid_json")


@pytest.mark.parametrize(("method", "path"), READING)
def test_lone_surrogate_is_400(place: Any, method: str, path: str) -> None:
    caller, where = place(path)
    for name in (b"message", b"title", b"comment", b"model", b"user_id", b"unknown"):
        answer = caller.call(method, where, b'{"%s": %s}' % (name, LONE))
        assert answer.status_code == 400, (name, answer.text)


NUL_FIELDS = (
    ("POST", "/api/chat", "message"), ("POST", "/api/chat", "model"), ("POST", "/api/chat", "thread_id"),
    ("POST", "/api/chat/stream", "message"), ("POST", "/api/custom/stream", "text"), ("POST", "/api/sessions", "user_id"),
    ("POST", "/api/sessions", "model"), ("POST", "/api/custom/session", "model"), ("POST", "/api/threads", "title"),
    ("PATCH", "/api/threads/{thread}", "title"), ("PUT", "/api/items/{item}/feedback", "comment"),
    ("POST", "/api/turns/{turn}/retry", "model"), ("POST", "/api/auth/token", "username"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "name"), NUL_FIELDS)
def test_nul_is_400_with_the_field_named(place: Any, method: str, path: str, name: str) -> None:
    caller, where = place(path)
    good = {"message": "hi", "user_id": "1", "kind": "positive", "password": "x"}
    answer = caller.call(method, where, {**good, name: "a\0b"})
    assert_problem(answer, 400, "invalid", name if name != "text" else "text")


def test_nul_within_metadata_is_400(key: Caller) -> None:
    for metadata in ({"a": ["b\0"]}, {"a\0": 1}):
        assert_problem(
            key.post("/api/sessions", {"user_id": "1", "metadata": metadata}), 400, "invalid", "metadata"
        )


WRONG: tuple[tuple[str, str, str, tuple[Any, ...]], ...] = (
    ("POST", "/api/chat", "message", (1, True, [], {}, ["a"], None, "", "  \n", "x" * 100_001)),
    ("POST", "/api/chat", "session_id", (1, [], {}, "x" * 201)),
    ("POST", "/api/chat", "thread_id", (1, [], {}, "x" * 201)),
    ("POST", "/api/chat", "model", (1, [], {}, "x" * 65)),
    ("POST", "/api/chat", "on_busy", (1, [], {}, "wait", None)),
    ("POST", "/api/chat/stream", "events", ("maybe", [], {}, 7)),
    ("POST", "/api/sessions", "user_id", (None, True, 1.5, [], {}, "", "x" * 201)),
    ("POST", "/api/sessions", "model", (1, True, [], {}, "x" * 101)),
    ("POST", "/api/sessions", "ttl", (0, -1, -(10**30), 10**30, 10**9, 1.5, "soon", [], {}, True)),
    ("POST", "/api/sessions", "metadata", (1, "a", [], {"a": "x" * 20_000})),
    ("POST", "/api/custom/session", "model", (1, True, [], {})),
    ("POST", "/api/custom/session", "current", (1, True, [], {}, "x" * 201)),
    ("POST", "/api/auth/token", "username", (1, True, [], {}, None, "", "x" * 151)),
    ("POST", "/api/auth/refresh", "refresh", (1, True, [], {}, None, "", "x" * 4097)),
    ("POST", "/api/threads", "title", (1, True, [], {}, None, "x" * 256)),
    ("PATCH", "/api/threads/{thread}", "title", (1, True, [], {}, None, "x" * 256)),
    ("PUT", "/api/items/{item}/feedback", "kind", (1, True, [], {}, "meh", "")),
    ("PUT", "/api/items/{item}/feedback", "comment", (1, True, [], {}, None, "x" * 5001)),
    ("POST", "/api/turns/{turn}/retry", "model", (1, True, [], {}, "x" * 65)),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "name", "values"), WRONG, ids=lambda value: str(value)[:30])
def test_wrong_type_is_400_with_the_field_named(
    place: Any, method: str, path: str, name: str, values: tuple[Any, ...]
) -> None:
    caller, where = place(path)
    good = {"message": "/echo hi", "user_id": "1", "kind": "positive", "password": "x"}
    for value in values:
        answer = caller.call(method, where, {**good, name: value})
        assert_problem(answer, 400, "invalid", name)


@pytest.mark.parametrize("ttl", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
def test_ttl_that_is_no_json_number_is_400(key: Caller, ttl: bytes) -> None:
    answer = key.call("POST", "/api/sessions", b'{"user_id": "1", "ttl": %s}' % ttl)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("ttl", ["NaN", "-1", "0", "1e3", "9" * 5000, "", "٣"])
def test_ttl_of_the_query_is_checked_alike(key: Caller, ttl: str) -> None:
    answer = key.post("/api/sessions", {"user_id": "1"}, params={"ttl": ttl})
    assert answer.status_code in (201, 400), answer.text
    assert ttl == "٣" or answer.status_code == 400


def test_unknown_fields_are_ignored(key: Caller, user: Session) -> None:
    assert key.post("/api/sessions", {"user_id": "1", "colour": "red"}).status_code == 201
    assert user.ask("/echo hi", colour={"red": [1]})["response"] == "hi"
    assert (
        user.post("/api/threads", {"title": "t", "owner": "ext:2", "id": "thr_mine"}).json()["id"]
        != "thr_mine"
    )
    assert user.get("/api/threads?colour=red").status_code == 200


@pytest.mark.parametrize("path", STARTING)
def test_unknown_model_is_400(user: Session, path: str) -> None:
    answer = user.post(path, {"message": "hi", "model": "no-such-model"})
    assert_problem(answer, 400, "unknown_model")


def test_unknown_model_of_a_session_is_400(key: Caller, user: Session) -> None:
    for path in ("/api/sessions", "/sessions"):
        assert_problem(key.post(path, {"user_id": "1", "model": "no-such"}), 400, "unknown_model")
    assert_problem(key.post("/no-such-model/sessions", {"user_id": "1"}), 400, "unknown_model")
    assert_problem(user.post("/no-such-model/chat", {"message": "hi"}), 400, "unknown_model")
    assert_problem(user.post("/api/custom/session", {"model": "no-such"}), 400, "unknown_model")


# Size


@pytest.mark.parametrize(("method", "path"), READING)
def test_ten_megabytes_are_413(place: Any, method: str, path: str) -> None:
    caller, where = place(path)
    answer = caller.call(method, where, {"message": "x" * 10_000_000, "user_id": "1"})
    assert_problem(answer, 413, "too_large")


def test_ten_megabytes_in_chunks_are_413(user: Session) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"message": "'
        for _ in range(100):
            yield b"x" * 100_000
        yield b'"}'

    answer = requests.post(
        user.server.url + "/api/chat",
        data=pieces(),
        headers={**user.headers, "Content-Type": "application/json"},
    )
    assert_problem(answer, 413, "too_large")


def test_message_of_the_longest_length_is_answered(user: Session) -> None:
    text = "ä" * (100_000 - 14)
    assert user.ask(f"/slow 0 /echo {text}")["response"] == text
