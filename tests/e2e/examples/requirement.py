"""Reads the requirement's own Markdown file: which code block belongs to which example.

No code of the examples: it stays in the requirement, and is read each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.parts import REQUIREMENTS

PATH = REQUIREMENTS / "chatkit-custom-backend-examples.md"

_EXAMPLE = re.compile(r"^## Example (\d+)\b")
_PART = re.compile(r"^### (.+)$")
_FENCE = re.compile(r"^```(\w*)\s*$")
_ROUTE = re.compile(r"\((/api/[\w/]+)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the example's number, the heading over it ("" where there is none), its language and its text."""

    example: int
    part: str
    language: str
    code: str


def read_blocks(markdown: str) -> tuple[Block, ...]:
    """All fenced blocks of the examples, in order. Raises ValueError if a fence is left open."""
    blocks: list[Block] = []
    example, part, language = 0, "", ""
    code: list[str] | None = None
    for line in markdown.splitlines():
        fence = _FENCE.match(line)
        if code is not None and fence:
            blocks.append(Block(example, part, language, "\n".join(code) + "\n"))
            code = None
        elif code is not None:
            code.append(line)
        elif fence:
            language, code = fence.group(1), []
        elif found := _EXAMPLE.match(line):
            example, part = int(found.group(1)), ""
        elif found := _PART.match(line):
            part = found.group(1)
    if code is not None:
        raise ValueError(f"example {example}: a code block is not closed")
    return tuple(blocks)


def typescript_of(blocks: tuple[Block, ...], example: int) -> str:
    """An example's TypeScript as one module, unchanged: its front end, and its route handler where it has one."""
    return "\n".join(b.code for b in blocks if b.example == example and b.language == "typescript")


def python_of(blocks: tuple[Block, ...], example: int) -> str:
    """An example's Python, unchanged."""
    return "\n".join(b.code for b in blocks if b.example == example and b.language == "python")


def route_of(blocks: tuple[Block, ...], example: int) -> str | None:
    """The path in the heading over an example's exported `POST(Request)`, as /api/custom/session; None without one."""
    for block in blocks:
        if block.example == example and "export async function POST" in block.code:
            found = _ROUTE.search(block.part)
            if found is None:
                raise ValueError(f"example {example}: no path in the heading {block.part!r}")
            return found.group(1)
    return None
