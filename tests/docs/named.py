"""What there is to implement: the names in the type definitions of `@openai/chatkit` and in ChatKit's SDK; and what
`docs/without-openai.md` says of each. What is right is the tests' business.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from chatkit import actions, types, widgets
from pydantic import BaseModel

from tests.parts import BASE_DIR, NODE_MODULES

PAGE = BASE_DIR / "docs" / "without-openai.md"
HERE = Path(__file__).parent
CODE = re.compile(r"`([^`]+)`")
KINDS = ("same", "otherwise", "ignored")


@cache
def official() -> dict[str, Any]:
    """What the types name, read by TypeScript itself (`types.mjs`)."""
    command = ["node", str(HERE / "types.mjs"), str(NODE_MODULES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def widget_names() -> dict[str, set[str]]:
    """Each widget's type and its properties, of both the types and the SDK."""
    found = {name: set(properties) for name, properties in official()["widgets"].items()}
    for _, own in inspect.getmembers(widgets, inspect.isclass):
        if issubclass(own, BaseModel) and "type" in own.model_fields:
            fields = own.model_fields
            for name in get_args(fields["type"].annotation):
                properties = {field.alias or key for key, field in fields.items() if key != "type"}
                found.setdefault(name, set()).update(properties)
    return found


def members(union: Any) -> Iterator[type[BaseModel]]:
    """The models of a union, however it is nested."""
    if inspect.isclass(union) and issubclass(union, BaseModel):
        yield union
    for inner in get_args(union):
        yield from members(inner)


def kinds(union: Any) -> set[str]:
    """The values of `type` in a union of models."""
    return {value for one in members(union) for value in get_args(one.model_fields["type"].annotation)}


def protocol() -> dict[str, set[str]]:
    """What the SDK's types name of the protocol, by the tables of the page."""
    requests = members(types.ChatKitReq)
    operations = {value for one in requests for value in get_args(one.model_fields["type"].annotation)}
    return {
        "event of a stream": kinds(types.ThreadStreamEvent),
        "update of an item": kinds(types.ThreadItemUpdate),
        "item": kinds(types.ThreadItem),
        "operation": operations,
        "task": kinds(types.Task),
        "source of an annotation": kinds(types.Source),
        "question": kinds(types.StructuredInput),
        "state of a thread": kinds(types.ThreadStatus),
        "action": set(actions.ActionConfig.model_fields),
    }


@dataclass(frozen=True)
class Row:
    """One row of a table: its first cell as text, the names in all but the last, and how it is `here`."""

    table: str
    about: str
    names: tuple[str, ...]
    here: str

    @property
    def kind(self) -> str:
        """`same`, `otherwise` or `ignored`."""
        word = re.match(r"\w+", self.here)
        assert word is not None
        assert word[0] in KINDS, f"{self.about}: {self.here}"
        return word[0]


@cache
def rows() -> tuple[Row, ...]:
    """The rows of all tables behind "Item by item"."""
    found = []
    table = ""
    for line in PAGE.read_text().partition("\n## Item by item\n")[2].splitlines():
        if not line.startswith("|"):
            table = ""
            continue
        first, *rest = (cell.strip() for cell in line.strip().strip("|").split("|"))
        if not table:
            table = first
        elif not first.startswith("---"):
            named = " ".join(rest[:-1]) if len(rest) > 1 else first
            found.append(Row(table, first.strip("`"), tuple(CODE.findall(named)), rest[-1]))
    return tuple(found)


def of(table: str) -> list[Row]:
    """The rows of the tables with this word on top."""
    found = [row for row in rows() if row.table == table]
    assert found, f"no table of {table}"
    return found


def full(row: Row) -> list[str]:
    """A row's names as whole paths."""
    return [f"{row.about}.{name}" if row.about else name for name in row.names]
