"""From the requirement's text to scripts: one run of the Node build for all examples."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.examples.requirement import Block, typescript_of

FRONT_ENDS = (1, 2, 3, 4, 5, 6, 8)
HERE = Path(__file__).parent


def installed() -> bool:
    """Whether the pinned packages are in node_modules, whole: npm writes this file last."""
    return (HERE / "node_modules" / ".package-lock.json").is_file()


def build(blocks: tuple[Block, ...], folder: Path) -> Path:
    """Write each example's own code below `folder`, bundle it, and return where example-N.js and example-N.server.mjs lie."""
    source, output = folder / "source", folder / "bundles"
    source.mkdir()
    for example in FRONT_ENDS:
        (source / f"example-{example}.tsx").write_text(typescript_of(blocks, example), encoding="utf-8")
    command = ["node", str(HERE / "build.mjs"), str(source), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return output
