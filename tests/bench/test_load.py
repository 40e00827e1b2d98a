"""The load generator counts what a server sends, however it is cut; servers here are raw sockets that cut as they like."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.load import Load, LoadError, Target, build, run

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
ASK = [Target("/api/chat/stream", '{"message": "three"}')]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the load generator needs Linux"),
    pytest.mark.skipif(not shutil.which("cc") and not shutil.which("gcc"), reason="no C compiler"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("load"))


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection, on a port of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(timeout=5)


def chunked(*parts: bytes) -> bytes:
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


def test_stream_counts_tokens_and_events_of_single_bytes(program: Path) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in chunked(b"data: 0001 \n\n", b"data: 0002 0003 \n\n"):
            connection.send(bytes([byte]))

    with serving(answer) as port:
        seen = run(program, Load("stream", ASK, warm=0, requests=1, expect=3), port, [])

    assert (seen.tokens, seen.frames, seen.answers) == (3, 2, 1)


def test_stream_counts_tokens_only_in_lines_that_begin_as_wanted(program: Path) -> None:
    events = [
        b'data: {"type":"title","text":"/tokens 3 0"}\n\n',
        b'id: 7 \ndata: {"type":"text","delta":"0001 "}\n\n',
        b'data: {"type":"text","delta":"0002 0003 "}\n\n',
        b'data: {"type":"done","text":"0001 0002 0003 "}\n\n',
    ]

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(65536)
            for byte in chunked(*events):
                connection.send(bytes([byte]))

    ask = Load("stream", ASK, warm=0, requests=2, expect=3, lines='data: {"type":"text"')
    with serving(answer) as port:
        seen = run(program, ask, port, [])

    assert (seen.tokens, seen.frames, seen.answers) == (6, 8, 2)


def test_stream_asks_again_on_the_same_connection(program: Path) -> None:
    def answer(connection: socket.socket) -> None:
        for _ in range(3):
            connection.recv(65536)
            connection.sendall(chunked(b"data: 0001 \n\n"))

    with serving(answer) as port:
        seen = run(program, Load("stream", ASK, warm=0, requests=3, expect=1), port, [])

    assert (seen.answers, seen.reopened) == (3, 0)


def test_connections_take_the_workers_in_turn_and_get_what_has_no_body(program: Path) -> None:
    heads: list[list[bytes]] = [[], []]

    def answering(worker: int) -> Callable[[socket.socket], None]:
        def answer(connection: socket.socket) -> None:
            heads[worker].append(connection.recv(65536))
            connection.sendall(chunked(b"data: 0001 \n\n"))

        return answer

    targets = [Target("/first"), Target("/second")]
    with serving(answering(0)) as port, serving(answering(1)) as other:
        ask = Load("stream", targets, connections=2, warm=0, requests=2, expect=1, beside=[other])
        seen = run(program, ask, port, [])

    assert seen.answers == 2
    assert [head.partition(b" HTTP")[0] for [head] in heads] == [b"GET /first", b"GET /second"]


def test_short_answer_is_refused(program: Path) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(chunked(b"data: 0001 \n\n"))

    with serving(answer) as port, pytest.raises(LoadError, match="1 answers not whole"):
        run(program, Load("stream", ASK, warm=0, requests=1, expect=2), port, [])


def test_error_status_is_refused_with_its_text(program: Path) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nslow")

    with serving(answer) as port, pytest.raises(LoadError, match="429 Too Many"):
        run(program, Load("fixed", ASK, warm=0, requests=1), port, [])


def test_socket_counts_tokens_but_not_what_says_them_again(program: Path) -> None:
    def frame(text: bytes) -> bytes:
        return (
            b"\x81" + bytes([len(text)]) if len(text) < 126 else b"\x81\x7e%b" % len(text).to_bytes(2, "big")
        ) + text

    frames = [
        b'{"type":"delta","text":"0001 "}',
        b'{"type":"delta","text":"%b"}' % b"".join(b"%04d " % n for n in range(2, 101)),
        b'{"type":"item","item":{"text":"0001 0002 0003 "}}',
        b'{"type":"response","text":"0001 0002 0003 "}',
    ]

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(UPGRADE)
        connection.recv(65536)
        for byte in b"".join(map(frame, frames)):
            connection.send(bytes([byte]))
        connection.recv(1)

    ask = [Target("/ws/chat/x", '{"type":"message","text":"hundred"}')]
    with serving(answer) as port:
        seen = run(program, Load("ws", ask, warm=0, requests=1, expect=100), port, [])

    assert (seen.tokens, seen.frames) == (100, 2)
