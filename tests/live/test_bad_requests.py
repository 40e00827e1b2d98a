"""Bad paths, queries, headers and bytes on a started server: refused in the one shape, and the server unharmed."""

from __future__ import annotations

import http.client
import socket
from typing import Any

import pytest

from tests.live.clients import Caller, Session, open_socket
from tests.live.endpoints import READING
from tests.live.problem import assert_problem
from tests.servers import ServerProcess

pytestmark = pytest.mark.usefixtures("unharmed")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=-1", "limit"), ("limit=ten", "limit"), ("limit=1e9", "limit"),
        ("limit=" + "9" * 5000, "limit"), ("order=up", "order"), ("after=nowhere", "after"), ("after=%00", "after"),
        ("after=" + "x" * 65, "after"), ("after=' or 1=1 --", "after"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/threads", "/api/threads/{thread}/items"])
def test_bad_cursor_is_400(place: Any, path: str, query: str, name: str) -> None:
    caller, where = place(path)
    assert_problem(caller.get(f"{where}?{query}"), 400, "invalid", name)


def test_search_for_anything_is_a_list(user: Session) -> None:
    for q in ("%", "_", "\\", "'", "a" * 200, "👩‍👩‍👧", "\u202e"):
        assert user.get("/api/threads", params={"q": q}).status_code == 200, q
    assert_problem(user.get("/api/threads", params={"q": "a" * 201}), 400, "invalid", "q")
    assert_problem(user.get("/api/threads?q=%00"), 400, "invalid", "q")


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "9" * 16, "1 2", "٣".encode().decode("latin-1"), "0x1"])
def test_bad_last_event_id_is_400(place: Any, value: str) -> None:
    caller, where = place("/api/turns/{turn}/events")
    assert_problem(caller.get(where, headers={"Last-Event-ID": value}), 400, "invalid", "after")
    assert_problem(caller.get(where, params={"after": value}), 400, "invalid", "after")


