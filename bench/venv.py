"""The peers' virtual environments: made on first use, and again when what they should hold changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_absent: dict[str, str] = {}


class Absent(Exception):
    """A peer cannot be installed on this machine; the text says why."""


def python() -> Path:
    """The interpreter of the peers' environment; installs it from the package index where it is missing or old."""
    return _environment(ROOT / ".venv-bench", "requirements.txt")


def optional(name: str) -> Path:
    """The same for a peer with an environment of its own (`requirements-<name>.txt`). Absent where that cannot be made; it
    is tried once a run."""
    if name not in _absent:
        try:
            return _environment(ROOT / f".venv-bench-{name}", f"requirements-{name}.txt")
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or str(error)).strip().splitlines()
            _absent[name] = lines[-1]
    raise Absent(f"it could not be installed: {_absent[name]}")


def _environment(folder: Path, requirements: str) -> Path:
    listed = Path(__file__).with_name(requirements)
    wanted = hashlib.sha256(listed.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / "stamp"
    program = folder / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted and program.exists():
        return program
    print(f"installing peers into {folder.name} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(program), "-m", "pip", "install", "-q", "-r", str(listed)]
    subprocess.run(pip, check=True, stderr=subprocess.PIPE, text=True)
    (folder / ".gitignore").write_text("*\n")
    stamp.write_text(wanted)
    return program
