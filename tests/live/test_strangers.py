"""The stranger matrix on a started server: every endpoint and socket by everybody whom it does not concern.

Told is 401, or what is told of things that do not exist, to the letter; never a byte of the owner's words.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.contrib import admin
from django.urls import URLResolver, get_resolver

from chat_app.consumers.channel import NoSocket
from chat_app.routing import http_urlpatterns, websocket_urlpatterns
from chat_app.wire.chatkit_requests import OPERATIONS
from tests.live import cast as casting
from tests.live.cast import MARKER, Cast
from tests.live.clients import Caller, bearer, issue, open_socket, without_request_id
from tests.live.endpoints import CHATKIT, COMMANDS, NAMED_SOCKETS, NOWHERE, PUBLIC, ROWS, SOCKETS, Row, filled
from tests.servers import ServerProcess

NAMING = [row for row in ROWS if row.names_something]
OWN = [row for row in ROWS if not row.names_something and not row.ends]


@pytest.fixture(scope="module")
def cast(live: ServerProcess) -> Iterator[Cast]:
    made = casting.make(live)
    yield made
    made.owner.stop(made.things["running"])


def body_of(answer: requests.Response) -> str:
    """The whole answer as text, its headers too; no word of the owner's may be in it."""
    text = f"{answer.headers}{answer.content.decode()}"
    assert MARKER not in text
    return text


@pytest.mark.parametrize("row", [row for row in ROWS if row.by != "link"], ids=str)
def test_bad_credential_is_401(live: ServerProcess, cast: Cast, row: Row) -> None:
    method, path, body = row.about(cast.things)
    for who, headers in cast.bad.items():
        if who in row.let_in:
            continue
        answer = Caller(live, headers).call(method, path, body)
        assert answer.status_code == 401, (who, body_of(answer))
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["code"] == "unauthenticated"
        body_of(answer)


@pytest.mark.parametrize("row", [row for row in ROWS if row.session_id], ids=str)
def test_bad_session_id_beside_a_good_credential_is_401(live: ServerProcess, cast: Cast, row: Row) -> None:
    method, path, body = row.about(cast.things)
    path += ("&" if "?" in path else "?") + f"session_id={NOWHERE['secret']}"
    for headers in (cast.owner.headers, bearer(live.backend_key), cast.strangers["login of the same number"]):
        answer = Caller(live, headers).call(method, path, body)
        assert answer.status_code == 401, body_of(answer)
        body_of(answer)


@pytest.mark.parametrize("row", [row for row in ROWS if row.session_id and row.method != "GET"], ids=str)
def test_key_of_another_realm_beside_a_session_is_401(live: ServerProcess, cast: Cast, row: Row) -> None:
    method, path, body = row.about(cast.things)
    path += ("&" if "?" in path else "?") + f"session_id={cast.owner.secret}"
    answer = Caller(live, cast.strangers["key of another realm"]).call(method, path, body)
    assert answer.status_code == 401, body_of(answer)
    body_of(answer)


@pytest.mark.parametrize("row", NAMING, ids=str)
def test_stranger_is_told_what_is_told_of_nothing(live: ServerProcess, cast: Cast, row: Row) -> None:
    for who, headers in cast.strangers.items():
        stranger = Caller(live, headers)
        theirs = stranger.call(*row.about(cast.things))
        nothing = stranger.call(*row.about(NOWHERE))
        wanted = 403 if row.by == "key" else 404
        if who == "key of another realm":
            wanted = row.key_alone
        assert (theirs.status_code, nothing.status_code) == (wanted, wanted), (who, body_of(theirs))
        assert without_request_id(theirs) == without_request_id(nothing)
        body_of(theirs)


@pytest.mark.parametrize("row", [row for row in NAMING if row.by != "key"], ids=str)
def test_key_alone_does_not_read_its_users_threads(live: ServerProcess, cast: Cast, row: Row) -> None:
    answer = Caller(live, bearer(live.backend_key)).call(*row.about(cast.things))
    assert answer.status_code == row.key_alone, body_of(answer)
    body_of(answer)


@pytest.mark.parametrize("row", [row for row in NAMING if row.by == "link"], ids=str)
def test_bad_credential_without_a_link_is_told_what_is_told_of_nothing(
    live: ServerProcess, cast: Cast, row: Row
) -> None:
    for headers in (cast.owner.headers, *cast.bad.values()):
        caller = Caller(live, headers)
        theirs, nothing = caller.call(*row.about(cast.things)), caller.call(*row.about(NOWHERE))
        assert (theirs.status_code, nothing.status_code) == (404, 404), body_of(theirs)
        assert without_request_id(theirs) == without_request_id(nothing)


