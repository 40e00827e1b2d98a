"""The product as it ships: production settings, one process, SQLite, sessions by its own API. Grown it is in `grown.py`.

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
def serving(
    desk: Desk, database: str, name: str, *, port: int | None = None, **env: str
) -> Iterator[Running]:
    """The product on that database and that port (the desk's), with settings beside those of `environment`."""
    port = port or desk.port
    command = [sys.executable, "-m", "chatbackend.serve"]
    whole = environment(database) | {"PORT": str(port), "DRAIN_SECONDS": "0", **env}
    with process(command, whole, desk, name, port=port) as pid:
        yield Running(port, pid, (f"Authorization: Bearer {BACKEND_KEY}",), has_sessions=True)


def environment(database: str) -> dict[str, str]:
    """What an operator sets in production, and no `.env`."""
    return {
        "CHATBACKEND_ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "chatbackend.settings",
        "SECRET_KEY": SECRET_KEY,
        "ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "BACKEND_KEY": BACKEND_KEY,
        "DATABASE_URL": database,
    }


def sqlite(file: Path) -> str:
    """The URL of a database in that file."""
    return f"sqlite:///{file}"


def fresh_database(desk: Desk) -> str:
    """The URL of a copy of the migrated database, which is made on first use."""
    template, database = desk.folder / "template.sqlite3", desk.folder / "product.sqlite3"
    if not template.exists():
        migrate(sqlite(template))
    for file in desk.folder.glob("product.sqlite3*"):
        file.unlink()
    shutil.copy(template, database)
    return sqlite(database)


def migrate(database: str, **env: str) -> None:
    """Make the tables. The default is the demo model, whatever else is installed here, and it takes as many turns as are
    asked for."""
    manage(database, "migrate", "-v", "0", **env)
    orm(
        database,
        "from chat_app.models import ModelConfig",
        "ModelConfig.objects.update(default=False)",
        f"ModelConfig.objects.filter(id='demo').update(default=True, {ROOM})",
        **env,
    )


def fill_threads(desk: Desk, threads: Sequence[str], items: int) -> None:
    """Give each of these threads `items` items, as turns would have written them."""
    call = f"fill_all({json.dumps(list(threads))}, {items})"
    orm(sqlite(desk.folder / "product.sqlite3"), "from bench.fill import fill_all", call)


def orm(database: str, *lines: str, **env: str) -> None:
    """Run Python with the product's models at hand."""
    manage(database, "shell", "--no-imports", "-c", "\n".join(lines), **env)


def manage(database: str, *arguments: str, **env: str) -> None:
    """One management command on that database, with settings beside those of `environment`. ServerError where it fails."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited, **environment(database), **env},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ServerError(f"manage.py {arguments[0]}: {(done.stdout + done.stderr)[-3000:]}")
