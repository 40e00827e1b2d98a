"""What is read from the rows once a second for a whole process: a value and until when it holds. Nothing here knows what."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
SECONDS: Final = 1.0


class Kept(Generic[T]):
    """The value that `load` gave, for SECONDS. May be asked on any thread; of those that ask at once one loads."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._value: tuple[T, float] | None = None  # with its end, monotonic
        self._forgotten = 0

    def get(self) -> T:
        """The value, at most so old. Raises what `load` raises."""
        kept = self._value
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        with self._lock:
            kept = self._value
            if kept is None or time.monotonic() >= kept[1]:
                before, value = self._forgotten, self._load()
                kept = (value, time.monotonic() + SECONDS)
                self._value = kept if before == self._forgotten else None
            return kept[0]

    def forget(self) -> None:
        """Load anew at the next question; what is being loaded just now is not kept either."""
        self._forgotten += 1
        self._value = None
