"""Vendors Lucide's icons from its npm package: the few that our names use as a module, all of them as one JSON file.

    npm pack lucide-static && tar xzf lucide-static-*.tgz && python -m tests.tools.lucide package

Writes both files, their entry in vendor.json and the licence. Nothing here knows how an icon is drawn.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[2] / "chat_app" / "static" / "chat_app"
VENDOR = STATIC / "vendor"
NAMES = STATIC / "chatkit" / "icons" / "names.js"
SHAPE = re.compile(r"<(path|circle|rect|line|polyline|polygon|ellipse)\s([^>]*?)/>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
KEPT = {"d", "cx", "cy", "r", "rx", "ry", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "points"}

Shapes = list[list[Any]]


def wanted() -> list[str]:
    """Lucide's names among the values of names.js."""
    values = re.findall(r"^  [\w'-]+: '([^']+)'", NAMES.read_text(), re.MULTILINE)
    return sorted({value.split()[0] for value in values})


def aliases(folder: Path, icons: dict[str, Shapes]) -> dict[str, str]:
    """Former names, which the package keeps as drawings that equal those of the present names."""
    present = {json.dumps(shapes): name for name, shapes in icons.items()}
    found = {}
    for file in sorted((folder / "icons").glob("*.svg")):
        if file.stem not in icons:
            shapes = [[tag, dict(ATTRIBUTE.findall(rest))] for tag, rest in SHAPE.findall(file.read_text())]
            name = present.get(json.dumps(slim(shapes)))
            if name:
                found[file.stem] = name
    return found


def slim(shapes: Shapes) -> Shapes:
    """Only what a drawing needs, in an order that does not depend on the source."""
    return [[tag, {key: rest[key] for key in sorted(rest) if key in KEPT}] for tag, rest in shapes]


def write(name: str, text: str) -> str:
    """Write a vendored file and give its hash."""
    (VENDOR / name).write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


def main(folder: Path) -> None:
    """Vendor what `folder`, an unpacked lucide-static, holds."""
    source = folder / "icon-nodes.json"
    icons = {name: slim(shapes) for name, shapes in json.loads(source.read_text()).items()}
    missing = [name for name in wanted() if name not in icons]
    if missing:
        raise SystemExit(f"not among Lucide's icons: {', '.join(missing)}")
    few = {name: icons[name] for name in wanted()}
    rows = "\n".join(
        f"  {json.dumps(name)}: {json.dumps(shapes, separators=(',', ':'))}," for name, shapes in few.items()
    )
    version = json.loads((folder / "package.json").read_text())["version"]
    head = f"/* Lucide {version}, ISC licence: see licences/lucide.txt. Made by tests/tools/lucide.py. */\n"
    everything = {"version": version, "icons": icons, "aliases": aliases(folder, icons)}
    files = {
        "lucide.subset.js": write("lucide.subset.js", f"{head}export default {{\n{rows}\n}};\n"),
        "lucide.json": write("lucide.json", json.dumps(everything, separators=(",", ":")) + "\n"),
    }
    shutil.copyfile(folder / "LICENSE", VENDOR / "licences" / "lucide.txt")
    manifest = json.loads((VENDOR / "vendor.json").read_text())
    common = {
        "package": "lucide-static",
        "version": version,
        "licence": "ISC AND MIT",
        "upstream_file": "icon-nodes.json",
        "upstream_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence_files": ["licences/lucide.txt"],
    }
    changes = {
        "lucide.subset.js": "the icons that chatkit/icons/names.js names, as a module, by tests/tools/lucide.py",
        "lucide.json": "without whitespace, with its version and the former names as aliases, by tests/tools/lucide.py",
    }
    kept = [entry for entry in manifest["files"] if entry["package"] != "lucide-static"]
    made = [
        {"name": "lucide", "file": name, "sha256": digest, "changes": changes[name], **common}
        for name, digest in files.items()
    ]
    (VENDOR / "vendor.json").write_text(json.dumps({"files": [*kept, *made]}, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
