"""The product as it ships: production settings, one process, SQLite, sessions by its own API.

Its database is made once a run by its own migrations; each start gets a copy, so that no row inherits another's data.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.servers import BACKEND_KEY, ROOT, Desk, Running, ServerError, process

SECRET_KEY = os.urandom(32).hex()
ROOM = "concurrency=2000, queue=2000"  # the limits of one model are an operator's choice, and not what is measured
ENCRYPTION_KEY = base64.urlsafe_b64encode(os.urandom(32)).decode()


@dataclass(frozen=True, slots=True)
class Product:
    """This repository's server, started as `make serve` starts it."""

    name: str = "product"

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start it on a fresh copy of the migrated database."""
        with serving(desk, fresh_database(desk), self.name) as server:
            yield server


@contextmanager
def serving(desk: Desk, database: Path, name: str, **env: str) -> Iterator[Running]:
    """The product on that database, with settings beside those of `environment`."""
    command = [sys.executable, "-m", "chatbackend.serve"]
    whole = environment(database) | {"PORT": str(desk.port), "DRAIN_SECONDS": "0", **env}
    with process(command, whole, desk, name) as pid:
        yield Running(desk.port, pid, (f"Authorization: Bearer {BACKEND_KEY}",), has_sessions=True)


def environment(database: Path) -> dict[str, str]:
    """What an operator sets in production, and no `.env`."""
    return {
        "CHATBACKEND_ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "chatbackend.settings",
        "SECRET_KEY": SECRET_KEY,
        "ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "BACKEND_KEY": BACKEND_KEY,
        "DATABASE_URL": f"sqlite:///{database}",
    }


def fresh_database(desk: Desk) -> Path:
    """A copy of the migrated database, which is made on first use. Its default is the demo model, whatever else is installed
    here, and takes as many turns as are asked for."""
    template, database = desk.folder / "template.sqlite3", desk.folder / "product.sqlite3"
    if not template.exists():
        manage(template, "migrate", "-v", "0")
        orm(
            template,
            "from chat_app.models import ModelConfig",
            "ModelConfig.objects.update(default=False)",
            f"ModelConfig.objects.filter(id='demo').update(default=True, {ROOM})",
        )
    for file in desk.folder.glob("product.sqlite3*"):
        file.unlink()
    shutil.copy(template, database)
    return database


def fill_threads(desk: Desk, threads: Sequence[str], items: int) -> None:
    """Give each of these threads `items` items, as turns would have written them."""
    call = f"fill_all({json.dumps(list(threads))}, {items})"
    orm(desk.folder / "product.sqlite3", "from bench.fill import fill_all", call)


def orm(database: Path, *lines: str) -> None:
    """Run Python with the product's models at hand."""
    manage(database, "shell", "--no-imports", "-c", "\n".join(lines))


def manage(database: Path, *arguments: str) -> None:
    """One management command on that database. ServerError where it fails."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited, **environment(database)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ServerError(f"manage.py {arguments[0]}: {(done.stdout + done.stderr)[-3000:]}")
