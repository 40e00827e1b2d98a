"""Real processes for tests: this project's server, Redis, PostgreSQL; each on a free loopback port, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
from cryptography.fernet import Fernet

from tests.parts import BASE_DIR, postgres_bin

START_SECONDS = 40.0
ADMIN, PASSWORD = "admin", "tests-only-admin-password"
BACKEND_KEY = "tests-only-backend-key-0123456789"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Poll `ready` until it is true; AssertionError with `what` when it takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not come up within {seconds:g} s"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET answers with any status below 500."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def environment(folder: Path, **extra: str) -> dict[str, str]:
    """A server's whole environment: development settings on a database in `folder`, and nothing of the tester's own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    base = {
        "CHATBACKEND_ENV_FILE": "",
        "DEBUG": "1",
        "SECRET_KEY": "tests-only-" + "s" * 48,
        "BACKEND_KEY": BACKEND_KEY,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DRAIN_SECONDS": "5",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "huggingface"),
        "PYTHONUNBUFFERED": "1",
    }
    return {**kept, **base, **extra}


@dataclass
class ServerProcess:
    """A running server. `log` is the file of its output; `backend_key`, `admin` and `password` are its credentials."""

    port: int
    env: dict[str, str]
    log: Path
    command: str = "serve"
    process: subprocess.Popen[bytes] = field(init=False, repr=False)
    backend_key: str = BACKEND_KEY
    admin: str = ADMIN
    password: str = PASSWORD

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def logs(self) -> str:
        return self.log.read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Output of a management command in the server's environment."""
        return run_python(["manage.py", *arguments], self.env)

    def signal(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def start(self, *, wait: bool = True) -> None:
        """Start it, or start it again: its port, its database, its keys. AssertionError with its output where that fails."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *COMMANDS[self.command](self.port)],
                cwd=BASE_DIR, env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        try:
            wait_until(
                lambda: self.process.poll() is not None or answers(self.url + "/healthz"), "the server"
            )
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}; its output:\n{self.logs()[-4000:]}") from None

    def kill(self) -> None:
        """`kill -9`: it has no time to say or to store anything."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds: float = 20.0) -> int:
        """End it, gently first; its exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(10)


def run_python(arguments: Sequence[str], env: Mapping[str, str]) -> str:
    """Run this interpreter in the project's folder; AssertionError with the output if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=BASE_DIR, env=dict(env), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{arguments} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _collect_static(env: Mapping[str, str]) -> None:
    if env["DEBUG"] not in ("1", "true"):
        run_python(["manage.py", "collectstatic", "--noinput", "-v0"], env)


COMMANDS: dict[str, Callable[[int], list[str]]] = {
    "serve": lambda port: ["-m", "chatbackend.serve"],
    "uvicorn": lambda port: ["-m", "uvicorn", "chatbackend.asgi:application", "--port", str(port)],
    "daphne": lambda port: ["-m", "daphne", "-p", str(port), "chatbackend.asgi:application"],
    "runserver": lambda port: ["manage.py", "runserver", "--noreload", str(port)],
}


@dataclass
class Launcher:
    """Starts servers in folders of their own, and stops them all at the end.

    The database is migrated once and copied for each server on SQLite; another DATABASE_URL is migrated in place.
    """

    root: Path
    started: list[ServerProcess] = field(default_factory=list)
    _template: Path | None = None

    def __call__(self, command: str = "serve", port: int | None = None, **env: str) -> ServerProcess:
        """`start_server("serve", port=None, NAME="value", ...)`: a server that answers /healthz. The commands are COMMANDS."""
        port = port or free_port()
        folder = self._folder()
        whole = environment(folder, HOST="127.0.0.1", PORT=str(port), **env)
        with ThreadPoolExecutor(1) as beside:
            collecting = beside.submit(_collect_static, whole)
            self._prepare(folder, whole)
            collecting.result()
        return self._start(ServerProcess(port, whole, folder / "server.log", command))

    def another(
        self, server: ServerProcess, command: str | None = None, *, wait: bool = True, **env: str
    ) -> ServerProcess:
        """A further worker of the same installation: `server`'s whole environment but for the port, and for `env`."""
        port = free_port()
        beside = {**server.env, "PORT": str(port), **env}
        log = self._folder() / "server.log"
        return self._start(ServerProcess(port, beside, log, command or server.command), wait=wait)

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.root))

    def _start(self, server: ServerProcess, *, wait: bool = True) -> ServerProcess:
        self.started.append(server)
        server.start(wait=wait)
        return server

    def _prepare(self, folder: Path, env: dict[str, str]) -> None:
        if env["DATABASE_URL"] != f"sqlite:///{folder}/db.sqlite3":
            run_python(["-m", "tests.prepare_server"], env)
            return
        if self._template is None:
            template = self.root / "template.sqlite3"
            run_python(["-m", "tests.prepare_server"], {**env, "DATABASE_URL": f"sqlite:///{template}"})
            self._template = template
        shutil.copy(self._template, folder / "db.sqlite3")

    def stop_all(self) -> None:
        for server in self.started:
            server.signal(signal.SIGTERM)
        for server in self.started:
            server.stop()


class RedisProcess:
    """redis-server without persistence. `stop`, `start` and `freeze` are for tests of what its absence does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            ["redis-server", *options, "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_until(lambda: _listens(self.port), "Redis")

    def flush(self) -> None:
        """It loses all that it holds, and goes on."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def freeze(self, frozen: bool = True) -> None:
        """It accepts connections and never answers, until `freeze(False)`."""
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


class PostgresProcess:
    """A PostgreSQL cluster of its own, without fsync. `database()` makes an empty one and gives its URL."""

    def __init__(self) -> None:
        programs = postgres_bin()
        assert programs is not None
        self.bin, self.port, self.count = programs, free_port(), 0
        # Not below pytest's own folder: PostgreSQL refuses root, and its user may not enter that.
        self.folder = Path(tempfile.mkdtemp(prefix="chatbackend-pg-"))
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._run(
            "initdb", "-D", f"{self.folder}/data", "-U", "chat", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        self.start()

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.bin / name), *arguments],
            check=True,
            cwd=self.folder,
            user=self.user,
            capture_output=True,
        )

    def start(self) -> None:
        options = ["-p", str(self.port), "-k", str(self.folder), "-h", "127.0.0.1", "-c", "fsync=off"]
        options += ["-c", "max_connections=400"]  # all servers on it run to the end of the tests
        with (self.folder / "log").open("ab") as out:
            self.process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", f"{self.folder}/data", *options],
                cwd=self.folder, user=self.user, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        wait_until(self._ready, "PostgreSQL")

    def _ready(self) -> bool:
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, name: str) -> str:
        return f"postgres://chat@127.0.0.1:{self.port}/{name}"

    def database(self) -> str:
        self.count += 1
        name = f"chat{self.count}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def stop(self, *, immediate: bool = False) -> None:
        """Cut every connection and end; `immediate` without a shutdown, so that the next start has to recover."""
        self.process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
        self.process.wait(20)

    def restart(self, *, immediate: bool = False) -> None:
        self.stop(immediate=immediate)
        self.start()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
