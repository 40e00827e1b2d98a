"""How a row is measured: what the load generator is told, and the figures made of what it saw.

Each function here takes a running server and answers named figures; which of them counts is `rows.py`'s business. Figures
named `..._per_cpu_s` are per second of the server's own CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from bench import load, product
from bench.load import Load, Sample, Target
from bench.machine import rss_kb
from bench.servers import Desk, Running

Figures = dict[str, float]
STREAMS = 32
REQUESTERS = 16
CHATKIT_TEXT = 'data: {"type":"thread.item.updated"'  # the one event whose text is new


def _run(desk: Desk, server: Running, ask: Load) -> Sample:
    ask = replace(ask, beside=[worker.port for worker in server.beside])
    return load.run(desk.program, ask, server.port, [worker.pid for worker in (server, *server.beside)])


def window(desk: Desk) -> tuple[float, float]:
    """Seconds to warm up and to measure."""
    return (0.5, 1.5) if desk.quick else (1.5, 4.0)


def figures_of(sample: Sample) -> Figures:
    """What is said of a window."""
    cpu = max(sample.server_cpu, 0.01)
    disturbed = min(
        sample.server_wait, max(sample.seconds - cpu, 0.0)
    )  # its own threads wait for each other too
    return {
        "tokens_per_cpu_s": sample.tokens / cpu,
        "tokens_per_s": sample.tokens / sample.seconds,
        "tokens_per_frame": sample.tokens / max(sample.frames, 1),
        "answers_per_cpu_s": sample.answers / cpu,
        "answers_per_s": sample.answers / sample.seconds,
        "cpu_share": cpu / sample.seconds,
        "disturbed": disturbed / sample.seconds,
        "load_share": sample.load_cpu / sample.seconds,
        "cpu_ms": 1000 * cpu / max(sample.answers, 1),
        "first_p50_ms": sample.first_p50_ms,
        "first_p99_ms": sample.first_p99_ms,
        "late_p50_ms": sample.late_p50_ms,
        "late_p99_ms": sample.late_p99_ms,
        "whole_p50_ms": sample.whole_p50_ms,
        "whole_p99_ms": sample.whole_p99_ms,
    }


def burst(tokens: int) -> Callable[[Desk, Running], Figures]:
    """SSE as fast as it goes. Each connection has eight sessions of its own: a thread runs one turn at a time."""

    def measure(desk: Desk, server: Running) -> Figures:
        warm, seconds = window(desk)
        targets = [server.stream(session, tokens) for session in server.sessions(8 * STREAMS)]
        ask = Load("stream", targets, STREAMS, seconds, warm, expect=tokens, headers=server.headers)
        return figures_of(_run(desk, server, ask))

    return measure


def socket_burst(tokens: int) -> Callable[[Desk, Running], Figures]:
    """The same over WebSockets, one message after another on each."""

    def measure(desk: Desk, server: Running) -> Figures:
        warm, seconds = window(desk)
        targets = [server.socket(session, tokens) for session in server.sessions(STREAMS)]
        return figures_of(_run(desk, server, Load("ws", targets, STREAMS, seconds, warm, expect=tokens)))

    return measure


def paced(
    streams: int, ramp: float, ms: float = 10, tokens: int = 2000
) -> Callable[[Desk, Running], Figures]:
    """Streams at a reader's pace. `delivered` is what came within the window over what was due in it."""

    def measure(desk: Desk, server: Running) -> Figures:
        _, seconds = window(desk)
        targets = [server.stream(session, tokens, ms) for session in server.sessions(2 * streams)]
        ask = Load(
            "stream", targets, streams, 1.5 * seconds, 1.0, ramp, ms, expect=tokens, headers=server.headers
        )
        sample = _run(desk, server, ask)
        due = streams * sample.seconds * 1000 / ms
        return figures_of(sample) | {"delivered": sample.tokens / due}

    return measure


def first_token(desk: Desk, server: Running) -> Figures:
    """One connection, one short answer after another."""
    warm, seconds = window(desk)
    targets = [server.stream(session, 20) for session in server.sessions(64)]
    ask = Load("stream", targets, 1, seconds / 2, warm, expect=20, headers=server.headers)
    return figures_of(_run(desk, server, ask))


def _chatkit(
    desk: Desk, server: Running, tokens: int, targets: int, connections: int, seconds: float
) -> Figures:
    """Turns of ChatKit, each in a thread of its own. No request is repeated before `targets` others were made."""
    warm, _ = window(desk)
    asked = [server.chatkit(tokens, n) for n in range(targets)]
    headers = server.chatkit_headers()
    return figures_of(
        _run(
            desk,
            server,
            Load(
                "stream",
                asked,
                connections,
                seconds,
                warm,
                expect=tokens,
                headers=headers,
                lines=CHATKIT_TEXT,
            ),
        )
    )


def chatkit_burst(tokens: int) -> Callable[[Desk, Running], Figures]:
    """`burst` in ChatKit's frames."""

    def measure(desk: Desk, server: Running) -> Figures:
        return _chatkit(desk, server, tokens, 8 * STREAMS, STREAMS, window(desk)[1])

    return measure


