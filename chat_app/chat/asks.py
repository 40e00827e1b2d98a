"""What passes between a caller, the start of a turn and the engine that runs it: plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chat_app.chat import context
from chat_app.chat.catalog import Route
from chat_app.chat.saying import Attached
from chat_app.domain.errors import TurnRunning
from chat_app.domain.prompt import MESSAGE, Given
from chat_app.domain.shapes import ItemInfo, ThreadInfo
from chat_app.streaming.log import Past
from sessions_app.principal import Principal

Identify = Callable[[], Principal]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller wants answered. `idempotency_key` is the caller's own. `one_off` makes a turn that belongs to no
    thread, and `only_model` one that no fallback may answer: both are for staff who try a model.

    `new_thread` begins a conversation whatever the session's is. `data` is what a message holds beside its text, as its item
    keeps it (`content`, `quoted_text`, `inference_options`); `attachments` are ids of files, `tool` is the tool chosen for it.
    """

    text: str
    thread_id: str | None = None
    model: str | None = None
    on_busy: Literal["reject", "replace"] = "reject"
    idempotency_key: str | None = None
    one_off: bool = False
    only_model: bool = False
    new_thread: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()
    tool: str | None = None

    @property
    def digest(self) -> str:
        parts = [self.text, self.thread_id or "", self.model or ""]
        if self.data or self.attachments or self.new_thread:
            rest = [self.data, self.attachments, self.new_thread, self.tool]
            parts.append(json.dumps(rest, sort_keys=True))
        return digest_of(*parts)


@dataclass(frozen=True, slots=True)
class Step:
    """What begins a turn in a thread without a message. `tool_output`: `result` is what the newest pending client tool
    returned. `structured_input`: `answers` to the item `item_id`, `{status, answers: {id: {values, skipped}}}`. `action`:
    `{type, payload}`, from the widget `item_id` where it has one."""

    thread_id: str
    trigger: Literal["tool_output", "structured_input", "action"]
    item_id: str | None = None
    result: Any = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    action: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None

    @property
    def digest(self) -> str:
        rest = [self.result, self.answers, self.action]
        return digest_of(self.trigger, self.thread_id, self.item_id or "", json.dumps(rest, sort_keys=True))


def digest_of(*parts: str) -> str:
    """What tells one request from another under the same idempotency key."""
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
    given: Given = MESSAGE
    files: Sequence[Attached] = ()
    title: str | None = None  # that a new thread was given for want of a better one
    past_events: Past | None = None  # what was told of it so far, where another worker has begun it

    @property
    def whose(self) -> context.Whose:
        """Whose turn it is and what began it."""
        return context.Whose(self.owner, self.thread_id, self.turn_id, self.given)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a turn changed in its thread by beginning: what a front end that shows the thread is told before the events.

    `item` is the user's message, or the answered structured input. `expired` are client tools that nobody answered in time.
    `replaces` are the items whose place a retry's answer takes, for a follower who has not asked for it.
    """

    thread: ThreadInfo
    is_new: bool = False
    item: ItemInfo | None = None
    expired: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """The outcome of a start: a turn to follow, and what to run for it (None: it runs or ran already)."""

    turn_id: str
    thread_id: str | None
    principal: Principal
    spec: TurnSpec | None = None
    opening: Opening | None = None


class Busy(TurnRunning):
    """The thread's active turn stands in the way; `turn_id` names it, so that `replace` can cancel it. `abandoned` says that
    whoever asked for it has hung up, which may have meant Stop: it makes way for what comes next."""

    def __init__(self, turn_id: str, *, abandoned: bool = False) -> None:
        super().__init__()
        self.turn_id = turn_id
        self.abandoned = abandoned


def session_thread(session_id: str) -> str:
    """The id of a session's thread: the same for all who hold the session, before and after the thread exists."""
    return "thr_" + session_id.partition("_")[2]
