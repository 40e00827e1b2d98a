"""Files of others in our tree: each folder `vendor` has a manifest.json that lists every file in it with its SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path


def wrong(paths: list[Path]) -> Iterator[str]:
    """A line for each vendored file that is not listed, has changed or is missing."""
    kept = [path for path in paths if "vendor" in path.parts and path.exists()]
    for folder in sorted({Path(*path.parts[: path.parts.index("vendor") + 1]) for path in kept}):
        manifest = folder / "manifest.json"
        if not manifest.exists():
            yield f"{manifest}: missing"
            continue
        hashes = _hashes(json.loads(manifest.read_text()))
        found = {str(path.relative_to(folder)): path for path in kept if path.is_relative_to(folder)}
        found.pop("manifest.json", None)
        for name in sorted(hashes.keys() - found.keys()):
            yield f"{folder / name}: listed in the manifest, but not there"
        for name, path in sorted(found.items()):
            if name not in hashes:
                yield f"{path}: not listed in the manifest"
            elif hashes[name] != hashlib.sha256(path.read_bytes()).hexdigest():
                yield f"{path}: differs from the hash in the manifest"


def _hashes(manifest: object) -> dict[str, str]:
    """`{file: sha256}` out of entries `{"file": ..., "sha256": ...}` or `{file: {"sha256": ...}}` at any depth."""
    hashes: dict[str, str] = {}
    if isinstance(manifest, dict):
        if "file" in manifest and "sha256" in manifest:
            hashes[manifest["file"]] = manifest["sha256"]
        for name, value in manifest.items():
            if isinstance(value, dict) and "sha256" in value and "file" not in value:
                hashes[name] = value["sha256"]
            else:
                hashes.update(_hashes(value))
    elif isinstance(manifest, list):
        for entry in manifest:
            hashes.update(_hashes(entry))
    return hashes
