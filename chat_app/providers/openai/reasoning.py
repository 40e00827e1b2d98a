"""What a model says to itself, shown in passing: a remark now and then, never text of the answer and never stored.

No JSON and no dialect: thoughts come as strings, wherever a dialect finds them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from chat_app.providers.text import Cleaner

INTERVAL: Final = 0.5  # seconds from one remark to the next, at the least
LIMIT: Final = 200  # characters of a remark

_KEPT: Final = 4 * LIMIT  # characters that a remark is made of
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SENTENCE: Final = re.compile(r"[.!?]\s+|[。！？]\s*")
_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class Thoughts:
    """Hears the thoughts of one answer and says which remark to show."""

    __slots__ = ("_cleaner", "_clock", "_due", "_heard", "_shown")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._cleaner = Cleaner()
        self._clock = clock
        self._due = float("-inf")
        self._heard = ""
        self._shown = ""

    def hear(self, text: str) -> str:
        """Take what came. Gives the remark to show now; empty where the last one is too fresh or says the same."""
        self._heard = (self._heard + self._cleaner.clean(text))[-_KEPT:]
        now = self._clock()
        if now < self._due:
            return ""
        remark = last_words(self._heard)
        if not remark or remark == self._shown:
            return ""
        self._due, self._shown = now + INTERVAL, remark
        return remark


def last_words(text: str) -> str:
    """The last line that says something, on one line and without its Markdown; of a long one the end, from the beginning
    of a sentence if it has one, else of a word."""
    for line in reversed(text.splitlines()):
        words = " ".join(_CONTROLS.sub(" ", line).split()).lstrip("#>*- ").rstrip("* ")
        if words:
            break
    else:
        return ""
    if len(words) <= LIMIT:
        return words
    end = words[-(LIMIT - 2) :]
    if (found := _SENTENCE.search(end)) and found.end() < len(end):
        return end[found.end() :]
    return "… " + end[end.find(" ") + 1 :]


class ThinkTags:
    """Tells the thoughts from the text where a model writes `<think>…</think>` at the very start of its answer."""

    __slots__ = ("_held", "_take")

    def __init__(self) -> None:
        self._held = ""
        self._take = self._at_start

    def split(self, text: str) -> tuple[str, str]:
        """What of `text` belongs to the answer, and what to the thoughts. May hold some back until more has come."""
        return self._take(text)

    def rest(self) -> str:
        """What the end of the stream leaves of the answer's text."""
        held, self._held = self._held, ""
        return held if self._take == self._at_start else ""

    def _at_start(self, text: str) -> tuple[str, str]:
        text, self._held = self._held + text, ""
        bare = text.lstrip()
        if bare.startswith(_OPEN):
            self._take = self._inside
            return self._inside(bare[len(_OPEN) :])
        if _OPEN.startswith(bare):
            self._held = text
            return "", ""
        self._take = self._outside
        return text, ""

    def _inside(self, text: str) -> tuple[str, str]:
        thoughts, closed, text = (self._held + text).partition(_CLOSE)
        if closed:
            self._held, self._take = "", self._after
            return self._after(text)[0], thoughts
        cut = next((n for n in range(len(_CLOSE) - 1, 0, -1) if thoughts.endswith(_CLOSE[:n])), 0)
        self._held = thoughts[len(thoughts) - cut :]
        return "", thoughts[: len(thoughts) - cut]

    def _after(self, text: str) -> tuple[str, str]:
        text = text.lstrip()
        if text:
            self._take = self._outside
        return text, ""

    def _outside(self, text: str) -> tuple[str, str]:
        return text, ""
