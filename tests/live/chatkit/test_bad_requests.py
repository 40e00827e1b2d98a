"""Bad requests to /chatkit on a started server: refused in the one shape that its client reads, and nothing harmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chat_app.wire.chatkit_requests import OPERATIONS, STREAMING
from tests.live.chatkit import strict
from tests.live.chatkit.client import Client, said
from tests.live.chatkit.conftest import same
from tests.live.chatkit.player import script
from tests.live.clients import Caller, bearer
from tests.servers import ServerProcess

GOOD: dict[str, Any] = {
    "thread_id": "thr_x", "item_id": "itm_x", "input": said("hi"), "result": 1, "action": {"type": "go"}, "title": "x",
    "item_ids": ["x"], "kind": "positive", "name": "a.txt", "size": 1, "mime_type": "text/plain", "attachment_id": "att_x",
    "audio_base64": "", "limit": 1, "order": "asc", "after": "x",
}  # fmt: skip
NEEDED: dict[str, tuple[str, ...]] = {
    "threads.create": ("input",), "threads.add_user_message": ("thread_id", "input"),
    "threads.add_client_tool_output": ("thread_id",), "threads.add_structured_input": ("thread_id", "item_id", "input"),
    "threads.retry_after_item": ("thread_id", "item_id"), "threads.custom_action": ("thread_id", "action"),
    "threads.sync_custom_action": ("thread_id", "action"), "threads.get_by_id": ("thread_id",), "threads.list": (),
    "threads.update": ("thread_id", "title"), "threads.delete": ("thread_id",), "items.list": ("thread_id",),
    "items.feedback": ("thread_id", "item_ids", "kind"), "attachments.create": ("name", "size", "mime_type"),
    "attachments.delete": ("attachment_id",), "attachments.get_preview": ("attachment_id",),
    "input.transcribe": ("audio_base64", "mime_type"),
}  # fmt: skip


@pytest.fixture
def thread_id(client: Client) -> Iterator[str]:
    """A thread of the client's, which is as it was when the test is over."""
    made = client.say(script(["text", "still here"])).thread["id"]
    yield made
    same(client, made)
    assert len(client.listed()) == 1


