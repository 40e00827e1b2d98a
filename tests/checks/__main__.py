"""`make check`: every check in turn, all of them even where one fails, and a summary at the end.

`python -m tests.checks lint types` runs some by name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.checks import sizes, vendored

BIN = Path(sys.executable).parent
PACKAGES = ("chatbackend", "sessions_app", "chat_app", "examples", "deploy")


def tool(*command: str) -> Callable[[], bool]:
    """A check that is a program of the environment."""
    return lambda: subprocess.run([str(BIN / command[0]), *command[1:]], env=_environment()).returncode == 0


def manage(*arguments: str) -> Callable[[], bool]:
    """A check that is a management command."""
    return tool("python", "manage.py", *arguments)


def _environment() -> dict[str, str]:
    settings = {
        "CHATBACKEND_ENV_FILE": "",
        "DEBUG": "1",
        "SECRET_KEY": "checks-only",
        "DATA_DIR": FOLDER,
        "DATABASE_URL": f"sqlite:///{FOLDER}/db.sqlite3",
    }
    return {**os.environ, **settings}


def _say(problems: list[str]) -> bool:
    for problem in problems:
        print(problem)
    return not problems


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in listed.stdout.splitlines()]


def plain_requirements() -> bool:
    """Requirements name packages, never the host that they come from."""
    found = []
    for path in _files():
        if path.name.startswith("requirements") and path.suffix in (".in", ".txt"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if re.match(r"\s*(-i\b|--(extra-)?index-url|--find-links|-f\b)|.*\bhttps?://", line):
                    found.append(f"{path}:{number}: {line}")
    return _say(found)


CHECKS: dict[str, Callable[[], bool]] = {
    "format": tool("ruff", "format", "--check", "."),
    "lint": tool("ruff", "check", "."),
    "types": tool("mypy", *PACKAGES),
    "imports": tool("lint-imports"),
    "migrations": manage("makemigrations", "--check", "--dry-run"),
    "django": manage("check"),
    "openapi": manage("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull),
    "sizes": lambda: _say(list(sizes.too_long(_files()))),
    "requirements": plain_requirements,
    "vendored": lambda: _say(list(vendored.wrong(_files()))),
}


def main(names: list[str]) -> int:
    """Run the named checks, or all. The exit code: 0 where all passed."""
    failed = []
    for name in names or CHECKS:
        print(f"--- {name}", flush=True)
        if not CHECKS[name]():
            failed.append(name)
    print(f"=== {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="chatbackend-checks-") as FOLDER:
        sys.exit(main(sys.argv[1:]))
