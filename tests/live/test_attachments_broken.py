"""Uploads that go wrong midway, on a started server: who hangs up, a disk that is full, a storage that is away. Nothing is half
stored, nothing stays open, and the same upload works once there is room.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from resource import RLIMIT_FSIZE, prlimit

import pytest

from tests.live.clients import issue
from tests.live.crowd import status
from tests.live.files import MIB, attach, attached, path_of, rows, stored, upload_link
from tests.live.problem import assert_problem
from tests.pictures import PNG
from tests.servers import Launcher, ServerProcess


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    """One whose files can be broken."""
    return start_server()


def hang_up(server: ServerProcess, method: str, path: str, headers: Mapping[str, str], begin: bytes) -> None:
    """Send the beginning of a body of 5 MiB, and go."""
    wire = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    wire.putrequest(method, path)
    for name, value in {**headers, "Content-Length": str(5 * MIB)}.items():
        wire.putheader(name, value)
    wire.endheaders(begin + os.urandom(3 * MIB))
    time.sleep(0.2)
    wire.close()


def test_client_who_hangs_up_midway_leaves_nothing(server: ServerProcess) -> None:
    owner = issue(server, "hasty")
    form = {**owner.headers, "Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    link = upload_link(owner)
    had = (rows(server), stored(server))
    hang_up(server, "POST", "/api/attachments", form, part)
    hang_up(server, "PUT", link, {}, PNG)
    deadline = time.monotonic() + 10
    while spooled(server):
        assert time.monotonic() < deadline, "a temporary file stays open"
        time.sleep(0.05)
    assert (rows(server), stored(server)) == had
    assert owner.call("PUT", link, PNG).status_code == 200
    assert "failed" not in server.logs()


def spooled(server: ServerProcess) -> int:
    """How many temporary files the server has open."""
    found = 0
    for entry in os.scandir(f"/proc/{server.pid}/fd"):
        with suppress(FileNotFoundError):
            found += os.readlink(entry.path).startswith(tempfile.gettempdir() + "/#")
    return found


@contextmanager
def full_disk(server: ServerProcess) -> Iterator[None]:
    """No file of the server's grows beyond 8 MiB: its database has room, a large upload has none."""
    before = prlimit(server.pid, RLIMIT_FSIZE)
    prlimit(server.pid, RLIMIT_FSIZE, (8 * MIB, before[1]))
    try:
        yield
    finally:
        prlimit(server.pid, RLIMIT_FSIZE, before)


def test_full_disk_is_503_and_nothing_is_half_stored(server: ServerProcess) -> None:
    owner = issue(server, "unlucky")
    link = upload_link(owner)
    data = PNG + os.urandom(10 * MIB)
    had = (rows(server), stored(server))
    with full_disk(server):
        for refused in (attach(owner, data), owner.call("PUT", link, data)):
            assert_problem(refused, 503, "unavailable")
            assert "Retry-After" in refused.headers
        assert (rows(server), stored(server)) == had
        assert owner.get("/api/threads").status_code == 200
    assert owner.call("PUT", link, data).status_code == 200
    attached(owner, data)


def test_storage_that_cannot_be_written_is_503(server: ServerProcess) -> None:
    owner = issue(server, "locked out")
    link = upload_link(owner)
    attached(owner, PNG)
    had, files = rows(server), Path(server.env["DATA_DIR"], "files")
    files.rename(files.with_name("away"))
    files.write_text("no folder")
    try:
        assert_problem(attach(owner, PNG), 503, "unavailable")
        assert_problem(owner.call("PUT", link, PNG), 503, "unavailable")
        assert rows(server) == had
    finally:
        files.unlink()
        files.with_name("away").rename(files)
    assert owner.call("PUT", link, PNG).status_code == 200


def test_bytes_that_are_lost_are_404(server: ServerProcess) -> None:
    owner = issue(server, "forgotten")
    sent = attached(owner, PNG)
    next(path for path in stored(server) if path.name == sent["id"]).unlink()
    assert_problem(owner.get(f"/api/attachments/{sent['id']}"), 404, "not_found")
    assert_problem(owner.get(path_of(sent["preview_url"])), 404, "not_found")
    assert owner.call("DELETE", f"/api/attachments/{sent['id']}").status_code == 204


def test_largest_file_goes_through_and_is_never_in_memory_whole(server: ServerProcess) -> None:
    owner = issue(server, "large")
    attached(owner, PNG + os.urandom(100_000))
    before = status(server, "VmHWM")
    data = PNG + os.urandom(20 * MIB - len(PNG))
    sent = attached(owner, data)
    assert owner.get(f"/api/attachments/{sent['id']}").content == data
    grown = status(server, "VmHWM") - before
    print(f"peak of memory: {grown} KiB more for 20 MiB")
    assert grown < 12 * 1024
