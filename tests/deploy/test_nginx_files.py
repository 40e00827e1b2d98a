"""nginx's files as they are shipped: they are valid, what they say of TLS works, and their log gives nobody away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from chatbackend.env import Env
from deploy.proxy import CONFIGURATION, NginxProcess, Site
from tests import parts
from tests.deploy.fake_worker import FakeWorker, fake_workers
from tests.servers import free_port, wait_until
from tests.upstream.certificate import self_signed_pem

DEPLOY = CONFIGURATION.parent
LISTEN, UPSTREAM = (DEPLOY / "listen.conf").read_text(), (DEPLOY / "upstream.conf").read_text()
MIB = 1_048_576
SECRET = "cs_SECRETSECRETSECRET"


@pytest.fixture
def worker() -> Iterator[FakeWorker]:
    parts.require("nginx")
    with fake_workers(1) as (started,):
        yield started


def test_shipped_file_is_valid_without_a_warning(worker: FakeWorker) -> None:
    nginx = NginxProcess([worker.port])
    try:
        said = nginx.check()
    finally:
        nginx.remove()
    assert "test is successful" in said
    assert "[warn]" not in said


def test_upstream_of_the_containers_is_valid_but_for_what_needs_their_nginx_and_their_dns(
    worker: FakeWorker,
) -> None:
    assert len(re.findall(r"^ *server web:8000 resolve ", UPSTREAM, re.M)) == 1
    here = UPSTREAM.replace("web:8000 resolve", f"127.0.0.1:{worker.port}")
    nginx = NginxProcess([worker.port])
    try:
        own = nginx.folder / "upstream.conf"
        temporary = [line for line in own.read_text().splitlines() if "_temp" in line]
        own.write_text("\n".join([here, *temporary]))
        assert "test is successful" in nginx.check()
        nginx.stop()
        nginx.start()
        assert requests.get(nginx.url + "/").headers["X-Worker"] == str(worker.port)
    finally:
        nginx.remove()


def test_upstream_without_containers_is_written_as_its_comment_says(worker: FakeWorker) -> None:
    shown = re.findall(r"^# +(server 127\.0\.0\.1:\d+ .*;)$", UPSTREAM, re.M)
    assert len(shown) == 2
    nginx = NginxProcess([worker.port])
    try:
        written = (nginx.folder / "upstream.conf").read_text()
    finally:
        nginx.remove()
    assert {re.sub(r":\d+", "", line) for line in shown} == {
        re.sub(r":\d+", "", line.strip()) for line in written.splitlines() if "server 127" in line
    }


def tls(folder: Path) -> str:
    """The lines of listen.conf's comment, for a port and a certificate of our own."""
    lines = re.findall(r"^#     (\S.*;)", LISTEN.partition("# Who comes by HTTP")[0], re.M)
    assert len(lines) == 6
    text = "\n".join(lines).replace("listen 443 ssl;", "listen 127.0.0.1:{port} ssl http2;")
    text = text.replace("http2 on;", "")  # the other way to say it, for an nginx before 1.25.1
    return text.replace("/etc/nginx/tls", str(folder))


def test_tls_as_the_comment_says_works_and_the_worker_is_told(worker: FakeWorker) -> None:
    nginx = NginxProcess([worker.port])
    try:
        nginx.stop()
        secret, certificate = self_signed_pem()
        (nginx.folder / "privkey.pem").write_bytes(secret)
        (nginx.folder / "fullchain.pem").write_bytes(certificate)
        listen = tls(nginx.folder).replace("{port}", str(nginx.port))
        (nginx.folder / "listen.conf").write_text(f"{listen}\naccess_log access.log line;\n")
        nginx.start()
        url = nginx.url.replace("http:", "https:")
        answer = requests.get(url + "/", verify=str(nginx.folder / "fullchain.pem"))
    finally:
        nginx.remove()
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert worker.seen[0].headers["X-Forwarded-Proto"] == "https"


def test_proxy_in_front_is_believed_as_the_comment_says(worker: FakeWorker) -> None:
    lines = re.findall(r"^#     (\S.*;)", LISTEN.partition("# Behind another")[2], re.M)
    assert len(lines) == 3
    believed = "\n".join(lines).replace("10.0.0.0/8", "127.0.0.1")
    nginx = NginxProcess([worker.port], Site(listen="listen 127.0.0.1:{port};\n" + believed))
    try:
        requests.get(nginx.url + "/", headers={"X-Forwarded-For": "192.0.2.7"})
    finally:
        nginx.remove()
    told = worker.seen[0].headers
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == ("192.0.2.7", "https")


def test_bodies_have_room_for_the_largest_attachment_and_its_framing() -> None:
    sizes = [
        int(size) * MIB for size in re.findall(r"client_max_body_size (\d+)m;", CONFIGURATION.read_text())
    ]
    largest = Env.model_fields["MAX_ATTACHMENT"].default + MIB
    assert sizes == [2 * MIB, largest, largest]


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/ws/chat/{SECRET}", "/ws/chat/[hidden]"),
        (f"/api/ws/chat/{SECRET}/", "/api/ws/chat/[hidden]/"),
        (f"/ws%2Fchat/{SECRET}", "/ws/chat/[hidden]"),
        (f"/api//ws/chat/{SECRET}", "/api/ws/chat/[hidden]"),
        (f"/api/sessions/{SECRET}", "/api/sessions/[hidden]"),
        (f"/llama/sessions/{SECRET}", "/llama/sessions/[hidden]"),
        ("/api/sessions/ses_0123", "/api/sessions/ses_0123"),
        ("/api/sessions/current/refresh", "/api/sessions/current/refresh"),
        (f"/api/attachments/att_1/preview?token={SECRET}", "/api/attachments/att_1/preview"),
        (f"/api/chat?session_id={SECRET}&message=hello", "/api/chat"),
    ],
)
@pytest.mark.parametrize("trouble", [{}, {"drop": True}], ids=["answered", "dropped"])
def test_log_says_what_was_asked_and_no_secret(
    worker: FakeWorker, path: str, logged: str, trouble: dict[str, bool]
) -> None:
    vars(worker).update(trouble)
    nginx = NginxProcess([worker.port, free_port()])
    try:
        headers = {"Authorization": f"Bearer {SECRET}", "Referer": f"http://x/?session_id={SECRET}"}
        for _ in range(3):
            requests.get(nginx.url + path, headers={**headers, "Cookie": f"session={SECRET}"})
        wait_until(lambda: nginx.lines().count("\n") == 3, "the access lines", 5)
        lines, errors = nginx.lines(), nginx.errors()
    finally:
        nginx.remove()
    assert lines.count(f'"path":"{logged}"') == 3
    assert SECRET not in lines + errors
    assert "hello" not in lines + errors


def test_log_of_a_refused_request_holds_no_secret(worker: FakeWorker) -> None:
    nginx = NginxProcess([worker.port])
    try:
        requests.post(nginx.url + f"/api/sessions/{SECRET}?a={SECRET}", data=bytes(3 * MIB))
        requests.get(nginx.url + f"/ws/chat/{SECRET}" + "x" * 40_000)
        wait_until(lambda: nginx.lines().count("\n") == 2, "the access lines", 5)
        lines, errors = nginx.lines(), nginx.errors()
    finally:
        nginx.remove()
    assert '"status":413' in lines
    assert '"status":414' in lines
    assert SECRET not in lines + errors