def bad(client: Client, body: Any, status: int = 400, **headers: str) -> Any:
    """The body of the refusal that this must get."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.who.call("POST", "/chatkit", sent, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return strict.problem(answer.text)


def test_table_of_this_file_is_whole() -> None:
    assert set(NEEDED) == set(OPERATIONS)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nope", b"[]", b"1", b"null", b'"x"', b"\xff\xfe", b'{"a": NaN}', b"{}{}"]
)
def test_body_that_is_no_object_is_400(client: Client, thread_id: str, body: bytes) -> None:
    assert bad(client, body)["code"] in ("invalid_json", "invalid")


@pytest.mark.parametrize(
    "name", [None, 1, [], {}, "", "threads.stop", "threads.init", "THREADS.LIST", "__class__", "x" * 9999]
)
def test_operation_that_there_is_none_of_is_400(client: Client, thread_id: str, name: Any) -> None:
    bodies: tuple[Any, ...] = ({"type": name, "params": {}}, {"params": {}})
    for body in bodies:
        assert list(bad(client, body)["errors"]) == ["type"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_params_that_are_missing_or_of_a_wrong_type_are_400(
    client: Client, thread_id: str, operation: str
) -> None:
    odd: tuple[Any, ...] = (None, 1, "x", [])
    for params in odd:
        bad(client, {"type": operation, "params": params})
    for name in NEEDED[operation]:
        good = {key: GOOD[key] for key in NEEDED[operation]}
        if operation == "threads.add_structured_input":
            good["input"] = {}
        del good[name]
        assert bad(client, {"type": operation, "params": good})["errors"]
        for wrong in (1.5, [1], {"a": 1}, None, True):
            if (name, wrong) in (("input", {"a": 1}), ("result", wrong)):
                continue
            assert bad(client, {"type": operation, "params": {**good, name: wrong}})["errors"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": "hi"}, {"content": [{"type": "input_image", "text": "x"}]}, {"content": [{"text": "x"}]},
        {"content": ["x"]}, {"content": [{"type": "input_text"}]}, {"content": [{"type": "input_tag", "text": "x"}]},
        {"content": [{"type": "input_tag", "id": "1", "text": "x", "data": []}]}, {"attachments": [1]},
        {"quoted_text": 1}, {"inference_options": {"model": 1}},
        {"inference_options": {"tool_choice": "search"}}, {"inference_options": []},
    ],
    ids=str,
)  # fmt: skip
def test_message_that_is_none_is_refused_and_makes_no_thread(
    client: Client, thread_id: str, message: Any
) -> None:
    for operation in ("threads.create", "threads.add_user_message"):
        params = {"input": said("hi", **message), "thread_id": thread_id}
        assert bad(client, {"type": operation, "params": params})["code"] == "invalid"


def test_file_that_is_not_there_is_404_and_makes_no_thread(client: Client, thread_id: str) -> None:
    for operation in ("threads.create", "threads.add_user_message"):
        params = {"input": said("hi", attachments=["att_of_nobody"]), "thread_id": thread_id}
        assert bad(client, {"type": operation, "params": params}, 404)["code"] == "not_found"


NASTY = ["a\0b", {"a": "\0"}, {"a\0": 1}, ["\0"]]


@pytest.mark.parametrize("value", NASTY, ids=str)
def test_nul_is_400_wherever_it_stands(client: Client, thread_id: str, value: Any) -> None:
    action = {"type": "go", "payload": value}
    for operation, params in (
        ("threads.add_client_tool_output", {"result": value}),
        ("threads.custom_action", {"action": action}),
        ("threads.sync_custom_action", {"action": action}),
        ("threads.update", {"title": value if isinstance(value, str) else "\0"}),
        ("threads.get_by_id", {"thread_id": "\0"}),
        ("items.list", {"after": "\0"}),
    ):
        bad(client, {"type": operation, "params": {"thread_id": thread_id, **params}})


@pytest.mark.parametrize("lone", [b'"a\\ud800b"', b'"\\udfff"'])
def test_lone_surrogate_is_400(client: Client, thread_id: str, lone: bytes) -> None:
    for name in (b"title", b"unknown", b"thread_id"):
        bad(
            client,
            b'{"type": "threads.update", "params": {"thread_id": "x", "title": "y", %s: %s}}'
            % (b'"%s"' % name, lone),
        )


def test_deep_nesting_is_400(client: Client, thread_id: str) -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    bad(
        client, {"type": "threads.add_client_tool_output", "params": {"thread_id": thread_id, "result": deep}}
    )
    head = b'{"type": "threads.add_client_tool_output", "params": {"thread_id": "x", "result": '
    bad(client, head + b"[" * 100_000)
    bad(client, head + b'{"a":' * 100_000)
    bad(client, b"[" * 1_000_000)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400, "1e-400", str(2**64), str(-(2**63) - 1)])
def test_number_without_end_is_refused_or_kept(client: Client, thread_id: str, number: str) -> None:
    body = b'{"type": "threads.custom_action", "params": {"thread_id": "%s", "action": {"type": "go", "payload": %s}}}'
    answer = client.who.call("POST", "/chatkit", body % (thread_id.encode(), number.encode()))
    assert answer.status_code in (200, 400), answer.text
    client.opened(thread_id)


def test_ten_megabytes_are_413(client: Client, thread_id: str) -> None:
    big = {"type": "threads.create", "params": {"input": said("x" * 10_000_000)}}
    assert bad(client, big, 413)["code"] == "too_large"


def test_unknown_fields_are_ignored_everywhere(client: Client) -> None:
    extra = {"colour": "red", "deep": {"er": [None]}}
    message = {**said(script(["text", "fine"])), **extra, "inference_options": extra}
    message["content"] = [{**part, **extra} for part in message["content"]]
    body = {"type": "threads.create", "metadata": {"a": 1}, "params": {"input": message, **extra}, **extra}
    answer = client.who.post("/chatkit", body)
    assert answer.status_code == 200
    (thread,) = client.listed()
    _, rows = client.read(thread["id"])
    assert [row["type"] for row in rows] == ["user_message", "assistant_message"]
    assert "colour" not in json.dumps(answer.text)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_body_that_says_it_is_no_json_is_415(client: Client, thread_id: str, kind: str) -> None:
    bad(client, {"type": "threads.list", "params": {}}, 415, **{"Content-Type": kind})


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_405(client: Client, method: str) -> None:
    answer = client.who.call(method, "/chatkit", b"{}")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    strict.problem(answer.text)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_backend_key_alone_has_no_conversations(client: Client, kit: ServerProcess, operation: str) -> None:
    key = Client(Caller(kit, bearer(kit.backend_key)))
    params = {name: GOOD[name] for name in NEEDED[operation]}
    if operation == "threads.add_structured_input":
        params["input"] = {}
    assert bad(key, {"type": operation, "params": params}, 403)["code"] == "forbidden"


@pytest.mark.parametrize("operation", STREAMING)
def test_refusal_before_a_stream_is_json(client: Client, thread_id: str, operation: str) -> None:
    params = {name: GOOD[name] for name in NEEDED[operation]}
    if operation == "threads.add_structured_input":
        params["input"] = {}
    if operation != "threads.create":
        bad(client, {"type": operation, "params": params}, 404)


@pytest.mark.parametrize(("method", "path"), [("POST", "/chatkit"), ("GET", "/chatkit/turns/trn_1/events")])
def test_page_of_another_origin_may_send_what_the_client_sends(
    start_server: Any, method: str, path: str
) -> None:
    server = start_server(CORS_ALLOWED_ORIGINS="http://page.example")
    headers = "content-type, accept-language, chatkit-frame-instance-id, last-event-id, authorization, x-chat-connector"
    asked = {"Origin": "http://page.example", "Access-Control-Request-Method": method}
    answer = requests.options(
        f"{server.url}{path}", headers={**asked, "Access-Control-Request-Headers": headers}, timeout=10
    )
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert answer.ok
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert set(headers.split(", ")) <= allowed
