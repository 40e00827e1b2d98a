"""The ceilings of the house: 350 lines a file, 60 lines a function. What is made or vendored is not ours to cut."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FILE_LINES, FUNCTION_LINES = 350, 60
SKIPPED = ("migrations", "vendor", "node_modules", "built")
SUFFIXES = (".py", ".js", ".css", ".html")


def too_long(paths: list[Path]) -> Iterator[str]:
    """A line for each file and each Python function that is over its ceiling."""
    for path in paths:
        if path.suffix not in SUFFIXES or any(part in SKIPPED for part in path.parts) or not path.exists():
            continue
        text = path.read_text()
        lines = text.count("\n")
        if lines > FILE_LINES:
            yield f"{path}: {lines} lines, ceiling {FILE_LINES}"
        if path.suffix == ".py":
            yield from _functions(path, text)


def _functions(path: Path, text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: not Python: {error.msg}"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, ceiling {FUNCTION_LINES}"
