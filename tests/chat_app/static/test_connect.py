"""The connector for ChatKit's client under Node's own test runner: a file of tests each; and its folder as npm takes it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from tests import parts

HERE = Path(__file__).parent
CONNECT = parts.BASE_DIR / "chat_app" / "static" / "chat_app" / "connect"
FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("name", FILES)
def test_connector_keeps_its_word(name: str) -> None:
    parts.require("node")
    command = ["node", "--experimental-websocket", "--no-warnings", "--test", str(HERE / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "# pass 0" not in done.stdout


def test_connector_is_served_where_the_contract_says() -> None:
    names = (
        "connect.js",
        "connect.d.ts",
        "connect/index.js",
        "connect/index.d.ts",
        "chatkit.js",
        "chatkit.d.ts",
    )
    for name in names:
        assert finders.find(f"chat_app/{name}") is not None, name


def test_package_holds_every_module_and_nothing_else(tmp_path: Path) -> None:
    parts.require("npm")
    command = ["npm", "pack", "--json", "--offline", "--no-update-notifier", "--cache", str(tmp_path)]
    command += ["--pack-destination", str(tmp_path)]
    packed = subprocess.run(command, cwd=CONNECT, capture_output=True, text=True, timeout=60, check=True)
    (told,) = json.loads(packed.stdout)
    manifest = json.loads((CONNECT / "package.json").read_text())
    assert {entry["path"] for entry in told["files"]} == {path.name for path in CONNECT.iterdir()}
    assert told["version"] == manifest["version"] == settings.SPECTACULAR_SETTINGS["VERSION"]
    assert not manifest.keys() & {"dependencies", "devDependencies", "scripts"}
    optional = manifest["peerDependenciesMeta"]
    assert all(optional[name] == {"optional": True} for name in manifest["peerDependencies"])
    named = [path for entry in manifest["exports"].values() for path in entry.values()]
    assert all((CONNECT / path).is_file() for path in named)


def test_only_the_react_module_names_a_package_of_others() -> None:
    names = re.compile(r"from '([^.'][^']*)'")
    found = {path.name: set(names.findall(path.read_text())) for path in CONNECT.glob("*.js")}
    assert found.pop("react.js") == {"@openai/chatkit-react", "react"}
    assert set().union(*found.values()) == set()


@pytest.mark.parametrize("project", ["without", "beside"])
def test_types_hold_for_a_page_without_and_beside_the_official_ones(project: str) -> None:
    parts.require("typescript")
    command = ["node", str(parts.TSC), "--project", str(HERE / "types" / project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
