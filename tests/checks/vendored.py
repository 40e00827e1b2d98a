"""Files of others in our tree: each folder `vendor` has a vendor.json that lists its files with hash, licence and version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

MANIFEST = "vendor.json"


def wrong(paths: list[Path]) -> Iterator[str]:
    """A line for each vendored file that is not listed, has changed or is missing."""
    kept = [path for path in paths if "vendor" in path.parts and path.exists()]
    for folder in sorted({Path(*path.parts[: path.parts.index("vendor") + 1]) for path in kept}):
        if not (folder / MANIFEST).exists():
            yield f"{folder / MANIFEST}: missing"
            continue
        entries = json.loads((folder / MANIFEST).read_text())["files"]
        hashes = {entry["file"]: entry["sha256"] for entry in entries}
        listed = {*hashes, MANIFEST, *(name for entry in entries for name in entry["licence_files"])}
        found = {str(path.relative_to(folder)): path for path in kept if path.is_relative_to(folder)}
        yield from (f"{folder / name}: listed, but not there" for name in sorted(listed - found.keys()))
        yield from (f"{folder / name}: not listed in {MANIFEST}" for name in sorted(found.keys() - listed))
        for name in sorted(hashes.keys() & found.keys()):
            if hashlib.sha256(found[name].read_bytes()).hexdigest() != hashes[name]:
                yield f"{folder / name}: differs from its hash in {MANIFEST}"
