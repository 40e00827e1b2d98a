"""The load generator seen from Python: compile it, run it beside a server, read its one line of JSON.

How bytes are sent and counted is C's business (`load.c`); what a row asks for is `rows.py`'s.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.machine import LINUX, LOAD_CORE, pinned

HERE = Path(__file__).parent
Mode = Literal["stream", "fixed", "ws", "idle"]


class LoadError(Exception):
    """The load generator cannot be built, or what it measured is worthless; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to ask for; a GET where the body is empty."""

    path: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask of a server. Seconds, but `delay_ms`. `expect`: tokens of a whole answer; 0 where none are counted.

    The measured window opens after `warm` and `ramp` (the connections open spread over it) and lasts `seconds`, or until
    `requests` answers are whole. Tokens count in lines that begin with `lines`; in all where it is empty. Connections take
    turns among the server's port and those of `beside`, its further workers.
    """

    mode: Mode
    targets: Sequence[Target]
    connections: int = 1
    seconds: float = 4.0
    warm: float = 1.0
    ramp: float = 0.0
    delay_ms: float = 0.0
    requests: int = 0
    expect: int = 0
    headers: Sequence[str] = ()
    lines: str = ""
    beside: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of the load generator saw within its window; -1 for a quantile of nothing."""

    seconds: float
    tokens: int
    frames: int
    answers: int
    bytes: int
    server_cpu: float
    server_wait: float
    load_cpu: float
    errors: int
    short: int
    reopened: int
    first_p50_ms: float
    first_p99_ms: float
    late_p50_ms: float
    late_p99_ms: float
    whole_p50_ms: float
    whole_p99_ms: float


def build(folder: Path) -> Path:
    """Compile the generator into `folder`. LoadError without Linux or a C compiler, or where that refuses the source."""
    if not LINUX:
        raise LoadError("the bench runs on Linux: it needs epoll, /proc and processes kept to a core")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise LoadError(
            "the bench needs a C compiler (cc, gcc or clang) for its load generator; none was found"
        )
    program = folder / "load"
    source = [str(HERE / name) for name in ("load.c", "load_wire.c")]
    done = subprocess.run([compiler, "-O2", "-o", str(program), *source], capture_output=True, text=True)
    if done.returncode:
        raise LoadError(f"{compiler} refused the load generator:\n{done.stderr}")
    return program


def _command(program: Path, load: Load, port: int, pids: Sequence[int]) -> list[str]:
    targets = program.parent / "targets.tsv"
    targets.write_text("".join(f"{target.path}\t{target.body}\n" for target in load.targets))
    options: dict[str, Any] = {
        "mode": load.mode,
        "ports": ",".join(map(str, [port, *load.beside])),
        "targets": targets,
        "connections": load.connections,
        "seconds": load.seconds,
        "warm": load.warm,
        "ramp": load.ramp,
        "delay-ms": load.delay_ms,
        "requests": load.requests,
        "expect": load.expect,
        "lines": load.lines,
        "pids": ",".join(map(str, pids)),
    }
    command = [str(program)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    for header in load.headers:
        command += ["--header", header]
    return command


def run(program: Path, load: Load, port: int, pids: Sequence[int]) -> Sample:
    """Ask, count, and answer what was seen. LoadError where answers failed or were not whole."""
    with pinned(LOAD_CORE):
        done = subprocess.run(
            _command(program, load, port, pids), capture_output=True, text=True, timeout=600
        )
    if done.returncode or not done.stdout.strip():
        raise LoadError(f"the load generator gave up: {done.stderr.strip()[:2000]}")
    sample = Sample(**json.loads(done.stdout))
    if sample.errors or sample.short:
        raise LoadError(
            f"{sample.errors} errors, {sample.short} answers not whole. {done.stderr.strip()[:2000]}"
        )
    return sample


@contextmanager
def idle_sockets(program: Path, load: Load, port: int) -> Iterator[int]:
    """Hold WebSockets open for as long as the block lasts; yields how many. LoadError where some were lost."""
    with pinned(LOAD_CORE):
        process = subprocess.Popen(
            _command(program, load, port, ()), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    assert process.stdin is not None
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline() or "{}").get("ready", 0)
    try:
        yield ready
    finally:
        process.stdin.close()
        last = json.loads(process.stdout.readline() or '{"errors": -1}')
        process.wait(timeout=30)
    if last["errors"] or ready != load.connections:
        raise LoadError(f"{ready} of {load.connections} sockets came up, {last['errors']} were lost")
