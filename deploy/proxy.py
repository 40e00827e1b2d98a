"""nginx as a process of this machine's own, from the configuration that the container uses; no root, no port below 1024.

Only what differs from place to place is written here: where the workers are, and where nginx listens. Who the workers are and
what they serve is `rehearse.py`'s business.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.parts import nginx_program
from tests.servers import ADMIN, BACKEND_KEY, PASSWORD, free_port, wait_until

CONFIGURATION = Path(__file__).resolve().parent / "nginx.conf"
UPSTREAM = """\
upstream chatbackend {{
    zone chatbackend 128k;
    {servers}
    keepalive 64;
}}
{temporary}
"""
SERVER = "server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;"
# Its own default folders belong to root.
TEMPORARY = "\n".join(
    f"{name}_temp_path {name}_temp;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


@dataclass(frozen=True)
class Site:
    """What a test may want otherwise: `edit` changes the text of the shipped file, `listen` stands in listen.conf beside the
    access log, with `{port}` for the port and `{folder}` for nginx's own."""

    edit: Callable[[str], str] = str
    listen: str = "listen 127.0.0.1:{port};"


def write_configuration(folder: Path, port: int, workers: Sequence[int], site: Site) -> None:
    """The configuration in `folder`: the shipped file, and its two neighbours for these ports."""
    (folder / "nginx.conf").write_text(site.edit(CONFIGURATION.read_text()))
    servers = "\n    ".join(SERVER.format(port=worker) for worker in workers)
    (folder / "upstream.conf").write_text(UPSTREAM.format(servers=servers, temporary=TEMPORARY))
    listen = site.listen.format(port=port, folder=folder)
    (folder / "listen.conf").write_text(f"{listen}\naccess_log access.log line;\n")


class NginxProcess:
    """nginx before workers on these ports. It has a server's `url`, `ws_url` and credentials: a client can take it for one."""

    backend_key, admin, password = BACKEND_KEY, ADMIN, PASSWORD

    def __init__(self, workers: Sequence[int], site: Site = Site()) -> None:
        path = nginx_program()
        assert path is not None
        self.program, self.port = path, free_port()
        # Not below pytest's own folder, as with PostgreSQL: the user that nginx runs as may not enter that.
        self.folder = Path(tempfile.mkdtemp(prefix="chatbackend-nginx-"))
        self.user = "nobody" if os.geteuid() == 0 else None
        write_configuration(self.folder, self.port, workers, site)
        if self.user:
            for own in (self.folder, *self.folder.iterdir()):
                shutil.chown(own, self.user)
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        own = f"daemon off; pid {self.folder}/nginx.pid;"
        return [
            self.program,
            "-p",
            f"{self.folder}/",
            "-c",
            f"{self.folder}/nginx.conf",
            "-e",
            "stderr",
            "-g",
            own,
        ]

    def check(self) -> str:
        """What `nginx -t` says of the configuration. AssertionError where it is not valid."""
        done = subprocess.run([*self.command(), "-t"], user=self.user, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def start(self) -> None:
        with (self.folder / "error.log").open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), user=self.user, stdout=out, stderr=out, start_new_session=True
            )
        try:
            wait_until(lambda: self.process.poll() is not None or self._listens(), "nginx", 10)
            assert self.process.poll() is None, f"nginx ended with {self.process.returncode}"
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.errors()}") from None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def lines(self) -> str:
        """Its access log."""
        return (self.folder / "access.log").read_text(errors="replace")

    def errors(self) -> str:
        return (self.folder / "error.log").read_text(errors="replace")

    def stop(self) -> None:
        """End it at once, with all its connections."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
