"""What `make` does for a developer beyond installing: a `.env` with secrets of its own, a superuser, a word of welcome.

Never changes a file that is there, and does nothing to a service that is not in DEBUG.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from chatbackend.env import BASE_DIR

ENV_FILE = BASE_DIR / ".env"
TEMPLATE = """\
# Made by `make install` for development on this machine. Every variable: docs/configuration.md.
DEBUG=1
SECRET_KEY={secret_key}
BACKEND_KEY={backend_key}
ENCRYPTION_KEYS={encryption_key}
# Front ends on the usual development ports may call this server from the browser.
CORS_ALLOWED_ORIGINS=http://localhost:3000,http://127.0.0.1:3000,http://localhost:5173,http://127.0.0.1:5173
"""


def write_private(path: Path, text: str) -> bool:
    """Write a new file that its owner alone may read. False, and nothing changed, where it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return True


def make_env(path: Path = ENV_FILE) -> bool:
    """Write the development environment, with random secrets, unless there is one."""
    text = TEMPLATE.format(
        secret_key=secrets.token_urlsafe(48),
        backend_key=secrets.token_urlsafe(32),
        encryption_key=Fernet.generate_key().decode(),
    )
    made = write_private(path, text)
    if made:
        sys.stdout.write(f"Wrote {path.name}: development settings with secrets of their own.\n")
    return made


def make_superuser(data: Path) -> tuple[str, str] | None:
    """Name and password of the development superuser, made now or before; None where somebody made one by hand."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    kept = data / "admin-password"
    if not users.filter(is_superuser=True).exists():
        write_private(kept, secrets.token_urlsafe(12) + "\n")
        users.create_superuser("admin", "admin@localhost", kept.read_text().strip())
    return ("admin", kept.read_text().strip()) if kept.exists() else None


def welcome() -> None:
    """Make the superuser and say where to click."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbackend.settings")
    django.setup()
    from django.conf import settings

    if not settings.DEBUG:
        return
    superuser = make_superuser(settings.DATA_DIR)
    url = f"http://{settings.HOST}:{settings.PORT}"
    login = "sign in as {} / {}".format(*superuser) if superuser else "sign in with the account you made"
    sys.stdout.write(
        f"\n  Chat        {url}/\n"
        f"  Admin       {url}/admin/      {login}\n"
        f"  API         {url}/api/docs\n"
        f"  Your server's backend key is BACKEND_KEY in .env.\n\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "env":
        make_env()
    else:
        welcome()