def chatkit_turns(connections: int, tokens: int) -> Callable[[Desk, Running], Figures]:
    """Short answers over ChatKit, one after another on each connection."""

    def measure(desk: Desk, server: Running) -> Figures:
        return _chatkit(desk, server, tokens, 64 * connections, connections, window(desk)[1])

    return measure


def new_sessions(desk: Desk, server: Running) -> Figures:
    """Sessions as fast as the server issues them."""
    warm, seconds = window(desk)
    targets = [server.new_session(n) for n in range(500)]
    return figures_of(
        _run(desk, server, Load("fixed", targets, REQUESTERS, seconds, warm, headers=server.headers))
    )


def chats(desk: Desk, server: Running) -> Figures:
    """Whole answers of one token."""
    warm, seconds = window(desk)
    targets = [server.chat(session) for session in server.sessions(16 * REQUESTERS)]
    return figures_of(
        _run(desk, server, Load("fixed", targets, REQUESTERS, seconds, warm, headers=server.headers))
    )


def idle(desk: Desk, server: Running) -> Figures:
    """Growth of the server's resident memory by sockets that say nothing, each of another session."""
    count = 300 if desk.quick else 1000
    targets = [server.socket(session, 1) for session in server.sessions(count)]
    with load.idle_sockets(desk.program, Load("idle", targets[:50], 50), server.port):
        time.sleep(0.5)  # what the first sockets load is not theirs
    time.sleep(0.5)
    before = rss_kb(server.pid)
    with load.idle_sockets(desk.program, Load("idle", targets, count), server.port) as ready:
        time.sleep(1.0)
        grown = rss_kb(server.pid) - before
    return {"kib_a_socket": grown / max(ready, 1)}


def _in_a_row(desk: Desk, server: Running, targets: list[Target], tokens: int) -> Figures:
    """One answer after another, each target once."""
    turns = len(targets)
    ask = Load("stream", targets, seconds=300, warm=0, requests=turns, expect=tokens, headers=server.headers)
    return figures_of(_run(desk, server, ask))


def turns_of(tokens: int, count: int, warm: int = 0) -> Callable[[Desk, Running], Figures]:
    """`count` turns of that length in a row, each in a thread of its own, after `warm` ones that do not count."""

    def measure(desk: Desk, server: Running) -> Figures:
        turns = max(2, count // 4) if desk.quick else count
        targets = [server.stream(session, tokens) for session in server.sessions(warm + turns)]
        if warm:
            _in_a_row(desk, server, targets[:warm], tokens)
        figures = _in_a_row(desk, server, targets[warm:], tokens)
        return figures | {"cpu_ms_per_1000": 1e6 / figures["tokens_per_cpu_s"]}

    return measure


def first_added(count: int, warm: int = 20) -> Callable[[Desk, Running], Figures]:
    """How much later the first token comes than from the model server itself: `count` short answers of each in a row."""

    def measure(desk: Desk, server: Running) -> Figures:
        assert server.upstream is not None
        turns = warm + (count // 4 if desk.quick else count)
        figures = {}
        for name, asked in (("direct", server.upstream), ("relayed", server)):
            targets = [asked.stream(session, 20) for session in asked.sessions(turns)]
            _in_a_row(desk, asked, targets[:warm], 20)
            figures[name] = _in_a_row(desk, asked, targets[warm:], 20)
        added = figures["relayed"]["first_p50_ms"] - figures["direct"]["first_p50_ms"]
        return figures["relayed"] | {
            "added_p50_ms": added,
            "direct_p50_ms": figures["direct"]["first_p50_ms"],
        }

    return measure


def _filled(desk: Desk, server: Running, items: int) -> tuple[list[str], list[str]]:
    """Sessions whose threads hold so many items, and the threads: one thread if it is long, else many short ones, so that
    what the measurement adds does not make them long."""
    sessions = server.sessions(1 if items > 1000 else 40)
    threads = []
    for session in sessions:
        target = server.chat(session)
        threads.append(str(server.call("POST", target.path, target.body)["thread_id"]))
    product.fill_threads(desk, threads, items - 2)
    return sessions, threads


def first_page(items: int) -> Callable[[Desk, Running], Figures]:
    """The newest page of a thread, as a page that is opened asks for it."""

    def measure(desk: Desk, server: Running) -> Figures:
        sessions, threads = _filled(desk, server, items)
        page = Target(f"/api/threads/{threads[0]}/items?limit=20&order=desc")
        warm, seconds = window(desk)
        headers = (f"Authorization: Bearer {sessions[0]}",)
        return figures_of(_run(desk, server, Load("fixed", [page], 1, seconds / 2, warm, headers=headers)))

    return measure


def next_turn(items: int) -> Callable[[Desk, Running], Figures]:
    """Turns of one token, one after another."""

    def measure(desk: Desk, server: Running) -> Figures:
        sessions, _ = _filled(desk, server, items)
        targets = [server.chat(session) for session in sessions]
        ask = Load(
            "fixed", targets, seconds=60, warm=0, requests=80 if desk.quick else 200, headers=server.headers
        )
        return figures_of(_run(desk, server, ask))

    return measure
