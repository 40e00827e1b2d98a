"""This machine: its cores, its limits, what it is called. Nothing about servers or rows."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LINUX = hasattr(os, "sched_getaffinity")  # the load generator needs epoll and /proc too
CORES = sorted(os.sched_getaffinity(0)) if LINUX else [0]
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[-1]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Processes started within the block run on this core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_file_limit() -> None:
    """As many open files as we may have: a socket is one, on both ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def rss_kb(pid: int) -> int:
    """Resident memory of a process in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def describe() -> dict[str, Any]:
    """What a result needs beside it to be read later."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {
        "cpu": model[0].partition(":")[2].strip() if model else platform.processor(),
        "cores": len(CORES),
        "python": sys.version.split()[0],
        "kernel": platform.release(),
        "load_average": os.getloadavg(),
        "commit": commit.stdout.strip(),
    }
