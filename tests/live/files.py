"""How the live tests send files, and what the server's disk and database hold of them. No assertion of what is right."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.live.clients import Caller
from tests.servers import ServerProcess

MIB = 1_048_576


def attach(
    caller: Caller, data: bytes, name: str = "a.png", path: str = "/api/attachments"
) -> requests.Response:
    """Send a file that says it is a PNG."""
    return caller.call("POST", path, files={"file": (name, data, "image/png")})


def attached(caller: Caller, data: bytes, name: str = "a.png") -> Any:
    """The JSON of a file that must be taken."""
    answer = attach(caller, data, name)
    assert answer.status_code == 201, answer.text
    return answer.json()


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def rows(server: ServerProcess, where: str = "1") -> int:
    with closing(sqlite3.connect(os.path.join(server.env["DATA_DIR"], "db.sqlite3"))) as database:
        return int(database.execute(f"SELECT count(*) FROM chat_app_attachment WHERE {where}").fetchone()[0])


def stored(server: ServerProcess) -> list[Path]:
    return [path for path in Path(server.env["DATA_DIR"], "files").rglob("*") if path.is_file()]


def announced(caller: Caller, name: str = "photo.png", mime_type: str = "image/png") -> Any:
    """ChatKit's attachment of a file that is announced, and not sent yet."""
    params = {"name": name, "size": 70, "mime_type": mime_type}
    answer = caller.post("/chatkit", {"type": "attachments.create", "params": params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def upload_link(caller: Caller) -> str:
    """The path of the upload link of such a file."""
    return path_of(announced(caller)["upload_descriptor"]["url"])
