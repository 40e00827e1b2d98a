"""Sessions over real HTTP: what a test client cannot show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest


@pytest.fixture
def connection(live_server_process: Any) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", live_server_process.port, timeout=10)
    yield connection
    connection.close()


def test_body_in_chunks_is_read(connection, live_server_process):
    headers = {
        "Authorization": f"Bearer {live_server_process.backend_key}",
        "Content-Type": "application/json",
        "Transfer-Encoding": "chunked",
    }
    pieces = iter([b'{"user_id"', b": 42}"])
    connection.request("POST", "/api/sessions", pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    assert answer.status == 201
    connection.request(
        "GET", f"/api/sessions/{body['id']}", headers={"Authorization": headers["Authorization"]}
    )
    assert json.loads(connection.getresponse().read())["user_id"] == "42"


def test_set_cookies_of_a_new_guest_reach_the_browser(connection):
    connection.request("POST", "/api/custom/session")
    answer = connection.getresponse()
    assert answer.status == 200
    cookies = answer.headers.get_all("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"chat_session", "chat_guest"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
