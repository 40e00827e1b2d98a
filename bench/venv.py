"""The peers' virtual environment: made on first use, and again when what it should hold changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-bench"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def python() -> Path:
    """The interpreter of the peers' environment; installs it from the package index where it is missing or old."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = FOLDER / "stamp"
    program = FOLDER / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted and program.exists():
        return program
    print(f"installing the peers into {FOLDER.name} ...", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    subprocess.run([str(program), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)], check=True)
    (FOLDER / ".gitignore").write_text("*\n")
    stamp.write_text(wanted)
    return program
