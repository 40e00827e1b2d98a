"""What the shipped nginx.conf passes on, to whom, and how often: before workers that are scripted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from deploy.proxy import NginxProcess, Site
from tests import parts
from tests.deploy.fake_worker import PAUSE, PIECES, FakeWorker, fake_workers
from tests.live.problem import assert_problem
from tests.servers import free_port, wait_until

STREAMS = ("/api/chat/stream", "/api/custom/stream", "/chat/stream", "/demo/chat/stream", "/chatkit",
           "/api/turns/trn_1/events", "/chatkit/turns/trn_1/events", "/admin/chat_app/modelconfig/demo/try/stream")  # fmt: skip


@pytest.fixture
def workers() -> Iterator[list[FakeWorker]]:
    parts.require("nginx")
    with fake_workers() as started:
        yield started


@pytest.fixture
def nginx(workers: list[FakeWorker]) -> Iterator[NginxProcess]:
    process = NginxProcess([worker.port for worker in workers])
    yield process
    process.remove()


@pytest.mark.parametrize("trouble", [{"status": 503}, {"drop": True}], ids=["drains", "drops it"])
def test_idempotent_request_goes_on_from_a_worker_in_trouble(
    nginx: NginxProcess, workers: list[FakeWorker], trouble: dict[str, Any]
) -> None:
    vars(workers[0]).update(trouble)
    for _ in range(6):
        assert requests.get(nginx.url + "/api/threads").headers["X-Worker"] == str(workers[1].port)
    assert workers[0].count("GET") == 1  # left alone from then on

    def asked_again() -> bool:
        assert requests.get(nginx.url + "/api/threads").status_code == 200
        return workers[0].count("GET") > 1

    wait_until(asked_again, "the worker", 6)


@pytest.mark.parametrize(
    "path", ["/api/chat", "/api/chat/stream", "/chatkit", "/api/attachments", "/api/sessions"]
)
def test_post_that_was_sent_is_never_sent_again(
    nginx: NginxProcess, workers: list[FakeWorker], path: str
) -> None:
    for worker in workers:
        worker.status = 503
    assert requests.post(nginx.url + path, json={"message": "x"}).text == "said"  # the worker's own words
    assert [worker.count("POST") for worker in workers] in ([1, 0], [0, 1])
    for worker in workers:
        worker.drop = True
    answer = requests.post(nginx.url + path, json={"message": "x"})
    assert answer.status_code == 503
    assert sum(worker.count("POST") for worker in workers) == 2


@pytest.mark.parametrize("path", ["/api/chat", "/chatkit", "/api/attachments"])
def test_post_goes_to_the_other_worker_where_one_is_not_there(workers: list[FakeWorker], path: str) -> None:
    nginx = NginxProcess([free_port(), workers[1].port])
    try:
        for _ in range(4):
            assert requests.post(nginx.url + path, data=b"x" * 1000).status_code == 200
        assert [request.arrived for request in workers[1].seen] == [1000] * 4
    finally:
        nginx.remove()


def test_static_file_that_only_one_release_has_is_found(
    nginx: NginxProcess, workers: list[FakeWorker]
) -> None:
    workers[0].status = 404
    assert {requests.get(nginx.url + "/static/new.css").status_code for _ in range(4)} == {200}
    workers[1].status = 404
    assert requests.get(nginx.url + "/static/gone.css").status_code == 404
    before = sum(worker.count("GET") for worker in workers)
    assert requests.get(nginx.url + "/api/threads/thr_1").status_code == 404
    assert sum(worker.count("GET") for worker in workers) == before + 1  # elsewhere a 404 is an answer


def test_workers_are_told_of_the_caller_what_nginx_sees(
    nginx: NginxProcess, workers: list[FakeWorker]
) -> None:
    lies = {
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=192.0.2.7;proto=https",
        "X-Real-IP": "192.0.2.7",
        "Upgrade": "h2c",
        "Connection": "Upgrade, HTTP2-Settings",
    }
    answer = requests.get(nginx.url + "/api/models", headers={**lies, "X-Request-Id": "mine-1"})
    told = next(request for worker in workers for request in worker.seen).headers
    assert answer.status_code == 200
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
    assert told["Host"] == f"127.0.0.1:{nginx.port}"
    assert told["X-Request-Id"] == "mine-1"
    for name in ("X-Forwarded-Host", "Forwarded", "X-Real-IP", "Upgrade", "Connection"):
        assert name not in told


def test_request_id_that_makes_no_sense_is_replaced(nginx: NginxProcess, workers: list[FakeWorker]) -> None:
    requests.get(nginx.url + "/", headers={"X-Request-Id": "two words"})
    told = next(request for worker in workers for request in worker.seen).headers["X-Request-Id"]
    assert len(told) == 32
    wait_until(lambda: f'"request_id":"{told}"' in nginx.lines(), "the access line", 5)


@pytest.mark.parametrize("path", STREAMS)
def test_stream_leaves_piece_by_piece(nginx: NginxProcess, workers: list[FakeWorker], path: str) -> None:
    for worker in workers:
        worker.drip = True
    begun, came, text = time.monotonic(), [], b""
    with requests.get(nginx.url + path, stream=True) as answer:
        for piece in answer.iter_content(None):
            came.append(time.monotonic() - begun)
            text += piece
    assert text.count(b"data: piece") == PIECES
    assert len(came) >= PIECES
    assert came[-1] - came[0] > PAUSE * (PIECES - 2)


def impatient() -> Site:
    """The shipped configuration, with a second of patience where it has its half a minute."""

    def edit(text: str) -> str:
        assert text.count("proxy_read_timeout 30s;") == 1
        return text.replace("proxy_read_timeout 30s;", "proxy_read_timeout 1s;")

    return Site(edit)


def test_silence_is_borne_where_a_model_thinks_and_nowhere_else(workers: list[FakeWorker]) -> None:
    nginx = NginxProcess([worker.port for worker in workers], impatient())
    for worker in workers:
        worker.silence = 1.5
    try:
        paths = ("/api/chat", "/demo/chat", *STREAMS)
        with ThreadPoolExecutor(len(paths)) as pool:
            answers = pool.map(lambda path: requests.post(nginx.url + path, data=b"{}").status_code, paths)
        assert dict(zip(paths, answers, strict=True)) == dict.fromkeys(paths, 200)
        assert_problem(requests.post(nginx.url + "/api/sessions", data=b"{}"), 504, "unavailable")
    finally:
        nginx.remove()


def test_socket_may_be_silent(workers: list[FakeWorker]) -> None:
    nginx = NginxProcess([worker.port for worker in workers], impatient())
    for worker in workers:
        worker.silence = 1.5
    try:
        with socket.create_connection(("127.0.0.1", nginx.port)) as client:
            client.settimeout(10)
            client.sendall(
                b"GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
            )
            came = b""
            while not came.endswith(b"said"):
                piece = client.recv(4096)
                assert piece, came
                came += piece
        assert came.startswith(b"HTTP/1.1 101 ")
    finally:
        nginx.remove()


@pytest.mark.parametrize("path", ["/api/attachments", "/api/attachments/att_1/upload", "/chatkit"])
def test_upload_reaches_the_worker_while_it_is_being_sent(
    nginx: NginxProcess, workers: list[FakeWorker], path: str
) -> None:
    half = 4 << 20
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * half}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", nginx.port)) as client:
        client.settimeout(10)
        client.sendall(head + b"x" * half)

        def arrived() -> int:
            return sum(request.arrived for worker in workers for request in worker.seen)

        wait_until(lambda: arrived() == half, "the first half", 10)
        client.sendall(b"x" * half)
        assert client.recv(12) == b"HTTP/1.1 200"
        assert arrived() == 2 * half


def test_nginx_answers_in_the_shape_of_every_other_error(
    nginx: NginxProcess, workers: list[FakeWorker]
) -> None:
    assert_problem(requests.get(nginx.url + "/metrics"), 404, "not_found")
    assert_problem(requests.post(nginx.url + "/api/threads", data=b"x" * (3 << 20)), 413, "too_large")
    assert_problem(requests.get(nginx.url + "/" + "x" * 40_000), 414, "invalid")
    for worker in workers:
        worker.drop = True
    gone = requests.get(nginx.url + "/api/models", headers={"X-Request-Id": "mine-2"})
    assert assert_problem(gone, 503, "unavailable")["request_id"] == "mine-2"
    assert gone.headers["Retry-After"] == "2"
    kit = requests.post(nginx.url + "/chatkit", data=b"{}")
    assert kit.status_code == 503
    assert {"message", "code", "retryable", "request_id"} == kit.json().keys()  # what its client reads
    assert not any(request.path == "/metrics" for worker in workers for request in worker.seen)
