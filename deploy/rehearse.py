"""`python -m deploy.rehearse`: the topology of compose.yaml without containers, as processes on loopback in a temporary folder.

nginx with the shipped configuration, workers as in production (DEBUG off), PostgreSQL and Redis. `start()` is the same for
tests, which stop and start the parts. Nothing is kept: at the end it is all ended and removed.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from deploy.proxy import NginxProcess
from tests.servers import ADMIN, PASSWORD, Launcher, PostgresProcess, RedisProcess, ServerProcess

AGAIN_SECONDS = 5.0
PRODUCTION = {
    "DEBUG": "0",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "TRUSTED_PROXIES": "127.0.0.1",
    "ALLOWED_PRIVATE_HOSTS": "127.0.0.0/8",  # models of the tests
    "ALLOW_GUESTS": "1",  # so that the chat page needs no login
    "WORKERS": "1",
}


@dataclass
class Topology:
    """All parts of it. Clients go to `nginx`, which has a server's `url`, `ws_url` and credentials; `workers` also answer by
    themselves. Any part may be stopped, killed, frozen and started again at its own port."""

    redis: RedisProcess
    postgres: PostgresProcess
    database_url: str
    workers: list[ServerProcess]
    nginx: NginxProcess

    @property
    def nginx_url(self) -> str:
        return self.nginx.url

    def processes(self) -> dict[str, subprocess.Popen[bytes]]:
        """The process of each part, by its name."""
        named = {f"worker {number}": worker.process for number, worker in enumerate(self.workers, 1)}
        return {
            "nginx": self.nginx.process,
            **named,
            "PostgreSQL": self.postgres.process,
            "Redis": self.redis.process,
        }


@contextmanager
def start(workers: int = 2, **env: str) -> Iterator[Topology]:
    """The whole topology, for a `with`; `env` is added to the environment of every worker."""
    root = Path(tempfile.mkdtemp(prefix="chatbackend-rehearsal-"))
    ends = []
    try:
        (root / "redis").mkdir()
        redis = RedisProcess(root / "redis")
        ends.append(redis.stop)
        postgres = PostgresProcess()
        ends.append(postgres.remove)
        database_url = postgres.database()
        launch = Launcher(root)
        ends.append(launch.stop_all)
        shared = {**PRODUCTION, "DATABASE_URL": database_url, "REDIS_URL": redis.url, **env}
        first = launch("serve", None, **shared)
        others = [launch.another(first, wait=False) for _ in range(workers - 1)]
        for other in others:
            other.wait_until_up()
        servers = [first, *others]
        nginx = NginxProcess([server.port for server in servers])
        ends.append(nginx.remove)
        yield Topology(redis, postgres, database_url, servers, nginx)
    finally:
        for end in reversed(ends):
            end()
        shutil.rmtree(root, ignore_errors=True)


def revive(topology: Topology, name: str) -> None:
    """Start a part again that has ended, as compose's restart policy does."""
    match name.split():
        case ["nginx"]:
            topology.nginx.start()
        case ["Redis"]:
            topology.redis.start()
        case ["PostgreSQL"]:
            topology.postgres.start()
        case ["worker", number]:
            topology.workers[int(number) - 1].start()


def describe(topology: Topology) -> str:
    worker = topology.workers[0]
    lines = [
        f"  Chat         {topology.nginx_url}/",
        f"  Admin        {topology.nginx_url}/admin/      sign in as {ADMIN} / {PASSWORD}",
        f"  Backend key  {worker.backend_key}",
        f"  Database     {topology.database_url}",
        f"  Redis        {topology.redis.url}",
        *(
            f"  Worker {number}     {worker.url}      {worker.log}"
            for number, worker in enumerate(topology.workers, 1)
        ),
        f"  Access log   {topology.nginx.folder / 'access.log'}",
        "",
        "  To see what happens when a part fails, kill or freeze it; it is started again after "
        f"{AGAIN_SECONDS:g} seconds:",
        *(f"    kill -9 {process.pid:<8} # {name}" for name, process in topology.processes().items()),
        f"    kill -TERM {topology.workers[0].pid:<5} # a worker that drains",
        f"    kill -STOP {topology.redis.process.pid:<5} # a Redis that never answers, until kill -CONT",
        "  Ctrl-C ends them all.",
    ]
    return "\n" + "\n".join(lines) + "\n"


def watch(topology: Topology) -> None:
    """Start again what ends, until the process is interrupted."""
    while True:
        time.sleep(0.5)
        for name, process in topology.processes().items():
            if process.poll() is not None:
                say(f"{name} has ended with {process.returncode}")
                time.sleep(AGAIN_SECONDS)
                revive(topology, name)
                say(f"{name} runs again as {topology.processes()[name].pid}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with start() as topology:
            say(describe(topology))
            watch(topology)
    except KeyboardInterrupt:
        say("All of it has ended.")


if __name__ == "__main__":
    main()
