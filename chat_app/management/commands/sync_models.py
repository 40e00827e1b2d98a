"""`manage.py sync_models FILE [--check] [--prune]`: bring the catalogue in line with a file, and say what changed.

What a file may hold is `chat/modelfile.py`'s, what is done with it `chat/sync.py`'s; here is what is printed.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat_app.chat import modelfile
from chat_app.chat.modelfile import Problem
from chat_app.chat.sync import Change, Outcome, sync


class Command(BaseCommand):
    help = (
        "Makes the models what a TOML file says, all of it or nothing. A key that is left out has its default, but for a "
        'stored api_key, which stays until the file gives another (api_key = "" removes it).'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="models.toml")
        parser.add_argument(
            "--check",
            "--dry-run",
            action="store_true",
            help="Write nothing; exit code 1 if something would change.",
        )
        parser.add_argument(
            "--prune", action="store_true", help="Switch off the models that are not in the file."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        write = not options["check"]
        try:
            text = path.read_bytes().decode().replace("\r\n", "\n")
            entries, problems = modelfile.read(text)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or 'It cannot be read.'}") from None
        except UnicodeDecodeError:
            raise CommandError(f"{path}: It is not text in UTF-8.") from None
        except tomllib.TOMLDecodeError as error:
            raise CommandError(f"{path}: {error}") from None
        outcome = sync(entries, write=write and not problems, prune=options["prune"])
        if problems := [*problems, *outcome.problems]:
            raise CommandError(_complaint(path, text, problems))
        self._tell(outcome, write)
        if outcome.changed and not write:
            sys.exit(1)

    def _tell(self, outcome: Outcome, write: bool) -> None:
        width = max((len(change.model) for change in outcome.changes), default=0)
        for change in outcome.changes:
            head = f"{change.what:<9}  {change.model:<{width}}"
            for line in _words(change):
                self.stdout.write(f"{head}  {line}".rstrip())
        for model, why in outcome.missing.items():
            self.stdout.write(f"not ready  {model:<{width}}  {why}")
        whole = f"{outcome.changed} of {len(outcome.changes)} models"
        self.stdout.write(f"{whole} changed." if write else f"{whole} would change; nothing was written.")


def _words(change: Change) -> list[str]:
    """`default: false -> true`, one for each field that changes; an empty one where there is nothing to say."""
    fields = change.fields.items()
    return [
        f"{modelfile.key_of(name)}: {f'{before} -> {after}' if before else after}"
        for name, (before, after) in fields
    ] or [""]


def _complaint(path: Path, text: str, problems: list[Problem]) -> str:
    """All that is wrong, in the order of the file."""
    lines = modelfile.lines(text)
    told = []
    for problem in problems:
        key = problem.key.partition(".")[0]
        line = lines.get((problem.model, key)) or lines.get((problem.model, ""))
        name = ".".join(part for part in (problem.model, problem.key) if part)
        told.append(
            (line or 0, f"  {f'line {line}: ' if line else ''}{f'{name}: ' if name else ''}{problem.text}")
        )
    count = f"{len(told)} problem{'s' if len(told) != 1 else ''}"
    return "\n".join([f"{path}: {count}, nothing was changed.", *(words for _, words in sorted(told))])
