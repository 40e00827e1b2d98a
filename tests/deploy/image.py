"""deploy/Dockerfile as data, and its build without Docker: the files that its COPY lines name, below a folder. No packages are
installed and no user is made; the interpreter is the tests' own.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.parts import BASE_DIR

DOCKERFILE = BASE_DIR / "deploy" / "Dockerfile"


@dataclass
class Stage:
    """What follows one FROM: its lines as (instruction, rest)."""

    base: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.lines if name == instruction]

    def last(self, instruction: str) -> str:
        return self.all(instruction)[-1]

    def environment(self) -> dict[str, str]:
        pairs = (pair for rest in self.all("ENV") for pair in shlex.split(rest))
        return dict(pair.split("=", 1) for pair in pairs)

    def copies(self) -> list[tuple[list[str], str]]:
        """(sources, destination) of what comes from the build context."""
        words = [shlex.split(rest) for rest in self.all("COPY") if not rest.startswith("--from")]
        return [(names, destination) for *names, destination in words]


def stages(text: str) -> list[Stage]:
    found: list[Stage] = []
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, rest = line.split(None, 1)
        if name == "FROM":
            found.append(Stage(rest.split()[0]))
        else:
            found[-1].lines.append((name, rest.strip()))
    return found


def program_of(rest: str) -> list[str]:
    """The words of an exec form. ValueError for a shell form, which would keep signals from the program."""
    words: list[str] = json.loads(rest.partition("CMD ")[2] if "CMD " in rest else rest)
    return words


def in_context(path: str, ignore: str) -> bool:
    """Whether .dockerignore leaves a file in the build context: the last pattern that names it or a folder above it decides."""
    kept = True
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for line in ignore.splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = re.escape(line.lstrip("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        pattern = pattern.replace(r"\[", "[").replace(r"\]", "]")
        if any(re.fullmatch(pattern, name) for name in above):
            kept = line.startswith("!")
    return kept


def context() -> list[str]:
    """The files of the build context, as paths in the project's folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    ignore = (BASE_DIR / ".dockerignore").read_text()
    return [path for path in listed.stdout.splitlines() if in_context(path, ignore)]


def build(stage: Stage, root: Path) -> tuple[Path, dict[str, str]]:
    """Copy what the stage copies, and run what it runs by Python: (the working folder, the environment)."""
    work = root / stage.last("WORKDIR").lstrip("/")
    work.mkdir(parents=True)
    for sources, destination in stage.copies():
        for path in context():
            for source in sources:
                if path == source or path.startswith(source + "/"):
                    target = work / destination / path.removeprefix(source).lstrip("/")
                    target = work / destination / path if path == source else target
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(BASE_DIR / path, target)
    programs = root / "programs"
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (programs / "python").chmod(0o755)
    env = {**stage.environment(), "PATH": f"{programs}:/usr/bin:/bin"}
    env["DATA_DIR"] = str(root / env["DATA_DIR"].lstrip("/"))
    for command in stage.all("RUN"):
        if command.startswith("python "):
            subprocess.run(["sh", "-ec", command], cwd=work, env=env, check=True)
    return work, env
