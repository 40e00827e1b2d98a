"""From a thread's history to a prompt: what was said, newest whole turns first, as much as the model's context holds.

Pure functions but for `history`, which reads the path of a thread.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from chat_app.chat.catalog import Route
from chat_app.domain.prompt import Message, Prompt, estimate_tokens
from chat_app.domain.turn import ANSWER
from chat_app.models import Item, sql

QUESTION = "user_message"
PER_MESSAGE = 4  # tokens that a message's frame costs in the usual chat templates
BATCH = 128
MARKS = {
    "cancelled": "[The answer was stopped here.]",
    "interrupted": "[The answer was cut off here.]",
    "failed": "[The answer failed here.]",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A user's message and what was answered to it, if anything."""

    question: str
    answers: tuple[str, ...] = ()
    tokens: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        tokens = sum([estimate_tokens(text) + PER_MESSAGE for text in (self.question, *self.answers)])
        object.__setattr__(self, "tokens", tokens)


def history(thread_id: str, before_seq: int, budget: int) -> list[Exchange]:
    """The exchanges of the thread's path before an item, oldest first: as many whole ones as `budget` tokens hold.

    Reads in batches from the newest back, so that its cost follows the budget, not the length of the thread.
    """
    found: list[Exchange] = []
    answers: list[str] = []
    while True:
        rows = sql.fetch(
            f"SELECT seq, kind, text, data FROM {sql.table(Item)} WHERE thread_id = %s AND on_path = %s "  # noqa: S608
            "AND seq < %s AND kind IN (%s, %s) ORDER BY seq DESC LIMIT %s",
            [thread_id, True, before_seq, QUESTION, ANSWER, BATCH],
        )
        for seq, kind, text, data in rows:
            before_seq = seq
            if kind == ANSWER:
                mark = _mark(data)
                answers.append(f"{text}\n\n{mark}" if mark else text)
                continue
            exchange = Exchange(text, tuple(reversed(answers)))
            answers = []
            budget -= exchange.tokens
            if budget < 0:
                return found[::-1]
            found.append(exchange)
        if len(rows) < BATCH:
            return found[::-1]


def _mark(data: str) -> str | None:
    """What a half answer is marked with; `data` is a row's JSON as text."""
    if not data or data == "{}":
        return None
    fields = json.loads(data)
    return MARKS.get(fields.get("state", "")) if isinstance(fields, dict) else None


def room(routes: Sequence[Route]) -> int:
    """The largest number of tokens that any of these routes has for a prompt."""
    return max((route.context - route.reserve for route in routes), default=0)


def build(
    route: Route,
    past: Sequence[Exchange],
    question: str,
    owner: str = "",
    thread_id: str | None = None,
    turn_id: str = "",
) -> Prompt:
    """The prompt for one route: system prompt, the newest exchanges that fit, the question. The question always stays.

    Whose turn it is goes with it unchanged.
    """
    budget = route.context - route.reserve - estimate_tokens(question) - PER_MESSAGE
    head: tuple[Message, ...] = ()
    if route.system_prompt:
        head = (Message("system", route.system_prompt),)
        budget -= estimate_tokens(route.system_prompt) + PER_MESSAGE
    first = len(past)
    while first and (budget := budget - past[first - 1].tokens) >= 0:
        first -= 1
    body = [
        message
        for exchange in past[first:]
        for message in (
            Message("user", exchange.question),
            *(Message("assistant", a) for a in exchange.answers if a),
        )
    ]
    return Prompt((*head, *body, Message("user", question)), owner, thread_id, turn_id)


def estimate(prompt: Prompt) -> int:
    """The tokens of a prompt, guessed."""
    return sum(estimate_tokens(m.text) + PER_MESSAGE for m in prompt.messages)
