"""What a model says as text that can be stored and sent: no NUL, no lone surrogate. Nothing else is changed."""

from __future__ import annotations

REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """A whole text with NUL and lone surrogates as U+FFFD."""
    cleaner = Cleaner()
    return cleaner.clean(text) + cleaner.rest()


class Cleaner:
    """Cleans a stream of text; a surrogate pair that was cut between two pieces is put together again."""

    __slots__ = ("_high",)

    def __init__(self) -> None:
        self._high = ""

    def clean(self, text: str) -> str:
        """`text` with NUL and lone surrogates as U+FFFD; a high surrogate at its end waits for the next piece."""
        if "\0" in text:
            text = text.replace("\0", REPLACEMENT)
        if not self._high and text.isascii():
            return text
        text = self._high + text
        self._high = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text

    def rest(self) -> str:
        """What is left at the end of the stream."""
        high, self._high = self._high, ""
        return REPLACEMENT if high else ""
