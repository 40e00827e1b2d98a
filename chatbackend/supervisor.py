"""Several serving processes on one port: start them, start a dead one again, pass signals on. It serves nothing itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

import structlog

log = structlog.get_logger("chatbackend.supervisor")
YOUNG_SECONDS = 5.0
LONGEST_PAUSE = 30.0
UNREAD_SECONDS = 60  # what a client leaves unread for so long ends its connection; it can resume


def bind(host: str, port: int, *, shared: bool) -> socket.socket:
    """A bound TCP socket. `shared`: SO_REUSEPORT, so that each process has its own queue. A taken port ends the start."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # else a client that never reads holds its connection for good
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    try:
        bound.bind(address)
    except OSError as error:
        sys.stderr.write(f"chatbackend cannot listen on {host}:{port}: {error.strerror}\n")
        raise SystemExit(3) from None
    bound.set_inheritable(False)
    return bound


class Worker:
    """One place for a serving process; `process` changes when it has to be started again, `number` never."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pause = 1.0
        self.start()

    def start(self) -> None:
        # In a session of its own, or Ctrl-C would reach it twice: from the terminal and from us.
        command = [sys.executable, "-m", "chatbackend.serve", "--worker", str(os.getpid()), str(self.number)]
        self.process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own module
        self.begun = time.monotonic()
        self.due: float | None = None

    def revive(self) -> None:
        """Start it again if it has died, after a pause that grows while it dies young."""
        now = time.monotonic()
        if self.due is not None:
            if now >= self.due:
                self.start()
        elif self.process.poll() is not None:
            young = now - self.begun < YOUNG_SECONDS
            self.pause = min(self.pause * 2, LONGEST_PAUSE) if young else 1.0
            self.due = now + self.pause
            log.error("worker died", pid=self.process.pid, code=self.process.returncode, again_in=self.pause)


class Supervisor:
    """Keeps `count` workers alive until a signal; each signal is passed on, and after the first nobody is revived."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.stopping = False
        self.workers: list[Worker] = []

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)

    def run(self, patience: float) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle)
        self.workers = [Worker(number) for number in range(1, self.count + 1)]
        while not self.stopping:
            time.sleep(0.2)
            for worker in self.workers:
                if not self.stopping:
                    worker.revive()
        deadline = time.monotonic() + patience
        while any(w.process.poll() is None for w in self.workers) and time.monotonic() < deadline:
            time.sleep(0.1)
        late = [w for w in self.workers if w.process.poll() is None]
        for worker in late:
            worker.process.kill()
            worker.process.wait()
        return 1 if late else 0


def run(count: int, patience: float) -> int:
    """Supervise `count` workers. After the first signal they have `patience` seconds. Returns the exit code."""
    return Supervisor(count).run(patience)
