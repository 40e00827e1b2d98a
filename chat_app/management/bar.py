"""How a long command says how far it is: one line that is drawn anew on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import Final, TextIO

WIDTH: Final = 30  # signs
ON_TERMINAL, ELSEWHERE = 0.1, 10.0  # seconds between two lines


class Bar:
    """Writes to `out`, no more often than it can be read."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._terminal = out, out.isatty()
        self._next = self._length = 0.0

    def show(self, done: int, total: int, words: str = "") -> None:
        """How far it is; `total` 0 where that is not known yet."""
        now = time.monotonic()
        if now < self._next and not (total and done == total):
            return
        self._next = now + (ON_TERMINAL if self._terminal else ELSEWHERE)
        line = f"{done:,} of {total:,} {words}" if total else words
        if not self._terminal:
            self._out.write(f"{line}\n")
            return
        if total:
            full = WIDTH * done // total
            line = f"[{'#' * full}{'.' * (WIDTH - full)}] {line}"
        self._out.write(f"\r{line:<{int(self._length)}}")
        self._out.flush()
        self._length = len(line)

    def end(self) -> None:
        """What is printed next begins on a line of its own."""
        if self._terminal and self._length:
            self._out.write("\n")
            self._out.flush()
            self._length = 0.0
