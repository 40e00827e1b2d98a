"""Django on the pool: which thread, which chain, every kind of response."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import aiohttp
import pytest
from django.conf import settings as django_settings

from chatbackend.handler import LEAN_PATHS, LeanHandler
from tests.chatbackend import handler_urls

# The signals around a request look at the connections that other tests have left on the pool's threads.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
async def url(serve, settings):
    settings.ROOT_URLCONF = "tests.chatbackend.handler_urls"

    async def numbered(scope: Any, receive: Any, send: Any) -> None:
        scope["request_id"] = "req-1"
        await handler(scope, receive, send)

    handler = LeanHandler()
    return f"http://127.0.0.1:{await serve(numbered)}"


async def get(url: str) -> tuple[int, bytes, Any]:
    async with aiohttp.ClientSession() as client, client.get(url) as response:
        return response.status, await response.read(), response.headers


@pytest.mark.parametrize(
    ("path", "lean"),
    [
        ("/api/chat", True),
        ("/api", True),
        ("/sessions", True),
        ("/llama/sessions", True),
        ("/api/docs", False),
        ("/api/schema", True),
        ("/api/docs/", False),
        ("/api/documents", True),
        ("/", False),
        ("/admin/", False),
        ("/apiary", False),
        ("/admin/sessions/session/", False),
    ],
)
def test_only_api_paths_take_the_lean_chain(path, lean):
    assert bool(LEAN_PATHS.match(path)) is lean


async def test_api_view_runs_on_the_pool_without_middleware(url):
    _, body, _ = await get(url + "/api/where")
    assert json.loads(body)["thread"].startswith("db")
    assert json.loads(body)["session"] is False


async def test_page_runs_on_the_pool_with_the_whole_chain(url):
    _, body, _ = await get(url + "/page")
    assert json.loads(body)["thread"].startswith("db")
    assert json.loads(body)["session"] is True


async def test_body_reaches_the_view(url):
    async with (
        aiohttp.ClientSession() as client,
        client.post(url + "/api/where", data=b"x" * 70_000) as response,
    ):
        assert (await response.json())["size"] == 70_000


async def test_every_cookie_is_sent(url):
    _, _, headers = await get(url + "/api/where")
    assert len(headers.getall("Set-Cookie")) == 2


@pytest.mark.parametrize("status", [204, 304])
async def test_answer_without_a_body_says_no_length(url, status):
    answered, body, headers = await get(f"{url}/api/empty?status={status}")
    assert (answered, body) == (status, b"")
    assert "Content-Length" not in headers


async def test_async_view_answers(url):
    _, body, _ = await get(url + "/api/where-async")
    assert body == b"from a coroutine"


async def test_many_requests_at_once_make_no_more_threads(url):
    before = threading.active_count()
    answers = await asyncio.gather(*(get(url + "/api/slow") for _ in range(40)))
    assert {status for status, _, _ in answers} == {200}
    assert threading.active_count() <= before + django_settings.DB_THREADS


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
@pytest.mark.parametrize("path", ["/api/file", "/page/file"])
async def test_file_arrives_whole_and_is_closed(url, tmp_path, size, path):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "file.bin").write_bytes(content)
    handler_urls.closed.clear()
    _, body, headers = await get(f"{url}{path}?path={tmp_path}/file.bin")
    assert body == content
    assert headers["Content-Length"] == str(size)
    async with asyncio.timeout(5):
        while not handler_urls.closed:  # the last byte may arrive before the file is closed
            await asyncio.sleep(0.01)
    assert [name[:2] for name in handler_urls.closed] == ["db"]


@pytest.mark.parametrize("path", ["/api/pieces", "/api/async-pieces"])
async def test_streaming_response_arrives_in_order(url, path):
    _, body, _ = await get(url + path)
    assert body == b"0 1 2 3 4 "


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [("404", 404, "not_found"), ("403", 403, "forbidden"), ("400", 400, "invalid"), ("500", 500, "internal")],
)
async def test_failure_below_api_is_json_without_a_trace(url, given, status, code):
    answered, body, headers = await get(f"{url}/api/fails?with={given}")
    shape = json.loads(body)
    assert (answered, shape["code"], shape["request_id"]) == (status, code, "req-1")
    assert headers["Content-Type"] == "application/json"
    assert b"never to be seen" not in body


async def test_unknown_path_below_api_is_json_404(url):
    status, body, _ = await get(url + "/api/nothing")
    assert (status, json.loads(body)["code"]) == (404, "not_found")
