"""What passes between a caller, the start of a turn and the engine that runs it: plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from chat_app.chat import context
from chat_app.chat.catalog import Route
from chat_app.domain.errors import TurnRunning
from sessions_app.principal import Principal

Identify = Callable[[], Principal]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller wants answered. `idempotency_key` is the caller's own. `one_off` makes a turn that belongs to no
    thread, and `only_model` one that no fallback may answer: both are for staff who try a model.
    """

    text: str
    thread_id: str | None = None
    model: str | None = None
    on_busy: Literal["reject", "replace"] = "reject"
    idempotency_key: str | None = None
    one_off: bool = False
    only_model: bool = False

    @property
    def digest(self) -> str:
        parts = (self.text, self.thread_id or "", self.model or "")
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class TurnSpec:
    """All that the engine needs to run a turn, as plain values: it reads no row until the turn's end.

    `forced` is staff's 'try it': the one route is tried whatever its breaker says. `charges` are the allowances
    (`QuotaUse` rows) that the turn's tokens and cost are added to at its end.
    """

    turn_id: str
    owner: str
    thread_id: str | None
    fence: int
    trigger: str
    requested_model: str
    question: str
    question_seq: int
    answer_seq: int
    candidates: Sequence[Route]
    past: Sequence[context.Exchange]
    forced: bool = False
    charges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """The outcome of a start: a turn to follow, and what to run for it (None: it runs or ran already)."""

    turn_id: str
    thread_id: str | None
    principal: Principal
    spec: TurnSpec | None = None


class Busy(TurnRunning):
    """The thread's active turn stands in the way; `turn_id` names it, so that `replace` can cancel it."""

    def __init__(self, turn_id: str) -> None:
        super().__init__()
        self.turn_id = turn_id


def session_thread(session_id: str) -> str:
    """The id of a session's thread: the same for all who hold the session, before and after the thread exists."""
    return "thr_" + session_id.partition("_")[2]
