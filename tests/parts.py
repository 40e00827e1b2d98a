"""What a test may need beyond Python: one way to ask for it.

`require("redis")` skips the test by name where the part is missing, and fails it where everything must be there (CI=true or
CHATBACKEND_REQUIRE_ALL=1). Works in a fixture, in a test and at the top of a module.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parent.parent
REQUIREMENTS = BASE_DIR.parent / "shared" / "requirements"
NODE_MODULES = BASE_DIR / "tests" / "e2e" / "examples" / "node_modules"
TSC = NODE_MODULES / "typescript" / "bin" / "tsc"
MODEL_SERVER = Path(os.environ.get("MODEL_SERVER_HOME") or BASE_DIR / ".venv-model-server").resolve()
ABSENT: dict[str, str] = {}


def program(*names: str) -> str | None:
    """The path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name))), None)


def postgres_bin() -> Path | None:
    """The folder of PostgreSQL's own programs; Debian keeps them off the PATH."""
    found = program("initdb")
    folders = [Path(folder) for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    if found:
        folders.append(Path(os.path.realpath(found)).parent)
    return next((f for f in folders if all((f / name).exists() for name in ("initdb", "postgres"))), None)


def nginx_program() -> str | None:
    """nginx; Debian keeps it off the PATH of ordinary users."""
    return program("nginx", "/usr/sbin/nginx")


def chromium_path() -> str | None:
    """The browser that Playwright drives: CHROMIUM, or the one that is installed."""
    return os.environ.get("CHROMIUM") or program("chromium", "chromium-browser", "google-chrome")


def _postgres() -> str | None:
    if postgres_bin() is None:
        return "PostgreSQL's server (initdb) is not installed"
    if os.geteuid() == 0 and "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return None


def _model_server() -> str | None:
    if (MODEL_SERVER / "ready").is_file():
        return None
    return "the model server is not installed (tests/upstream/install_model_server.sh)"


def _local_model() -> str | None:
    absent = [name for name in ("torch", "transformers") if find_spec(name) is None]
    return f"{' and '.join(absent)} not installed (make install-local)" if absent else None


def _typescript() -> str | None:
    if program("node") and TSC.is_file():
        return None
    return "TypeScript is not installed (tests/e2e/examples/install.sh)"


PARTS: dict[str, Callable[[], str | None]] = {
    "redis": lambda: None if program("redis-server") else "redis-server is not installed",
    "postgres": _postgres,
    "nginx": lambda: None if nginx_program() else "nginx is not installed",
    "chromium": lambda: None if chromium_path() else "Chromium is not installed",
    "node": lambda: None if program("node") else "node is not installed",
    "npm": lambda: None if program("npm") else "npm is not installed",
    "typescript": _typescript,
    "model_server": _model_server,
    "local_model": _local_model,
    "requirements_folder": lambda: None if REQUIREMENTS.is_dir() else "../shared/requirements is not here",
}
# The customer's examples are no part of the project: their folder may be absent anywhere.
NEVER_REQUIRED = frozenset({"requirements_folder"})


def all_required() -> bool:
    """Whether a missing part fails a test instead of skipping it."""
    return os.environ.get("CI") == "true" or os.environ.get("CHATBACKEND_REQUIRE_ALL") == "1"


def require(part: str) -> None:
    """Go on only where `part` (a name in PARTS) is there."""
    reason = PARTS[part]()
    if reason is None:
        return
    if all_required() and part not in NEVER_REQUIRED:
        pytest.fail(f"{part} is required here: {reason}", pytrace=False)
    ABSENT[part] = reason
    pytest.skip(f"{part}: {reason}", allow_module_level=True)


def summary() -> list[str]:
    """A line for each part that was missing, for the end of the run."""
    return [f"{part}: {reason}" for part, reason in sorted(ABSENT.items())]
