"""The few models of kind `local` that this process holds loaded, and how they are loaded.

torch and transformers are imported in here where a model is loaded, in a thread of its own. Weights are read from
safetensors alone, and no code that comes with a model is ever run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chat_app.domain.errors import UpstreamDown, UpstreamError, UpstreamRefused
from chat_app.providers.local.files import Unusable, as_folder, cached, download

log = logging.getLogger(__name__)

KEPT: Final = 2  # models in memory; a third takes the place of the one that has been idle for longest
RETRY_SECONDS: Final = 30.0  # after which a model that could not be loaded is tried again
UNREADABLE: Final = (
    "The model cannot be loaded: it must be a causal language model with its tokenizer, in safetensors, "
    "without code of its own."
)


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a loaded model another one."""

    name: str
    device: str
    dtype: str

    @property
    def label(self) -> str:
        """The name for people: of a folder its last part alone."""
        return Path(self.name).name if as_folder(self.name) else self.name


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready. `positions` is how many tokens it can look at, None where it does not say."""

    model: Any
    tokenizer: Any
    device: str
    positions: int | None
    encoding: threading.Lock = field(default_factory=threading.Lock)  # tokenizers do not like company


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: made into a new error for each turn that hears of it."""

    kind: type[UpstreamError]
    sentence: str

    def error(self) -> UpstreamError:
        return self.kind(self.sentence)


@dataclass(eq=False)
class Entry:
    """A model on the shelf: still being loaded, ready, or failed. `note` is what those who wait are shown."""

    key: Key
    note: str
    users: int = 0
    failed_at: float | None = None
    outcome: Future[Loaded | Failure] = field(default_factory=Future)


Load = Callable[[Key, Callable[[str], None]], Loaded]
# The libraries import what a model takes while it is read, and put other modules in the place of their own at the end of it:
# of two threads in there at once the second would hold a half of them.
_reading = threading.Lock()


class Shelf:
    """The models of this process. Each is loaded once for all who wait for it, in a thread of its own, to the end even if
    nobody waits any more; one that failed is tried again after RETRY_SECONDS."""

    def __init__(self, load: Load | None = None, *, kept: int = KEPT, retry: float = RETRY_SECONDS) -> None:
        self._load = load or load_model
        self._kept = kept
        self._retry = retry
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, Entry] = OrderedDict()

    def take(self, key: Key) -> Entry:
        """The model's place on the shelf, to be given back; its loading begins where nobody has asked for it yet."""
        with self._lock:
            self._forget_failures()
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = Entry(key, f"Loading {key.label}…")
                self._make_room()
                entry.outcome.set_running_or_notify_cancel()
                threading.Thread(target=self._fill, args=(entry,), name="local-load", daemon=True).start()
            self._entries.move_to_end(key)
            entry.users += 1
            return entry

    def give_back(self, entry: Entry) -> None:
        """Nobody's turn needs it any more on this account."""
        with self._lock:
            entry.users -= 1
            self._make_room()

    def clear(self) -> None:
        """Let go of all models; those in use live until their turns end."""
        with self._lock:
            self._entries.clear()

    def _make_room(self) -> None:
        held = {key: entry for key, entry in self._entries.items() if entry.failed_at is None}
        idle = [key for key, entry in held.items() if not entry.users and entry.outcome.done()]
        for key in idle[: max(len(held) - self._kept, 0)]:
            del self._entries[key]

    def _forget_failures(self) -> None:
        before = time.monotonic() - self._retry
        for key, entry in list(self._entries.items()):
            if entry.failed_at is not None and entry.failed_at <= before:
                del self._entries[key]

    def _fill(self, entry: Entry) -> None:
        def say(note: str) -> None:
            entry.note = note

        began = time.monotonic()
        outcome: Loaded | Failure
        try:
            outcome = self._load(entry.key, say)
            log.info("local model %s loaded in %.1f s", entry.key.label, time.monotonic() - began)
        except Exception as error:
            outcome = failure_of(error, UpstreamRefused, UNREADABLE)
            entry.failed_at = time.monotonic()
            cause = error.__cause__ or error
            log.warning("local model %s not loaded: %s", entry.key.label, type(cause).__name__)
            log.debug("local model %s not loaded", entry.key.label, exc_info=error)
        entry.outcome.set_result(outcome)


def failure_of(error: BaseException, kind: type[UpstreamError], sentence: str) -> Failure:
    """What a turn is told of an error of the libraries: too little memory where it is that, else `kind` and `sentence`."""
    if isinstance(error, Unusable):
        return Failure(error.kind, error.sentence)
    if (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "allocate memory" in str(error)
    ):
        return Failure(UpstreamDown, "This server has too little memory for the model.")
    return Failure(kind, sentence)


def load_model(key: Key, say: Callable[[str], None]) -> Loaded:
    """Load a model and its tokenizer from a folder, from the cache, or from the hub where it is not here yet. Takes
    seconds to minutes; `say` is told where that changes. Raises what the libraries raise, and Unusable."""
    torch, transformers = _libraries()
    device = _device(torch, key.device)
    folder = as_folder(key.name) or cached(key.name)
    if folder is None:
        folder = download(key.name, say)
        say(f"Loading {key.label}…")
    safe = {"local_files_only": True, "trust_remote_code": False}
    dtype = key.dtype if key.dtype == "auto" else getattr(torch, key.dtype)
    with _reading:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **safe)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, use_safetensors=True, dtype=dtype, **safe
        )
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return Loaded(model.eval().to(device), tokenizer, device, positions)


def _libraries() -> tuple[Any, Any]:
    """torch and transformers, imported by one thread at a time."""
    with _reading:
        import torch
        import transformers

        _quiet(transformers)
    return torch, transformers


def _quiet(transformers: Any) -> None:
    """The server's log has lines of its own form; bars and hints for notebooks are none of them."""
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()


def _device(torch: Any, wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted != "cpu" and not torch.cuda.is_available():
        raise Unusable(UpstreamRefused, "This server has no CUDA device that torch can use.")
    return wanted
