"""Text on both sides of a local model: the prompt as it reads it, and its tokens as text that can be shown.

Works on any tokenizer of transformers without importing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from chat_app.domain.prompt import Message
from chat_app.providers.text import REPLACEMENT, Cleaner

LABELS: Final = {"system": "", "user": "User: ", "assistant": "Assistant: "}
TURN_ENDS: Final = ("\nUser:", "\nAssistant:")  # where a base model goes on with the talk by itself
CUT_CHARACTER: Final = 8  # tokens; no character is spread over more


def transcript(messages: Iterable[Message]) -> str:
    """The conversation as a base model can go on with it: a line for each message, open where the answer begins."""
    said = "".join(f"{LABELS[message.role]}{message.text.strip()}\n" for message in messages)
    return f"{said}Assistant:"


def templated(tokenizer: Any, messages: Sequence[Message]) -> str:
    """The conversation in the model's own form. Where its template takes no system prompt, the first message has it."""
    told = [{"role": message.role, "content": message.text} for message in messages]
    try:
        return _apply(tokenizer, told)
    except Exception:  # templates refuse by raising what they like
        if len(told) < 2 or told[0]["role"] != "system":
            raise
        first = {**told[1], "content": f"{told[0]['content']}\n\n{told[1]['content']}"}
        return _apply(tokenizer, [first, *told[2:]])


def _apply(tokenizer: Any, told: Sequence[dict[str, str]]) -> str:
    return str(tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True))


def special_tokens(tokenizer: Any) -> frozenset[int]:
    """The tokens that are marks and no text."""
    marked = (number for number, token in tokenizer.added_tokens_decoder.items() if token.special)
    return frozenset([*tokenizer.all_special_ids, *marked])


class Speech:
    """Tokens in, text out: what came so far and can no longer change. Special tokens are no text.

    Text that may be the beginning of a stop text is held back; `stopped` is set once one is complete, and nothing of it
    or after it comes out. `strip` takes away the white space before the first word.
    """

    def __init__(self, tokenizer: Any, *, stops: Sequence[str] = (), strip: bool = False) -> None:
        self.stopped = False
        self._decode = tokenizer.decode
        self._special = special_tokens(tokenizer)
        self._stops = tuple(stops)
        self._strip = strip
        self._cleaner = Cleaner()
        self._tokens: list[
            int
        ] = []  # the last that were shown, which shape the next, and those that were not
        self._shown = 0
        self._held = ""

    def hear(self, token: int) -> str:
        """The text that this token brings, empty while a character or a stop text is incomplete."""
        if self.stopped or token in self._special:
            return ""
        self._tokens.append(token)
        text = self._new_text()
        if text.endswith(REPLACEMENT) and len(self._tokens) - self._shown < CUT_CHARACTER:
            return ""
        self._tokens = self._tokens[self._shown :]
        self._shown = len(self._tokens)
        return self._show(text)

    def rest(self) -> str:
        """What was held back, at the end of the answer."""
        if self.stopped:
            return ""
        text = self._new_text() if len(self._tokens) > self._shown else ""
        self._shown = len(self._tokens)
        shown = self._show(text)
        held, self._held = self._held, ""
        return shown + self._stripped(held)

    def _new_text(self) -> str:
        before = self._text(self._tokens[: self._shown])
        return self._text(self._tokens)[len(before) :]

    def _text(self, tokens: Sequence[int]) -> str:
        if not tokens:
            return ""
        return str(self._decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _show(self, text: str) -> str:
        text = self._held + self._cleaner.clean(text)
        ends = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        self.stopped = bool(ends)
        cut = (
            min(ends) if ends else len(text) - max((_overlap(text, stop) for stop in self._stops), default=0)
        )
        self._held = "" if ends else text[cut:]
        return self._stripped(text[:cut])

    def _stripped(self, text: str) -> str:
        if self._strip:
            text = text.lstrip()
            self._strip = not text
        return text


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` are the beginning of `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
