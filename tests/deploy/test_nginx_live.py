"""The product through the shipped nginx: streams and sockets as they come, files up to the limit, a worker that dies."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from deploy.rehearse import Topology
from tests.live.clients import Caller, Session, events, issue, open_socket, plain_text
from tests.live.files import MIB, attach
from tests.live.problem import assert_problem
from tests.pictures import PNG
from tests.servers import wait_until

SAID, TOKENS, PAUSE_MS = "/tokens 20 50", 20, 50
LIMIT = 20 * MIB


@pytest.fixture(scope="module")
def user(topology: Topology) -> Session:
    """Somebody who comes through nginx."""
    return issue(topology.nginx, "somebody")


def spread(answer: requests.Response) -> tuple[str, float]:
    """The whole body, and the seconds between its first and its last byte."""
    assert answer.status_code == 200, answer.text
    came, text = [], b""
    for piece in answer.iter_content(None):
        came.append(time.monotonic())
        text += piece
    return text.decode(), came[-1] - came[0]


@pytest.mark.parametrize(
    "path", ["/api/chat/stream", "/api/custom/stream", "/chat/stream", "/demo/chat/stream"]
)
def test_answer_streams_token_by_token(topology: Topology, path: str) -> None:
    who = issue(topology.nginx, "somebody")
    text, seconds = spread(who.post(path, {"message": SAID}, stream=True))
    assert len(plain_text(text).split()) == TOKENS
    assert seconds > 0.7 * TOKENS * PAUSE_MS / 1000


def test_events_of_a_turn_stream_as_they_come(user: Session) -> None:
    turn_id, _ = user.begin("/tokens 80 50")
    with user.get(f"/api/turns/{turn_id}/events", stream=True) as answer:
        came = [(time.monotonic(), event) for event in events(answer)]
    assert came[-1][1].type == "completed"
    assert len(came[-1][1].data["text"].split()) == 80
    assert came[-1][0] - came[0][0] > 1.5  # of the four seconds that it takes


def chatkit(message: str) -> dict[str, Any]:
    said = {"content": [{"type": "input_text", "text": message}], "attachments": [], "inference_options": {}}
    return {"type": "threads.create", "params": {"input": said}}


def test_chatkit_streams_as_it_comes(topology: Topology) -> None:
    who = issue(topology.nginx, "of chatkit", model="demo")
    text, seconds = spread(who.post("/chatkit", chatkit(SAID), stream=True))
    assert "0020" in text
    assert seconds > 0.7 * TOKENS * PAUSE_MS / 1000


@pytest.mark.parametrize("path", ["/ws/chat/{}", "/api/ws/chat/{}"])
def test_socket_hears_an_answer_as_it_comes(topology: Topology, user: Session, path: str) -> None:
    with open_socket(topology.nginx, path.format(user.secret)) as socket:
        socket.until("ready")
        socket.send(type="message", text=SAID)
        socket.until("delta")
        begun = time.monotonic()
        assert len(socket.until("response")["text"].split()) == TOKENS
        assert time.monotonic() - begun > 0.7 * TOKENS * PAUSE_MS / 1000


def test_socket_is_closed_with_the_workers_own_code(topology: Topology) -> None:
    with open_socket(topology.nginx, "/ws/chat/wrong") as socket:
        assert socket.close_code() == 4401
    with open_socket(topology.nginx, "/no/such/socket") as socket:
        assert socket.close_code() == 4404


def test_file_of_the_largest_size_is_taken_and_a_larger_one_refused(user: Session) -> None:
    largest = PNG + bytes(LIMIT - len(PNG))
    sent = attach(user, largest)
    assert sent.status_code == 201, sent.text
    back = user.get(f"/api/attachments/{sent.json()['id']}")
    assert back.content == largest
    assert_problem(attach(user, largest + b"x"), 413, "too_large")  # by the worker
    assert_problem(attach(user, largest + bytes(2 * MIB)), 413, "too_large")  # by nginx


def test_body_over_the_general_limit_is_refused_by_the_worker_itself(user: Session) -> None:
    refused = user.post("/api/chat", {"message": "x" * (MIB + 1)})
    assert_problem(refused, 413, "too_large")
    assert refused.headers["Server"] == "nginx"


def test_page_admin_and_static_files_come_through(topology: Topology) -> None:
    nobody = Caller(topology.nginx)
    assert "<title>" in nobody.get("/").text
    login = nobody.get("/admin/login/")
    assert login.status_code == 200
    style = login.text.partition('href="/static/')[2].partition('"')[0]
    assert "." in style.removesuffix(".css")  # its name holds its hash
    styled = nobody.get(f"/static/{style}", headers={"Accept-Encoding": "gzip"})
    assert styled.status_code == 200
    assert styled.headers["Content-Encoding"] == "gzip"
    assert "immutable" in styled.headers["Cache-Control"]


def test_origin_is_compared_with_the_host_that_nginx_was_asked_for(topology: Topology, user: Session) -> None:
    own = user.post("/api/chat", {"message": "/echo hi"}, headers={"Origin": topology.nginx_url})
    assert own.status_code == 200, own.text
    worker = user.post("/api/chat", {"message": "x"}, headers={"Origin": topology.workers[0].url})
    assert_problem(worker, 403, "origin_not_allowed")


@pytest.fixture
def dead_worker(topology: Topology) -> Iterator[None]:
    topology.workers[0].kill()
    yield
    topology.workers[0].start()
    wait_until(lambda: Caller(topology.workers[0]).get("/readyz").status_code == 200, "the worker")


@pytest.mark.usefixtures("dead_worker")
def test_dead_worker_is_passed_over_by_every_kind_of_request(topology: Topology, key: Caller) -> None:
    assert [key.ask(f"/echo {n}")["response"] for n in range(8)] == [str(n) for n in range(8)]
    for n in range(4):
        who = issue(topology.nginx, f"user {n}")
        assert attach(who, PNG).status_code == 201
        with open_socket(topology.nginx, f"/ws/chat/{who.secret}") as socket:
            assert socket.until("ready")
    assert key.get("/readyz").status_code == 200


def test_worker_that_drains_refuses_a_turn_in_its_own_words_and_reads_go_on(
    topology: Topology, key: Caller
) -> None:
    worker = topology.workers[0]
    at_worker = replace(issue(topology.nginx, "who waits"), server=worker)
    turn_id, _ = at_worker.begin("/tokens 120 50")
    worker.signal(signal.SIGTERM)
    try:
        wait_until(lambda: at_worker.get("/readyz").status_code == 503, "draining", 5)
        answers: list[Any] = []
        while (
            len(answers) < 40 and len({answer.status_code for answer in answers}) < 2
        ):  # who gets one is nginx's choice
            answers.append(key.post("/api/chat", {"message": "/echo hi"}))
        assert {answer.status_code for answer in answers} == {200, 503}
        for answer in answers:
            if answer.status_code == 503:
                assert_problem(answer, 503, "unavailable")
                assert answer.headers["Retry-After"] == "5"  # the worker's, not nginx's
        assert {key.get("/readyz").status_code for _ in range(6)} == {200}
    finally:
        assert worker.process.wait(20) == 0
        worker.start()
    assert len(at_worker.turn(turn_id)["text"].split()) == 120
