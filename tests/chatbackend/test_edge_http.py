"""The edge in front of a plain ASGI app on a real uvicorn."""

from __future__ import annotations

import asyncio
import json
import re
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest

from chatbackend.edge import Edge, Policy
from chatbackend.edge.headers import CSP

POLICY = Policy(
    allowed_hosts=("127.0.0.1", "chat.example"),
    origins=frozenset({"https://front.example"}),
    max_body=1000,
    max_upload=5000,
    upload_paths=re.compile(r"/files(?:/[^/]+/upload)?"),
    open_paths=re.compile(r"/files/[^/]+/seen"),
)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what the app saw, once it has read the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    if scope["path"] == "/boom":
        raise RuntimeError("never to be seen")
    seen = {"size": size, "client": scope["client"][0], "scheme": scope["scheme"], "id": scope["request_id"]}
    headers = [(b"content-type", b"application/json")]
    if scope["path"] == "/framed":
        headers.append((b"content-security-policy", b"frame-ancestors https://front.example"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


async def ask(port: int, method: str = "GET", path: str = "/", **options: Any) -> tuple[Any, bytes]:
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, f"http://127.0.0.1:{port}{path}", **options) as response,
    ):
        return response, await response.read()


@pytest.fixture
async def port(serve):
    return await serve(Edge(echo, POLICY))


async def test_answer_carries_id_and_security_headers(port):
    response, body = await ask(port)
    assert response.headers["X-Request-Id"] == json.loads(body)["id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Content-Security-Policy"] == CSP.decode()


async def test_view_with_a_policy_of_its_own_keeps_it(port):
    response, _ = await ask(port, path="/framed")
    assert response.headers.getall("Content-Security-Policy") == ["frame-ancestors https://front.example"]
    assert "X-Frame-Options" not in response.headers


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123", True), ("a b", False), ("x" * 129, False), ('"}<script>', False)]
)
async def test_request_id_is_taken_where_it_is_sane(port, given, kept):
    response, _ = await ask(port, headers={"X-Request-Id": given})
    assert (response.headers["X-Request-Id"] == given) is kept