@pytest.mark.parametrize("row", OWN, ids=str)
def test_stranger_sees_only_what_is_their_own(live: ServerProcess, cast: Cast, row: Row) -> None:
    for who, headers in cast.strangers.items():
        text = body_of(Caller(live, headers).call(*row.about(cast.things)))
        assert not [thing for thing in cast.things.values() if thing in text], who


def test_somebody_elses_current_session_is_not_continued(live: ServerProcess, cast: Cast) -> None:
    answer = issue(live, "thief").post("/api/custom/session", {"current": cast.owner.secret})
    assert answer.status_code == 200
    taken = Caller(live, bearer(answer.json()["client_secret"]))
    assert taken.get("/api/sessions/current").json()["user_id"] == "thief"
    assert taken.get(f"/api/threads/{cast.owner.thread_id}").status_code == 404


def test_idempotency_key_of_somebody_else_attaches_to_nothing(live: ServerProcess, cast: Cast) -> None:
    sent = {"Idempotency-Key": "the same for both"}
    first = cast.owner.post("/api/chat", {"message": f"/echo {MARKER}"}, headers=sent).json()
    second = issue(live, "colleague").post("/api/chat", {"message": f"/echo {MARKER}!"}, headers=sent)
    assert second.status_code == 200
    assert second.json()["turn_id"] != first["turn_id"]


def test_admin_sends_strangers_to_its_login(live: ServerProcess, cast: Cast) -> None:
    lists = [f"/admin/{m._meta.app_label}/{m._meta.model_name}/" for m in admin.site._registry]
    assert "/admin/chat_app/thread/" in lists
    paths = ["/admin/", *lists, f"/admin/chat_app/thread/{cast.things['thread']}/change/"]
    for who, headers in {**cast.bad, **cast.strangers}.items():
        if "sessionid=" in headers.get("Cookie", ""):
            continue
        for path in paths:
            answer = Caller(live, headers).get(path)
            assert answer.status_code == 302, (who, path)
            assert answer.headers["Location"].startswith("/admin/login/")
            body_of(answer)


# Sockets


@pytest.mark.parametrize("path", NAMED_SOCKETS)
@pytest.mark.parametrize("secret", ["wrong", "expired secret", "revoked secret", "public id"])
def test_socket_with_a_bad_token_in_its_path_is_accepted_and_closed_4401(
    live: ServerProcess, cast: Cast, path: str, secret: str
) -> None:
    tokens = {"wrong": NOWHERE["secret"], "public id": cast.owner.id}
    token = tokens.get(secret) or cast.bad[secret]["Authorization"].removeprefix("Bearer ")
    # A good cookie beside it does not help.
    with open_socket(
        live, path.format(secret=token), {"Cookie": f"chat_session={cast.owner.secret}"}
    ) as socket:
        assert socket.close_code() == 4401


@pytest.mark.parametrize("path", SOCKETS)
def test_socket_with_a_bad_credential_is_accepted_and_closed_4401(
    live: ServerProcess, cast: Cast, path: str
) -> None:
    for who, headers in cast.bad.items():
        if headers:
            with open_socket(live, path, headers) as socket:
                assert socket.close_code() == 4401, who


def test_socket_with_a_bad_subprotocol_token_is_closed_4401(live: ServerProcess, cast: Cast) -> None:
    with open_socket(live, "/ws/chat", cast.owner.headers, "chat", "x.y.z") as socket:
        assert socket.connection.subprotocol == "chat"
        assert socket.close_code() == 4401


@pytest.mark.parametrize("path", SOCKETS)
def test_socket_of_nobody_learns_nothing_and_is_closed_4401(
    live: ServerProcess, cast: Cast, path: str
) -> None:
    with open_socket(live, path) as socket:
        for command in COMMANDS:
            socket.send(**filled(command, cast.things))
            assert socket.receive()["code"] == "invalid"
        socket.send(type="auth", token=NOWHERE["secret"])
        assert socket.close_code() == 4401


def test_silent_socket_of_nobody_is_closed_4401_after_ten_seconds(live: ServerProcess) -> None:
    with open_socket(live, "/ws/chat") as socket:
        begun = time.monotonic()
        assert socket.close_code(15) == 4401
        assert 8 < time.monotonic() - begun < 13


def test_stranger_on_a_socket_is_told_what_is_told_of_nothing(live: ServerProcess, cast: Cast) -> None:
    for who, headers in cast.strangers.items():
        with open_socket(live, "/ws/chat", headers) as socket:
            socket.until("ready")
            for command in COMMANDS:
                told = []
                for things in (cast.things, NOWHERE):
                    socket.send(**filled(command, things))
                    told.append(socket.until("error", "response", "delta", "snapshot", "ready"))
                assert told[0] == told[1], who
                assert told[0]["code"] == "not_found"
                assert MARKER not in str(told)
            assert socket.alive()