def test_export_as_anything_else_is_400(place: Any) -> None:
    caller, where = place("/api/threads/{thread}/export")
    assert_problem(caller.get(where + "?as=pdf"), 400, "invalid", "as")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/chat/nothing", "/api/turns", "/api/chat/", "/api/%00"]
)
def test_unknown_path_under_api_is_a_json_404(user: Session, method: str, path: str) -> None:
    assert_problem(user.call(method, path), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_path_that_holds_nul_is_a_404(user: Session, method: str) -> None:
    for path in (
        "/api/threads/%00", "/api/threads/%00/items", "/api/threads/%00/export", "/api/items/%00/feedback", "/api/turns/%00",
        "/api/turns/%00/events", "/api/turns/%00/cancel", "/api/turns/%00/retry", "/api/sessions/%00", "/%00/sessions",
        "/gpt2%00/chat", "/api/attachments/%00", "/api/attachments/%00/upload", "/api/attachments/%00/preview",
    ):  # fmt: skip
        assert_problem(user.call(method, path), 404, "not_found")


WRONG_METHODS = (
    ("GET", "/api/chat", "POST"), ("DELETE", "/api/chat/stream", "POST"), ("GET", "/chat", "POST"),
    ("POST", "/api/turns/x", "GET"), ("POST", "/api/turns/x/events", "GET"), ("GET", "/api/turns/x/cancel", "POST"),
    ("PUT", "/api/threads", "GET, POST"), ("POST", "/api/threads/x", "GET, PATCH, DELETE"), ("GET", "/api/sessions", "POST"),
    ("PROPFIND", "/api/models", "GET"), ("POST", "/api/items/x/feedback", "PUT"), ("GET", "/gpt2/sessions", "POST"),
    ("GET", "/api/attachments", "POST"), ("PATCH", "/api/attachments/x", "GET, DELETE"),
    ("GET", "/api/attachments/x/upload", "POST, PUT"), ("POST", "/api/attachments/x/preview", "GET"),
    ("GET", "/api/auth/token", "POST"), ("PUT", "/api/chatkit/session", "POST"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "allowed"), WRONG_METHODS)
def test_wrong_method_is_405_that_says_which(
    user: Session, key: Caller, method: str, path: str, allowed: str
) -> None:
    caller = key if path.endswith("sessions") else user
    answer = caller.call(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert set(allowed.split(", ")) <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize(("method", "path"), READING)
def test_body_of_another_kind_is_415(place: Any, method: str, path: str, kind: str) -> None:
    caller, where = place(path)
    answer = caller.call(method, where, b'{"message": "hi", "user_id": "1"}', headers={"Content-Type": kind})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
@pytest.mark.parametrize("path", ["/api/chat", "/api/threads", "/api/custom/session"])
def test_json_by_any_spelling_is_read(user: Session, path: str, kind: str) -> None:
    answer = user.post(path, {"message": "/echo hi"}, headers={"Content-Type": kind})
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("path", ["/api/models", "/api/chat", "/api/nothing", "/", "/admin/"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a b", "[::1", "x" * 3000])
def test_bad_host_is_400(user: Session, path: str, host: str) -> None:
    answer = user.get(path, headers={"Host": host})
    assert answer.status_code == 400, answer.text
    if host not in ("", "a b"):  # the server's own parser may refuse these
        assert_problem(answer, 400, "invalid_host")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "x"])
def test_foreign_origin_is_403(live: ServerProcess, user: Session, origin: str) -> None:
    for path in ("/api/chat", "/api/threads", "/api/custom/session", "/", "/api/nothing"):
        assert_problem(user.post(path, headers={"Origin": origin}), 403, "origin_not_allowed")
    with pytest.raises(Exception, match="403"), open_socket(live, "/ws/chat", {"Origin": origin}):
        pass
    own = {"Origin": live.url}
    assert user.get("/api/threads", headers=own).status_code == 200
    with open_socket(live, f"/ws/chat/{user.secret}", own) as channel:
        assert channel.until("ready")


def test_very_long_query_is_refused_or_ignored(user: Session) -> None:
    for size in (2_000, 20_000, 60_000):
        assert user.get("/api/models?a=" + "b" * size).status_code in (200, 400, 414)
        assert user.get("/api/models?" + "&".join(f"a{n}=1" for n in range(size // 10))).status_code in (
            200,
            400,
            414,
        )
    many = "&".join(f"a{n}=1" for n in range(60))
    assert_problem(user.post(f"/api/chat?{many}", {"message": "/echo hi"}), 400, "invalid")
    assert_problem(user.post("/api/chat?a=%ff", {"message": "/echo hi"}), 400, "invalid")


def raw(server: ServerProcess, sent: bytes) -> bytes:
    """The first line of what the server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        try:
            wire.sendall(sent)
            return wire.makefile("rb").readline()
        except ConnectionError:
            return b""


def test_flood_of_headers_is_refused_or_ignored(live: ServerProcess, user: Session) -> None:
    begin = (
        b"GET /api/models HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n" % user.secret.encode()
    )
    for count, size in ((50, 100), (1_000, 10), (10_000, 10), (4, 500_000)):
        flood = b"".join(b"X-%d: %s\r\n" % (n, b"y" * size) for n in range(count))
        line = raw(live, begin + flood + b"\r\n")
        assert not line or line.split()[1] in (b"200", b"400", b"431"), line


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_bytes_that_are_no_http_get_no_answer_or_a_400(live: ServerProcess, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        line = wire.makefile("rb").readline()
    assert not line or line.split()[1] == b"400", line


def test_body_that_stops_half_way_harms_nobody(live: ServerProcess, user: Session) -> None:
    for path in ("/api/chat", "/api/threads"):
        wire = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
        wire.putrequest("POST", path)
        wire.putheader("Content-Length", "100")
        wire.putheader("Authorization", f"Bearer {user.secret}")
        wire.endheaders(b'{"message": ')
        wire.close()
    assert user.get(f"/api/threads/{user.thread_id}").status_code == 404
