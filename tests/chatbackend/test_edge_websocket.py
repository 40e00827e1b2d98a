"""The edge in front of sockets, on a real uvicorn."""

from __future__ import annotations

import aiohttp
import pytest

from chatbackend.edge import Edge, Policy

POLICY = Policy(allowed_hosts=("127.0.0.1",), origins=frozenset({"https://front.example"}))


async def parrot(scope, receive, send):
    """Accepts and repeats; fails on `boom`."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message["text"] == "boom":
            raise RuntimeError("never to be seen")
        await send({"type": "websocket.send", "text": message["text"]})


@pytest.fixture
async def url(serve):
    return f"http://127.0.0.1:{await serve(Edge(parrot, POLICY))}/ws/chat"


async def test_socket_of_an_allowed_origin_is_accepted_with_an_id(url):
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(url, headers={"Origin": "https://front.example"}) as socket,
    ):
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=5) == "hello"
        assert len(socket._response.headers["X-Request-Id"]) == 32


async def test_handshake_that_the_app_answers_over_http_has_an_id(serve):
    async def draining(scope, receive, send):
        await receive()
        await send(
            {"type": "websocket.http.response.start", "status": 503, "headers": [(b"retry-after", b"1")]}
        )
        await send({"type": "websocket.http.response.body", "body": b"{}"})

    url = f"http://127.0.0.1:{await serve(Edge(draining, POLICY))}/ws/chat"
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(url)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
    assert len(refused.value.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_handshake_of_a_stranger_is_refused(url, headers):
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(url, headers=headers)
    assert refused.value.status == 403


async def test_failing_app_closes_the_socket_with_1011(url):
    async with aiohttp.ClientSession() as client, client.ws_connect(url) as socket:
        await socket.send_str("boom")
        closing = await socket.receive(timeout=5)
        assert closing.data == 1011