def test_stranger_who_authenticates_on_the_owners_socket_ends_it(live: ServerProcess, cast: Cast) -> None:
    with open_socket(live, f"/ws/chat/{cast.owner.secret}") as socket:
        socket.until("ready")
        socket.send(type="auth", token=issue(live, "colleague").secret)
        assert socket.close_code() == 4401


def test_socket_closes_4401_when_its_session_expires(live: ServerProcess) -> None:
    with open_socket(live, f"/ws/chat/{issue(live, 'brief', ttl=1).secret}") as socket:
        assert socket.close_code(5) == 4401


def test_revoked_session_ends_its_sockets_and_streams_at_once(live: ServerProcess) -> None:
    user = issue(live, "over")
    with (
        open_socket(live, f"/ws/chat/{user.secret}") as by_path,
        open_socket(live, "/ws/chat", user.headers) as by_header,
        user.post("/api/chat/stream", {"message": "/tokens 1000 20"}, stream=True) as stream,
    ):
        assert by_header.until("delta")["text"].startswith("0001")
        begun = time.monotonic()
        assert user.call("DELETE", "/api/sessions/current").status_code == 204
        assert (by_path.close_code(), by_header.close_code()) == (4401, 4401)
        assert stream.content.endswith(b"event: error\ndata: The session has ended.\n\n")
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("path", ["/ws", "/ws/other", "/ws/chat/a/b", "/api/ws", "/", "/api/chat"])
def test_socket_at_any_other_path_is_accepted_and_closed_4404(live: ServerProcess, path: str) -> None:
    with open_socket(live, path) as socket:
        assert socket.close_code() == 4404


# What must hold at the end


def test_owner_has_everything_as_it_was(cast: Cast) -> None:
    owner, things = cast.owner, cast.things
    assert owner.turn(things["running"])["state"] == "running"
    assert owner.turn(things["turn"])["text"] == f"{MARKER} an answer"
    assert owner.get(f"/api/threads/{things['thread']}").json()["title"] == f"{MARKER} title"
    said = [item["text"] for item in owner.items(things["thread"])]
    assert said == [f"/echo {MARKER} an answer", f"{MARKER} an answer", f"/echo {MARKER}", MARKER]
    assert owner.get(f"/api/attachments/{things['attachment']}").content == MARKER.encode()
    assert "feedback" not in owner.items(things["thread"])[1]
    assert owner.get("/api/sessions/current").json()["state"] == "active"


def test_log_holds_no_secret_and_no_word_of_the_owner(live: ServerProcess, cast: Cast) -> None:
    written = live.logs()
    assert "/api/threads" in written
    for secret in (MARKER, cast.owner.secret, live.backend_key, live.password):
        assert secret not in written


def row_paths() -> list[tuple[str, str]]:
    return [(row.method, re.sub(r"\{\w+\}", "x", row.path.partition("?")[0])) for row in ROWS]


def test_every_documented_operation_has_a_row(nobody: Caller) -> None:
    document = nobody.get("/api/schema?format=json").json()
    missing = []
    for path, operations in document["paths"].items():
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
            if not any(m == method.upper() and pattern.fullmatch(p) for m, p in row_paths()):
                missing.append(f"{method.upper()} {path}")
    assert missing == []


def test_every_streaming_route_has_a_row() -> None:
    paths = [path.lstrip("/") for _, path in row_paths()]
    missing = [route for route in http_urlpatterns if not any(route.pattern.match(p) for p in paths)]
    assert missing == []


def test_every_operation_of_chatkit_has_a_row() -> None:
    assert {name for name, _ in CHATKIT} == set(OPERATIONS)


def test_every_socket_route_has_a_row() -> None:
    paths = [path.format(secret="x").lstrip("/") for path in (*SOCKETS, *NAMED_SOCKETS)]
    routes = [route for route in websocket_urlpatterns if route.callback.consumer_class is not NoSocket]
    assert [route for route in routes if not any(route.pattern.match(path) for path in paths)] == []


def test_every_url_of_django_has_a_row_or_is_public() -> None:
    known = [path.lstrip("/") for _, path in row_paths()] + [path.lstrip("/") for path in PUBLIC]
    missing = [pattern for pattern in url_patterns(get_resolver()) if not any(map(pattern.match, known))]
    assert missing == []


def url_patterns(resolver: URLResolver) -> Iterator[Any]:
    """The patterns of all URLs but the admin's, which Django guards, and the answer to all that is not there."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from url_patterns(entry) if entry.namespace != "admin" else ()
        elif str(entry.pattern) != "admin/" and "nothing_here" not in repr(entry.callback):
            yield re.compile(re.sub(r"<\w+:\w+>", "[^/]+", str(entry.pattern)) + r"\Z")