async def test_unknown_host_is_refused_in_the_error_shape(port):
    response, body = await ask(port, headers={"Host": "evil.example"})
    shape = json.loads(body)
    assert response.status == 400
    assert (shape["code"], shape["retryable"]) == ("invalid_host", False)
    assert shape["request_id"] == response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://front.example", "http://127.0.0.1"]
)
async def test_foreign_origin_is_refused(port, origin):
    response, body = await ask(port, "POST", headers={"Origin": origin})
    assert (response.status, json.loads(body)["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_open_path_answers_pages_of_any_origin(port):
    response, _ = await ask(port, path="/files/a/seen", headers={"Origin": "https://evil.example"})
    assert response.status == 200
    assert "Access-Control-Allow-Origin" not in response.headers
    for path in ("/files/a", "/files/a/seen/b", "/x/files/a/seen"):
        response, _ = await ask(port, path=path, headers={"Origin": "https://evil.example"})
        assert response.status == 403, path


@pytest.mark.parametrize("path", ["/files", "/files/a/upload"])
async def test_upload_path_has_a_limit_of_its_own(port, path):
    async def pieces(size):
        yield b"x" * size

    for size, status in ((5000, 200), (5001, 413)):
        for data in (b"x" * size, pieces(size)):
            response, _ = await ask(port, "POST", path, data=data)
            assert response.status == status
    response, _ = await ask(port, "POST", path + "/b", data=b"x" * 1001)
    assert response.status == 413


async def test_own_origin_passes(port):
    response, _ = await ask(port, "POST", headers={"Origin": f"http://127.0.0.1:{port}"})
    assert response.status == 200


async def test_allowed_origin_may_read_the_answer_and_its_ids(port):
    response, _ = await ask(port, "POST", headers={"Origin": "https://front.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "https://front.example"
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "X-Turn-Id" in response.headers["Access-Control-Expose-Headers"]
    assert response.headers["Vary"] == "Origin"


async def test_preflight_names_the_headers_of_the_contract(port):
    asked = {"Origin": "https://front.example", "Access-Control-Request-Method": "POST"}
    response, body = await ask(port, "OPTIONS", "/api/chat", headers=asked)
    allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
    assert (response.status, body) == (204, b"")
    assert {"authorization", "x-auth-token", "idempotency-key", "last-event-id", "x-chat-connector"} <= set(
        allowed
    )
    assert response.headers.getall("Access-Control-Allow-Origin") == ["https://front.example"]


async def test_preflight_of_a_foreign_origin_is_refused(port):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    response, _ = await ask(port, "OPTIONS", headers=asked)
    assert response.status == 403


async def test_static_files_are_open_to_every_origin(port):
    response, _ = await ask(port, path="/static/chat.js", headers={"Origin": "https://anywhere.example"})
    assert response.status == 200


async def test_body_up_to_the_limit_passes(port):
    response, body = await ask(port, "POST", data=b"x" * 1000)
    assert (response.status, json.loads(body)["size"]) == (200, 1000)


async def test_declared_body_over_the_limit_is_413(port):
    response, body = await ask(port, "POST", data=b"x" * 1001)
    assert (response.status, json.loads(body)["code"]) == (413, "too_large")


async def test_chunked_body_over_the_limit_is_413(port):
    async def pieces():
        for _ in range(20):
            yield b"x" * 100

    response, body = await ask(port, "POST", data=pieces())
    assert (response.status, json.loads(body)["code"]) == (413, "too_large")


@pytest.mark.parametrize("framing", ["Content-Length: 10485760", "Transfer-Encoding: chunked"])
async def test_client_that_sends_ten_megabytes_receives_its_413(port, framing):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n".encode())
    piece = b"x" * 65536
    for _ in range(160):
        writer.write(b"10000\r\n" + piece + b"\r\n" if "chunked" in framing else piece)
        await writer.drain()
    if "chunked" in framing:
        writer.write(b"0\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"code":"too_large"' in answer


async def test_app_that_swallows_the_limit_is_still_413(serve):
    async def stubborn(scope, receive, send):
        try:
            while (await receive())["more_body"]:
                pass
        except Exception:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"all is well"})

    port = await serve(Edge(stubborn, POLICY))

    async def pieces():
        yield b"x" * 2000

    response, _ = await ask(port, "POST", data=pieces())
    assert response.status == 413


async def test_uncaught_exception_is_500_in_the_error_shape(port):
    response, body = await ask(port, path="/boom")
    assert response.status == 500
    assert json.loads(body)["code"] == "internal"
    assert b"never to be seen" not in body


async def test_chatkit_errors_carry_message_in_place_of_detail(port):
    _, body = await ask(port, "POST", "/chatkit", data=b"x" * 1001)
    assert "message" in json.loads(body)
    assert "detail" not in json.loads(body)


async def test_forwarded_headers_of_a_stranger_are_ignored(port):
    claim = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https"}
    _, body = await ask(port, headers=claim)
    assert json.loads(body)["client"] == "127.0.0.1"
    assert json.loads(body)["scheme"] == "http"


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("1.1.1.1, 9.9.9.9, 127.0.0.2", "9.9.9.9"),
        ("spoofed, 9.9.9.9", "9.9.9.9"),
        ("9.9.9.9, nonsense", "127.0.0.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
    ],
)
async def test_trusted_proxy_names_the_nearest_stranger(serve, chain, client):
    proxies = (ip_network("127.0.0.0/8"),)
    port = await serve(Edge(echo, Policy(allowed_hosts=("127.0.0.1",), proxies=proxies)))
    _, body = await ask(port, headers={"X-Forwarded-For": chain, "X-Forwarded-Proto": "https"})
    assert json.loads(body)["client"] == client
    assert json.loads(body)["scheme"] == "https"
