"""The drop-in as `make chatkit` builds it: the same bytes wherever it is built, little at first, the rest later."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import parts
from tests.e2e.examples import bundles

parts.PARTS["examples_packages"] = lambda: (
    None if bundles.installed() else "tests/e2e/examples/install.sh has not been run"
)
STATIC = Path("chat_app", "static", "chat_app")
BUILD = Path("tests", "tools", "chatkit.mjs")
MOST_AT_FIRST = 120_000  # bytes, each file by itself with gzip -9, the connector among them
IMPORTS = re.compile(r'(?:from|import)\s*\(?"(\.{1,2}/[^"]+)"')
OWN_PLACE = re.compile(r'new URL\("(\.{1,2}/[^"]+)",import\.meta\.url\)')


def build(project: Path, output: Path) -> Path:
    """Build the drop-in of a project's folder into another one."""
    command = ["node", str(project / BUILD), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return output


def contents(folder: Path) -> dict[str, bytes]:
    """Each file of a folder by its path in it."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files as they are served, with a fresh `chatkit/built/`."""
    parts.require("node")
    parts.require("examples_packages")
    static = tmp_path_factory.mktemp("served") / "chat_app"
    shutil.copytree(parts.BASE_DIR / STATIC, static)
    build(parts.BASE_DIR, static / "chatkit" / "built")
    return static


def test_committed_build_is_that_of_the_sources(served: Path) -> None:
    committed, fresh = (
        contents(parts.BASE_DIR / STATIC / "chatkit" / "built"),
        contents(served / "chatkit" / "built"),
    )
    stale = sorted(name for name in committed.keys() | fresh.keys() if committed.get(name) != fresh.get(name))
    assert not stale, f"the drop-in's built files are not those of its sources, run make chatkit: {stale}"


def test_build_elsewhere_gives_the_same_bytes(served: Path, tmp_path: Path) -> None:
    shutil.copytree(served, tmp_path / STATIC)
    for name in (BUILD, Path("tests", "e2e", "examples", "package.json")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(parts.BASE_DIR / name, tmp_path / name)
    (tmp_path / "tests" / "e2e" / "examples" / "node_modules").symlink_to(parts.NODE_MODULES)
    again = contents(build(tmp_path, tmp_path / "output"))
    assert again == contents(served / "chatkit" / "built")
    assert not [name for name, data in again.items() if str(parts.BASE_DIR).encode() in data]


def test_build_drops_what_has_no_source_any_more(served: Path, tmp_path: Path) -> None:
    (tmp_path / "items").mkdir()
    (tmp_path / "items" / "former.js").write_text("export {};")
    assert "items/former.js" not in contents(build(parts.BASE_DIR, tmp_path))


def test_first_load_is_three_files_under_its_ceiling(served: Path) -> None:
    built = served / "chatkit" / "built"
    first = [built / "element.js", built / "styles" / "chat.css", built / "connect" / "index.js"]
    asks = re.compile(r'(?:^|;|\*/)import(?:[^"()]*from)?"([^"]+)"', re.MULTILINE)
    assert asks.findall(first[0].read_text()) == []
    assert asks.findall(first[2].read_text()) == ["../element.js"]
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in first) < MOST_AT_FIRST


def test_built_files_find_whatever_they_import_or_fetch(served: Path) -> None:
    found = set()
    for file in (served / "chatkit" / "built").rglob("*.js"):
        for way in IMPORTS.findall(file.read_text()):
            target = (file.parent / way).resolve()
            assert target.is_file(), f"{file.name} asks for {way}"
            found.add(target.relative_to(served).as_posix())
        # A module knows where its source lies, and finds from there what it fetches.
        for way in OWN_PLACE.findall(file.read_text()):
            assert (file.parent / way).is_file(), way
    assert {"chatkit/built/widgets/index.js", "chatkit/built/theme.js", "vendor/highlight.min.js"} <= found
    named = {
        f"chatkit/built/{name}" for name in contents(served / "chatkit" / "built") if name.endswith(".js")
    }
    assert named - found == set(), "nobody imports these"


def test_each_language_is_a_file_of_its_own(served: Path) -> None:
    named = set(
        re.findall(r"import\('\./strings/([\w-]+\.js)'\)", (served / "chatkit" / "locale.js").read_text())
    )
    assert {file.name for file in (served / "chatkit" / "built" / "strings").glob("*.js")} == named


def test_each_sheet_is_built_once(served: Path) -> None:
    sheets = (served / "chatkit" / "sheets.js").read_text()
    worn = set(re.findall(r"^  '([\w-]+)',$", sheets, re.MULTILINE))
    rest = {file.stem for file in (served / "chatkit" / "styles").glob("*.css")} - worn
    assert {file.stem for file in (served / "chatkit" / "built" / "styles").glob("*.css")} == {"chat", *rest}


@pytest.mark.parametrize("words", ["(c) 2018-2026, MarkedJS", "@license DOMPurify", "Lucide 1."])
def test_head_of_a_vendored_file_is_kept(served: Path, words: str) -> None:
    assert words in (served / "chatkit" / "built" / "element.js").read_text()
