"""From a thread's history to a prompt: what was said, newest whole turns first, as much as the model's context holds.

Pure functions but for `history`, which reads the path of a thread. How an item is put into words is `saying.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from chat_app.chat import saying
from chat_app.chat.catalog import Route
from chat_app.chat.saying import Attached
from chat_app.domain.prompt import MESSAGE, FilePart, Given, Message, Prompt, estimate_tokens
from chat_app.domain.turn import ANSWER
from chat_app.models import Item, sql

QUESTION = "user_message"
PER_MESSAGE = 4  # tokens that a message's frame costs in the usual chat templates
PER_FILE: Final = 800  # tokens that a picture is reckoned with
BATCH = 128
KINDS: Final = (QUESTION, *saying.KINDS)
TAKE_FILES: Final = frozenset({"openai", "python"})  # kinds of provider that can pass on what is no text
TEXTUAL: Final = ("text/", "application/json", "application/xml", "application/x-yaml", "application/yaml")
Files = Mapping[str, FilePart]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A user's message with the files that it names, and what was answered to it, if anything."""

    question: str
    answers: tuple[str, ...] = ()
    attached: tuple[Attached, ...] = ()
    tokens: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        tokens = sum([estimate_tokens(text) + PER_MESSAGE for text in (self.question, *self.answers)])
        object.__setattr__(self, "tokens", tokens + _weight(self.attached) if self.attached else tokens)


def history(thread_id: str, before_seq: int, budget: int) -> list[Exchange]:
    """The exchanges of the thread's path before an item, oldest first: as many whole ones as `budget` tokens hold.

    Reads in batches from the newest back, so that its cost follows the budget, not the length of the thread.
    """
    found: list[Exchange] = []
    answers: list[str] = []
    marks = ", ".join(["%s"] * len(KINDS))
    while True:
        rows = sql.fetch(
            f"SELECT seq, kind, text, data FROM {sql.table(Item)} WHERE thread_id = %s AND on_path = %s "  # noqa: S608
            f"AND seq < %s AND kind IN ({marks}) ORDER BY seq DESC LIMIT %s",
            [thread_id, True, before_seq, *KINDS, BATCH],
        )
        for seq, kind, text, raw in rows:
            before_seq = seq
            data = _data(raw)
            if kind == ANSWER and not data:
                answers.append(text)
                continue
            if kind != QUESTION:
                if (words := saying.answer(kind, text, data)) is not None:
                    answers.append(words)
                continue
            said = tuple(reversed(answers))
            exchange = (
                Exchange(saying.question(text, data), said, saying.attached(data))
                if data
                else Exchange(text, said)
            )
            answers = []
            budget -= exchange.tokens
            if budget < 0:
                return found[::-1]
            found.append(exchange)
        if len(rows) < BATCH:
            return found[::-1]


def _data(raw: str) -> Mapping[str, Any]:
    """A row's JSON, which a cursor gives as text."""
    if not raw or raw == "{}":
        return {}
    fields = json.loads(raw)
    return fields if isinstance(fields, dict) else {}


def _weight(files: Sequence[Attached]) -> int:
    return sum(file.size // 4 if is_text(file.mime_type) else PER_FILE for file in files)


def is_text(mime_type: str) -> bool:
    """Whether a file goes into the words of a message."""
    return mime_type.startswith(TEXTUAL)


def room(routes: Sequence[Route]) -> int:
    """The largest number of tokens that any of these routes has for a prompt."""
    return max((route.context - route.reserve for route in routes), default=0)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose turn a prompt is of, and what began it: it goes with the prompt unchanged."""

    owner: str = ""
    thread_id: str | None = None
    turn_id: str = ""
    given: Given = MESSAGE


NOBODY: Final = Whose()
NO_FILES: Final[Files] = MappingProxyType({})


def build(
    route: Route,
    past: Sequence[Exchange],
    question: Exchange,
    whose: Whose = NOBODY,
    files: Files = NO_FILES,
) -> Prompt:
    """The prompt for one route: system prompt, the newest exchanges that fit, the question. The question always stays.

    `files` holds the content of what the exchanges name, as far as it was read.
    """
    budget = route.context - route.reserve - question.tokens
    head: tuple[Message, ...] = ()
    if route.system_prompt:
        head = (Message("system", route.system_prompt),)
        budget -= estimate_tokens(route.system_prompt) + PER_MESSAGE
    first = len(past)
    while first and (budget := budget - past[first - 1].tokens) >= 0:
        first -= 1
    takes, most = route.config.kind in TAKE_FILES, 4 * (route.context - route.reserve)
    body = [
        message
        for exchange in past[first:]
        for message in (
            _asked(exchange, files if takes else _texts(files), most),
            *(Message("assistant", a) for a in exchange.answers if a),
        )
    ]
    last = _asked(question, files, most)
    return Prompt((*head, *body, last), whose.owner, whose.thread_id, whose.turn_id, whose.given)


def _texts(files: Files) -> Files:
    return {name: part for name, part in files.items() if is_text(part.media_type)}


def _asked(exchange: Exchange, files: Files, most: int) -> Message:
    """A user message: text files stand in its words, up to `most` characters each, others go along, and those that do not
    are named."""
    if not exchange.attached:
        return Message("user", exchange.question)
    words, parts, left = [exchange.question], [], []
    for file in exchange.attached:
        part = files.get(file.id)
        if part is None:
            left.append(file)
        elif is_text(part.media_type):
            words.append(_quoted(part, most))
        else:
            parts.append(part)
    words.append(saying.files_note(left))
    return Message("user", "\n\n".join(word for word in words if word), tuple(parts))


def _quoted(part: FilePart, most: int) -> str:
    text = part.content.decode("utf-8", "replace").replace("\x00", "\ufffd")
    end = f"[End of {part.name}]" if len(text) <= most else f"[{part.name} goes on]"
    return f"[File {part.name}]\n{text[:most]}\n{end}"


def estimate(prompt: Prompt) -> int:
    """The tokens of a prompt, guessed."""
    return sum(estimate_tokens(m.text) + PER_MESSAGE + PER_FILE * len(m.files) for m in prompt.messages)
