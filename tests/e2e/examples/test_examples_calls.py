"""Calls as the examples' own back ends would be called: their signatures, read from the requirement, say what goes where.

Example 7 takes all words from the query string, example 1 from a JSON body, example 4 from a socket's path.
"""

from __future__ import annotations

import ast
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests
from websockets.sync.client import connect

from tests.e2e.examples.requirement import Block, python_of


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One `@app.post` function: its path, the names that it reads from the query string, the keys that it returns."""

    path: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    guarded: bool
    returns: frozenset[str]


def endpoint_of(function: ast.AsyncFunctionDef) -> Endpoint:
    """What a caller of this FastAPI function sends and gets."""
    (decorator,) = function.decorator_list
    assert isinstance(decorator, ast.Call)
    (path,) = decorator.args
    assert isinstance(path, ast.Constant)
    assert isinstance(path.value, str)
    names = [argument.arg for argument in function.args.args]
    defaults = function.args.defaults
    required = names[: len(names) - len(defaults)]
    plain = [
        name
        for name, value in zip(names[len(required) :], defaults, strict=True)
        if isinstance(value, ast.Constant)
    ]
    (returned,) = (node for node in function.body if isinstance(node, ast.Return))
    assert isinstance(returned.value, ast.Dict)
    keys = frozenset(ast.literal_eval(key) for key in returned.value.keys if key is not None)
    return Endpoint(path.value, tuple(required), tuple(plain), len(plain) < len(defaults), keys)


@pytest.fixture(scope="module")
def endpoints(blocks: tuple[Block, ...]) -> dict[str, Endpoint]:
    """Example 7's endpoints by path."""
    functions = (
        node for node in ast.parse(python_of(blocks, 7)).body if isinstance(node, ast.AsyncFunctionDef)
    )
    found = [endpoint_of(function) for function in functions if function.decorator_list]
    return {endpoint.path: endpoint for endpoint in found}


@dataclass(frozen=True, slots=True)
class Calls:
    """Example 7's two calls, all of their words in the query string."""

    server: str
    endpoints: dict[str, Endpoint]
    key: str

    def post(self, path: str, key: str | None = None, **words: str) -> requests.Response:
        endpoint = self.endpoints[path]
        assert set(endpoint.required) <= set(words) <= {*endpoint.required, *endpoint.optional}
        headers = {"Authorization": f"Bearer {key or self.key}"} if endpoint.guarded else {}
        return requests.post(f"{self.server}{path}", params=words, headers=headers, timeout=30)


@pytest.fixture
def calls(server: str, endpoints: dict[str, Endpoint], backend_key: str) -> Calls:
    return Calls(server, endpoints, backend_key)


def test_example_7_issues_a_session_and_chats_with_it(calls: Calls) -> None:
    issued = calls.post("/api/sessions", user_id="user-7", model="llama")
    assert issued.status_code in (200, 201)
    session = issued.json()
    assert calls.endpoints["/api/sessions"].returns <= set(session)
    assert session["model"] == "llama"
    left = datetime.fromisoformat(session["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1, seconds=5)
    said = calls.post("/api/chat", session_id=session["session_id"], message="/echo Good morning & 2+2=4 ü?")
    assert said.status_code == 200
    assert calls.endpoints["/api/chat"].returns <= set(said.json())
    assert said.json()["response"] == "Good morning & 2+2=4 ü?"


def test_example_7_session_without_a_model_gets_the_default(calls: Calls) -> None:
    session = calls.post("/api/sessions", user_id="user-7").json()
    named = calls.post("/api/sessions", user_id="user-7", model="default").json()
    assert session["model"] == named["model"]
    assert session["session_id"] != named["session_id"]


def test_example_7_wrong_key_is_401(calls: Calls) -> None:
    refused = calls.post("/api/sessions", key="wrong", user_id="user-7")
    assert refused.status_code == 401
    assert refused.json()["detail"]
    assert "session_id" not in refused.json()


def test_example_7_unknown_session_is_401(calls: Calls) -> None:
    refused = calls.post(
        "/api/chat", session_id="8c1f7f0e-0000-4000-8000-000000000000", message="Good morning"
    )
    assert refused.status_code == 401
    assert refused.json()["detail"]


def test_example_7_expired_session_is_401(calls: Calls) -> None:
    body: dict[str, str | int] = {"user_id": "user-7", "ttl": 1}
    headers = {"Authorization": f"Bearer {calls.key}"}
    issued = requests.post(f"{calls.server}/api/sessions", json=body, headers=headers, timeout=10)
    assert issued.status_code == 201
    time.sleep(1.2)
    refused = calls.post("/api/chat", session_id=issued.json()["session_id"], message="Good morning")
    assert refused.status_code == 401
    assert refused.json()["detail"]
    assert "response" not in refused.json()


def fields_of(blocks: tuple[Block, ...], example: int, model: str) -> set[str]:
    """The names in one of an example's pydantic models."""
    classes = [node for node in ast.parse(python_of(blocks, example)).body if isinstance(node, ast.ClassDef)]
    (found,) = (node for node in classes if node.name == model)
    return {
        field.target.id
        for field in found.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def test_example_1_backend_answers_json_as_its_models_say(
    server: str, backend_key: str, blocks: tuple[Block, ...]
) -> None:
    key = {"Authorization": f"Bearer {backend_key}"}
    body = {"user_id": "user-1"}
    assert set(body) == fields_of(blocks, 1, "SessionRequest")
    session = requests.post(f"{server}/api/sessions", json=body, headers=key, timeout=10).json()
    assert fields_of(blocks, 1, "SessionResponse") <= set(session)
    message = {"message": "/echo Good morning", "session_id": session["session_id"]}
    assert set(message) == fields_of(blocks, 1, "MessageRequest")
    said = requests.post(f"{server}/api/chat", json=message, timeout=30)
    assert said.status_code == 200
    assert fields_of(blocks, 1, "MessageResponse") <= set(said.json())
    assert said.json()["response"] == "Good morning"


def test_example_4_backend_answers_at_its_own_path(calls: Calls, blocks: tuple[Block, ...]) -> None:
    found = re.search(r'@app\.websocket\("(.+)"\)', python_of(blocks, 4))
    assert found
    session = calls.post("/api/sessions", user_id="user-4").json()
    path = found[1].replace("{session_id}", session["session_id"])
    with connect(calls.server.replace("http", "ws", 1) + path) as socket:
        socket.send(json.dumps({"type": "message", "text": "/echo Good morning"}))
        frames = [json.loads(socket.recv(timeout=15))]
        while frames[-1]["type"] != "response":
            frames.append(json.loads(socket.recv(timeout=15)))
        assert frames[-1]["text"] == "Good morning"
