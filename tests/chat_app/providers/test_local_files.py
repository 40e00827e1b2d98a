"""Where local models lie, and what is said of those that are not there; without torch, which is never imported for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chat_app.providers.local import files as local_files
from tests.parts import BASE_DIR, require


def test_packages_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_files, "PACKAGES", ("torch_of_tomorrow", "json"))
    sentence = local_files.missing("gpt2")
    assert sentence == "Not installed: torch_of_tomorrow (pip install -r requirements-local.txt)."


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the packages were there, for what is found out by files alone."""
    monkeypatch.setattr(local_files, "PACKAGES", ("json",))


@pytest.mark.usefixtures("installed")
def test_folder_is_there_when_it_holds_a_model(tmp_path: Path) -> None:
    assert "no folder" in (local_files.missing(str(tmp_path)) or "")
    assert "no folder" in (local_files.missing(str(tmp_path / "nowhere")) or "")
    (tmp_path / "config.json").write_text("{}")
    assert local_files.missing(str(tmp_path)) is None


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["a/b/c", "../x", "gpt2 ", "https://example.com/gpt2", "a//b", "-x"])
def test_name_that_no_hub_has_is_refused(name: str) -> None:
    assert local_files.missing(name) is not None


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's cache of its own; the folder of `org/model`'s only snapshot in it."""
    require("local_model")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    model = tmp_path / "models--org--model"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc")
    snapshot = model / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    return snapshot


def test_hub_model_that_is_not_in_the_cache_is_missing_offline(hub_cache: Path) -> None:
    sentence = local_files.missing("org/other")
    assert (
        sentence
        == "org/other is not in this machine's cache of models, and HF_HUB_OFFLINE forbids to download it."
    )


def test_hub_model_is_there_once_all_its_parts_are(hub_cache: Path) -> None:
    for name in ("config.json", "tokenizer.json"):
        (hub_cache / name).write_text("{}")
    assert local_files.missing("org/model") is not None
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (hub_cache / "model.safetensors.index.json").write_text(json.dumps(index))
    (hub_cache / "model-1.safetensors").touch()
    assert local_files.missing("org/model") is not None
    (hub_cache / "model-2.safetensors").touch()
    assert local_files.missing("org/model") is None
    assert local_files.cached("org/model") == hub_cache


def test_hub_model_with_online_hub_is_downloaded_when_asked_for(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert local_files.missing("org/other") is None


def test_what_is_missing_is_found_out_without_torch() -> None:
    require("local_model")
    code = (
        "import sys; from chat_app.providers.registry import provider; from chat_app.providers.base import RouteConfig; "
        "print(provider('local').missing(RouteConfig('m', 'local'))); "
        "print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
