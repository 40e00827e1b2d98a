"""What a thread is called until somebody gives it a name.

Standard library only.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 60  # characters


def first_words(text: str) -> str:
    """The first words of a message, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
