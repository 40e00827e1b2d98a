"""`python3 deploy/make_secrets.py [folder]`: the secrets that compose.yaml names, a file each; what is there is left alone.

Runs with Python alone, on a host that has nothing of this project installed. Keep the files along with the backups: without
ENCRYPTION_KEYS the stored keys of models cannot be read.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "secrets"


def make(folder: Path) -> list[str]:
    """Write the files that are missing, and return their names.

    The folder is its owner's alone. The files in it can be read by all, since compose mounts each as it is, for a user of the
    container whom the host does not know.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []

    def kept(name: str, value: str) -> str:
        path = folder / name
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(handle, "w") as file:
            file.write(value + "\n")
        path.chmod(0o644)
        made.append(name)
        return value

    kept("secret_key", secrets.token_urlsafe(48))
    kept("backend_key", secrets.token_urlsafe(32))
    kept("encryption_keys", base64.urlsafe_b64encode(os.urandom(32)).decode())
    password = kept("postgres_password", secrets.token_urlsafe(24))
    kept("database_url", f"postgres://chat:{password}@postgres:5432/chat")
    return made


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    sys.stdout.write(f"{chosen}: {', '.join(make(chosen)) or 'nothing was missing'}\n")
