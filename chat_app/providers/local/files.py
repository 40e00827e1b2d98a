"""Where the models of kind `local` lie: a folder, or the cache of Hugging Face's hub, and the way from there to here.

Files alone are looked at; torch and transformers are never imported in here.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chat_app.domain.errors import UpstreamDown, UpstreamError, UpstreamRefused

PACKAGES: Final = ("torch", "transformers")
FILES: Final = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
NOT_THESE: Final = ("*/*", "consolidated*")  # other formats' folders, and weights that some publish twice

_HUB_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")


class Unusable(Exception):
    """A model cannot be loaded; carries what the turn is told."""

    def __init__(self, kind: type[UpstreamError], sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


def missing(name: str) -> str | None:
    """What keeps the model `name` (a folder, or a name on Hugging Face's hub) from being loaded, as a sentence, or None.

    Looks at files alone, some microseconds' work.
    """
    absent = [package for package in PACKAGES if find_spec(package) is None]
    if absent:
        return f"Not installed: {' and '.join(absent)} (pip install -r requirements-local.txt)."
    folder = as_folder(name)
    if folder is not None:
        return (
            None
            if (folder / "config.json").is_file()
            else "There is no folder of that name with a model in it."
        )
    if not _HUB_NAME.fullmatch(name):
        return "The upstream model is neither a folder nor a name as Hugging Face's hub has them."
    from huggingface_hub import constants

    if constants.is_offline_mode() and cached(name) is None:
        return f"{name} is not in this machine's cache of models, and HF_HUB_OFFLINE forbids to download it."
    return None


def as_folder(name: str) -> Path | None:
    """The folder that a name means, there or not; None where it means a model on the hub."""
    path = Path(name).expanduser()
    return path if name.startswith((".", "~")) or path.is_absolute() or path.is_dir() else None


def cached(name: str) -> Path | None:
    """The folder of a hub's model in the local cache, if all that is needed is there."""
    from huggingface_hub import try_to_load_from_cache

    def found(file: str) -> Path | None:
        path = try_to_load_from_cache(name, file)
        return Path(path) if isinstance(path, str) else None

    config = found("config.json")
    tokens = found("tokenizer.json") or found("tokenizer.model") or found("vocab.json")
    if config is None or tokens is None:
        return None
    whole = found("model.safetensors") or found("model.safetensors.index.json")
    return config.parent if whole is not None and not _lacks_parts(whole) else None


def _lacks_parts(weights: Path) -> bool:
    """Whether an index of weights names files that are not there yet: a download was broken off."""
    if weights.suffix != ".json":
        return False
    parts = set(re.findall(r'"([^"/]+\.safetensors)"', weights.read_text()))
    return any(not (weights.parent / part).is_file() for part in parts)


def download(name: str, say: Callable[[str], None]) -> Path:
    """Fetch a model's files from the hub into the local cache. Raises Unusable."""
    from huggingface_hub import errors, snapshot_download

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs whole addresses, signatures and all
    done = threading.Event()
    threading.Thread(target=_watch, args=(name, say, done), name="local-download", daemon=True).start()
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES), ignore_patterns=list(NOT_THESE)))
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise Unusable(
            UpstreamRefused, "Hugging Face's hub has no such model, or not for everybody."
        ) from error
    except Exception as error:
        raise Unusable(UpstreamDown, "The model could not be downloaded from Hugging Face's hub.") from error
    finally:
        done.set()


def _watch(name: str, say: Callable[[str], None], done: threading.Event) -> None:
    """Say how much of a model has arrived, by the size of its files in the cache."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    blobs = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model") / "blobs"
    say(f"Downloading {name}…")
    while not done.wait(2.0):
        try:
            size = sum(entry.stat().st_size for entry in os.scandir(blobs))
        except OSError:  # not there yet, or a file changed its name under our eyes
            continue
        if not done.is_set():
            say(f"Downloading {name}, {size // 1_000_000} MB so far…")
