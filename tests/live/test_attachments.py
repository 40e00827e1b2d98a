"""Attachments on a started server: sent in three ways, seen in a foreign frame, downloaded, deleted; and what is refused."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
import requests

from tests.live.clients import Caller, Session
from tests.live.files import MIB, announced, attach, attached, path_of, stored, upload_link
from tests.live.problem import assert_problem
from tests.pictures import GIF, HTML, JPEG, PDF, PNG, SVG, WEBP

FRAME = {"Origin": "https://cdn.platform.openai.com", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def link(user: Session) -> str:
    """The path of an upload link to a file that is announced as photo.png."""
    return upload_link(user)


# Sent


@pytest.mark.parametrize(
    ("data", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")]
)
def test_picture_sent_directly_is_seen_in_a_foreign_frame_without_a_cookie(
    user: Session, nobody: Caller, data: bytes, kind: str
) -> None:
    sent = attached(user, data, "größe 漢.bin")
    assert sent.keys() == {"id", "name", "mime_type", "type", "preview_url"}
    assert (sent["name"], sent["mime_type"], sent["type"]) == ("größe 漢.bin", kind, "image")
    assert sent["preview_url"].startswith(f"{user.server.url}/api/attachments/{sent['id']}/preview?token=")
    seen = nobody.get(path_of(sent["preview_url"]), headers=FRAME)
    assert (seen.status_code, seen.content) == (200, data)
    headers = seen.headers
    assert (headers["Content-Type"], headers["Content-Length"]) == (kind, str(len(data)))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "X-Frame-Options" not in headers
    age = int(headers["Cache-Control"].removeprefix("private, immutable, max-age="))
    assert 3590 < age <= 7200


def test_preview_is_open_to_frames_and_nothing_else_is(user: Session, nobody: Caller) -> None:
    sent = attached(user, PNG)
    for call in (
        lambda: user.get(f"/api/attachments/{sent['id']}", headers=FRAME),
        lambda: user.call("DELETE", f"/api/attachments/{sent['id']}", headers=FRAME),
        lambda: user.call("POST", "/api/attachments", files={"file": ("a", PNG)}, headers=FRAME),
        lambda: nobody.get(f"/api/attachments/{sent['id']}/preview/x", headers=FRAME),
    ):
        assert_problem(call(), 403, "origin_not_allowed")
    assert_problem(nobody.post(path_of(sent["preview_url"]), headers=FRAME), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (HTML, "a.png", "text/html"), (SVG, "a.svg", "image/svg+xml"), (PDF, "a.pdf", "application/pdf"),
        (b"words", "a.png", "text/plain"), (b"\0\1", "a.png", "application/octet-stream"),
    ],
)  # fmt: skip
def test_file_that_is_no_picture_is_never_served_inline(
    user: Session, nobody: Caller, data: bytes, name: str, kind: str
) -> None:
    picture = attached(user, PNG)
    sent = attached(user, data, name)
    assert (sent["mime_type"], sent["type"]) == (kind, "file")
    assert "preview_url" not in sent
    stolen = path_of(picture["preview_url"]).replace(picture["id"], sent["id"])
    assert_problem(nobody.get(stolen), 404, "not_found")
    got = user.get(f"/api/attachments/{sent['id']}")
    assert (got.status_code, got.content) == (200, data)
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("größe 漢.txt", "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe%20%E6%BC%A2.txt"),
        ('a"; b=".txt', r'attachment; filename="a\"; b=\".txt"'),
    ],
)
def test_download_has_its_name_safely_spelt(user: Session, name: str, spelt: str) -> None:
    quoted = name.replace('"', r"\"")
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    sent = user.call("POST", "/api/attachments", (head + "hi\r\n--b--\r\n").encode(), headers=kind).json()
    assert sent["name"] == name
    assert user.get(f"/api/attachments/{sent['id']}").headers["Content-Disposition"] == spelt


def test_picture_is_downloaded_as_one(user: Session) -> None:
    got = user.get(f"/api/attachments/{attached(user, PNG)['id']}")
    assert (got.headers["Content-Type"], got.content) == ("image/png", PNG)
    assert got.headers["Content-Disposition"].startswith("attachment;")


def test_session_named_in_the_query_may_attach(user: Session, nobody: Caller) -> None:
    sent = attach(nobody, PNG, path=f"/api/attachments?session_id={user.secret}").json()
    assert nobody.get(f"/api/attachments/{sent['id']}?session_id={user.secret}").content == PNG


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_announced_file_is_sent_by_its_link_alone(nobody: Caller, link: str, method: str) -> None:
    body: Any = {"files": {"file": ("other.gif", GIF, "image/gif")}} if method == "POST" else {"body": GIF}
    sent = nobody.call(
        method, link, **body, headers={} if method == "POST" else {"Content-Type": "image/png"}
    )
    assert sent.status_code == 200, sent.text
    shape = sent.json()
    assert (shape["name"], shape["mime_type"], shape["type"]) == ("photo.png", "image/gif", "image")
    assert nobody.get(path_of(shape["preview_url"])).content == GIF
    again = nobody.call("PUT", link, PNG)
    assert_problem(again, 409, "already_used")
    assert nobody.get(path_of(shape["preview_url"])).content == GIF


def test_announced_file_goes_into_a_message_and_stays_with_it(user: Session, nobody: Caller) -> None:
    sent = announced(user)
    assert (sent["type"], sent["upload_descriptor"]["method"]) == ("image", "PUT")
    assert nobody.get(path_of(sent["preview_url"])).status_code == 404
    put = nobody.call(
        "PUT", path_of(sent["upload_descriptor"]["url"]), PNG, headers=sent["upload_descriptor"]["headers"]
    )
    assert (put.status_code, put.json()["id"]) == (200, sent["id"])
    said = {
        "content": [{"type": "input_text", "text": "/echo hi"}],
        "attachments": [sent["id"]],
        "inference_options": {},
    }
    told = user.post("/chatkit", {"type": "threads.create", "params": {"input": said}})
    assert f'"id":"{sent["id"]}"' in told.text
    assert_problem(user.call("DELETE", f"/api/attachments/{sent['id']}"), 409, "already_used")
    assert nobody.get(path_of(sent["preview_url"]), headers=FRAME).content == PNG
    thread = user.get("/api/threads").json()["data"][0]["id"]
    assert user.call("DELETE", f"/api/threads/{thread}").status_code == 204
    assert nobody.get(path_of(sent["preview_url"])).status_code == 404
    assert not [path for path in stored(user.server) if path.name == sent["id"]]


def test_file_in_chunks_without_a_length_goes_through(nobody: Caller, link: str) -> None:
    pieces = [PNG, *(os.urandom(100_000) for _ in range(20))]
    sent = requests.put(nobody.server.url + link, data=iter(pieces), timeout=30)
    assert sent.status_code == 200, sent.text
    assert requests.get(sent.json()["preview_url"], timeout=30).content == b"".join(pieces)


# Refused


def test_file_that_is_too_large_is_413_by_every_way(user: Session, link: str) -> None:
    before = len(stored(user.server))
    for size in (20 * MIB + 1, 21 * MIB, 22 * MIB):
        data = bytes(size)
        assert_problem(attach(user, data), 413, "too_large")
        assert_problem(attach(user, data, path=link), 413, "too_large")
        assert_problem(user.call("PUT", link, data), 413, "too_large")
    chunks = requests.put(user.server.url + link, data=(bytes(MIB) for _ in range(30)), timeout=30)
    assert_problem(chunks, 413, "too_large")
    assert len(stored(user.server)) == before
    assert user.call("PUT", link, PNG).status_code == 200


def test_other_paths_keep_their_limit(user: Session) -> None:
    sent = attached(user, PNG)
    for path in ("/api/threads", f"/api/attachments/{sent['id']}", "/api/attachments/a/upload/b"):
        assert_problem(user.call("POST", path, bytes(2 * MIB)), 413, "too_large")


def test_what_is_no_form_with_a_file_is_refused(user: Session, link: str) -> None:
    for path in ("/api/attachments", link):
        assert_problem(user.post(path, {"file": "x"}), 415, "unsupported_media_type")
        assert_problem(user.call("POST", path), 415, "unsupported_media_type")
        assert_problem(user.call("POST", path, files={"other": ("a", b"x")}), 400, "invalid", "file")
        assert_problem(attach(user, b"", path=path), 400, "invalid", "file")
        broken = {"Content-Type": "multipart/form-data; boundary=b"}
        assert_problem(user.call("POST", path, b"--c", headers=broken), 400, "invalid", "file")
    assert_problem(user.call("PUT", link, b""), 400, "invalid", "file")
    assert_problem(attach(user, PNG, "x" * 256), 400, "invalid", "name")


def test_link_that_is_not_good_opens_nothing(nobody: Caller, user: Session, link: str) -> None:
    sent = attached(user, PNG)
    preview = path_of(sent["preview_url"])
    token = link.partition("token=")[2]
    for bad in (link.replace("/upload?", "/preview?"), preview[:-1], preview.partition("?")[0]):
        assert_problem(nobody.get(bad), 404, "not_found")
    taken = f"/api/attachments/{sent['id']}/upload?token={token}"
    for bad in (link[:-1], link.partition("?")[0], preview.replace("/preview?", "/upload?"), taken):
        assert_problem(user.call("PUT", bad, GIF), 404, "not_found")
    assert nobody.get(preview).content == PNG
    assert nobody.call("PUT", link, PNG).status_code == 200


def test_stranger_who_sends_much_is_refused_before_it_is_read(nobody: Caller) -> None:
    with socket.create_connection(("127.0.0.1", nobody.server.port), timeout=10) as wire:
        wire.sendall(
            b"POST /api/attachments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b"
        )
        assert wire.makefile("rb").readline().split()[1] == b"401"


def test_too_many_unsent_files_are_429_until_one_is_removed(user: Session) -> None:
    ids = [attached(user, PNG)["id"] for _ in range(50)]
    refused = attach(user, PNG)
    assert_problem(refused, 429, "rate_limited")
    assert "Retry-After" in refused.headers
    assert user.call("DELETE", f"/api/attachments/{ids[0]}").status_code == 204
    assert_problem(user.get(f"/api/attachments/{ids[0]}"), 404, "not_found")
    assert_problem(user.call("DELETE", f"/api/attachments/{ids[0]}"), 404, "not_found")
    attached(user, PNG)
