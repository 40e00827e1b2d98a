"""How a hop is measured: the CPU that a token costs on its way from the worker that writes it to a follower on another one.

The product's hop is a difference: turns followed on another worker, less the same turns followed where they run, without
Redis; the follower's HTTP is in both. The peer's is all that its two processes do, and those serve nobody.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench import load
from bench.grown import redis_server
from bench.load import Load, Target
from bench.machine import SERVER_CORE, pinned
from bench.measures import Figures, figures_of, window
from bench.servers import ROOT, Desk, Running, ServerError

TURNS = 20
PACE_MS = 20.0
LENGTH = 100_000  # tokens of a turn: more than anybody waits for
TEXT = 'data: {"type":"delta"'


def across(desk: Desk, server: Running) -> Figures:
    """What the way over the shared log costs: `hop`. `kept` is the part of it that is paid without such a follower too."""
    assert server.alone is not None
    [other] = server.beside
    alone = _followed(desk, server.alone, server.alone)
    here = _followed(desk, server, server)
    there = _followed(desk, server, other)
    base = alone["cpu_ms_per_1000"]
    return {
        "hop_ms_per_1000": there["cpu_ms_per_1000"] - base,
        "kept_ms_per_1000": here["cpu_ms_per_1000"] - base,
        "alone_ms_per_1000": base,
        "tokens_per_s": there["tokens_per_s"],
        "disturbed": alone["disturbed"],
    }


def _followed(desk: Desk, runs_on: Running, followed_on: Running) -> Figures:
    """Turns at a reader's pace, followed by one reader each; the CPU of all workers of that installation."""
    warm, seconds = window(desk)
    with _running_turns(runs_on) as paths:
        targets = [Target(path) for path in paths]
        ask = Load("stream", targets, TURNS, seconds, warm, headers=runs_on.headers, lines=TEXT)
        pids = [worker.pid for worker in (runs_on, *runs_on.beside)]
        figures = figures_of(load.run(desk.program, ask, followed_on.port, pids))
    return figures | {"cpu_ms_per_1000": 1e6 / figures["tokens_per_cpu_s"]}


@contextmanager
def _running_turns(server: Running) -> Iterator[list[str]]:
    """Turns that go on by themselves until the block ends; where each can be followed."""
    sessions = server.sessions(TURNS)
    turns = [server.begin(server.stream(session, LENGTH, PACE_MS)) for session in sessions]
    asked = list(zip(turns, sessions, strict=True))
    try:
        yield [f"/api/turns/{turn}/events?session_id={session}" for turn, session in asked]
    finally:
        for turn, session in asked:
            server.call("POST", f"/api/turns/{turn}/cancel?session_id={session}", "{}")


@dataclass(frozen=True, slots=True)
class Layer:
    """channels_redis' core layer on a Redis of its own; its two processes are started by the measure."""

    name: str = "channels_redis core"

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start Redis. venv.Absent where there is none."""
        with redis_server(desk) as url:
            yield Running(int(url.rpartition(":")[2].partition("/")[0]), 0)


def by_layer(desk: Desk, server: Running) -> Figures:
    """The same tokens at the same pace, one message each, from a process that sends them to one that receives them."""
    warm, seconds = window(desk)
    pace = ["--turns", str(TURNS), "--ms", str(PACE_MS), "--warm", str(warm), "--seconds", str(seconds)]
    with _role("receive", server.port, pace) as receiver, _role("send", server.port, pace) as sender:
        received, sent = _said(receiver), _said(sender)
    costs = {
        name: 1e6 * one["cpu"] / max(one["tokens"], 1)
        for name, one in (("send", sent), ("receive", received))
    }
    return {
        "hop_ms_per_1000": costs["send"] + costs["receive"],
        "send_ms_per_1000": costs["send"],
        "receive_ms_per_1000": costs["receive"],
        "tokens_per_s": received["tokens"] / received["seconds"],
    }


@contextmanager
def _role(role: str, port: int, pace: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """One of the two, once it says that it is ready."""
    command = [sys.executable, "-m", "bench.peers.channels_hop", role, "--port", str(port), *pace]
    with pinned(SERVER_CORE):
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    try:
        _said(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _said(process: subprocess.Popen[str]) -> Any:
    """The next line of JSON. ServerError where it ended without one."""
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    if not line:
        raise ServerError(f"{process.args!r} ended: {process.stderr.read()[-2000:]}")
    return json.loads(line)
