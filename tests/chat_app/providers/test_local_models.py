"""The shelf of loaded models: each loaded once for all who wait, few kept, failures remembered for a while."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chat_app.domain.errors import UpstreamDown, UpstreamRefused
from chat_app.providers.local.files import Unusable
from chat_app.providers.local.models import Failure, Key, Loaded, Shelf, failure_of, load_model
from tests.parts import BASE_DIR
from tests.upstream.local_models import counting_models

A, B, C = (Key(name, "cpu", "auto") for name in "abc")


class Loader:
    """Loads nothing, slowly: waits for `go`, then gives a model or raises `error`."""

    def __init__(self) -> None:
        self.loads: list[Key] = []
        self.go = threading.Event()
        self.go.set()
        self.error: Exception | None = None

    def __call__(self, key: Key, say: Callable[[str], None]) -> Loaded:
        self.loads.append(key)
        say(f"half of {key.name}")
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        return Loaded(SimpleNamespace(), SimpleNamespace(), "cpu", None)


@pytest.fixture
def loader() -> Loader:
    return Loader()


def use(shelf: Shelf, key: Key) -> Loaded | Failure:
    entry = shelf.take(key)
    try:
        return entry.outcome.result(10)
    finally:
        shelf.give_back(entry)


def test_model_is_loaded_once_for_all_who_wait(loader: Loader) -> None:
    shelf = Shelf(loader)
    loader.go.clear()
    entries = [shelf.take(A) for _ in range(5)]
    loader.go.set()
    assert len({id(entry.outcome.result(10)) for entry in entries}) == 1
    assert loader.loads == [A]


def test_loading_goes_on_when_nobody_waits_any_more(loader: Loader) -> None:
    shelf = Shelf(loader)
    loader.go.clear()
    shelf.give_back(shelf.take(A))
    loader.go.set()
    assert isinstance(use(shelf, A), Loaded)
    assert loader.loads == [A]


def test_those_who_wait_see_what_is_being_done(loader: Loader) -> None:
    shelf = Shelf(loader)
    assert shelf.take(Key("/models/big one", "cpu", "auto")).note
    entry = shelf.take(A)
    entry.outcome.result(10)
    assert entry.note == "half of a"


def test_longest_idle_model_makes_room(loader: Loader) -> None:
    shelf = Shelf(loader, kept=2)
    for key in (A, B, A, C, A):
        use(shelf, key)
    assert loader.loads == [A, B, C]
    use(shelf, B)
    assert loader.loads == [A, B, C, B]


def test_model_in_use_stays_though_there_are_too_many(loader: Loader) -> None:
    shelf = Shelf(loader, kept=1)
    held = shelf.take(A)
    use(shelf, B)
    assert use(shelf, A) is held.outcome.result(10)
    assert loader.loads == [A, B]


def test_failure_is_remembered_and_tried_again_later(loader: Loader) -> None:
    loader.error = OSError("no such file: /secret/path")
    shelf = Shelf(loader, retry=3600)
    first, second = use(shelf, A), use(shelf, A)
    assert first is second
    assert isinstance(first, Failure)
    assert (first.kind, "/secret" in first.sentence) == (UpstreamRefused, False)
    assert loader.loads == [A]
    loader.error, shelf = None, Shelf(loader, retry=0)
    assert isinstance(use(shelf, A), Loaded)


def test_failed_model_is_loaded_anew_after_its_time(loader: Loader) -> None:
    shelf = Shelf(loader, retry=0)
    loader.error = OSError()
    assert isinstance(use(shelf, A), Failure)
    loader.error = None
    assert isinstance(use(shelf, A), Loaded)


def test_failure_is_logged_by_its_class_without_the_path(
    loader: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    loader.error = OSError("no such file: /secret/path")
    with caplog.at_level(logging.INFO):
        use(Shelf(loader), Key("/secret/path/model", "cpu", "auto"))
    assert "local model model not loaded: OSError" in caplog.text
    assert "/secret" not in caplog.text


def test_each_turn_gets_an_error_of_its_own(loader: Loader) -> None:
    failure = Failure(UpstreamDown, "It broke.")
    assert failure.error() is not failure.error()
    assert type(failure.error()) is UpstreamDown


class OutOfMemoryError(RuntimeError):
    """As torch calls it."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
)
def test_too_little_memory_is_said_so(error: Exception) -> None:
    failure = failure_of(error, UpstreamRefused, "other")
    assert (failure.kind, failure.sentence) == (
        UpstreamDown,
        "This server has too little memory for the model.",
    )


def test_what_makes_a_model_unusable_is_passed_on() -> None:
    assert failure_of(Unusable(UpstreamDown, "No."), UpstreamRefused, "other") == Failure(UpstreamDown, "No.")


def test_model_is_read_from_safetensors_alone_and_runs_no_code_of_others(
    tiny_model: Any, tmp_path: Any
) -> None:
    torch = pytest.importorskip("torch")
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in tiny_model.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        load_model(Key(str(folder), "cpu", "auto"), lambda _: None)


def test_model_that_needs_code_of_its_own_is_not_loaded(tiny_model: Any, tmp_path: Any) -> None:
    for file in tiny_model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text()
    config = config.replace('"model_type": "gpt2"', '"model_type": "evil"').replace(
        "{", '{"auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},', 1
    )
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "evil.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\nclass Model: pass\n"
    )
    with pytest.raises(ValueError):
        load_model(Key(str(tmp_path), "cpu", "auto"), lambda _: None)
    assert not (tmp_path / "ran").exists()


TWO_AT_ONCE = """
import sys
from chat_app.providers.local.models import Key, Shelf
shelf = Shelf()
entries = [shelf.take(Key(folder, "cpu", "auto")) for folder in sys.argv[1:]]
print(*(type(entry.outcome.result(120)).__name__ for entry in entries))
"""


def test_two_models_that_are_the_first_of_a_process_are_both_loaded() -> None:
    folders = [str(counting_models() / name) for name in ("counts", "silent")]
    done = subprocess.run(
        [sys.executable, "-c", TWO_AT_ONCE, *folders],
        cwd=BASE_DIR, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["Loaded", "Loaded"], done.stderr
