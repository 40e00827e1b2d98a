"""The one vocabulary of events: all that can happen within a turn, as frozen dataclasses.

Standard library only. Legal order and folding are `turn.py`'s; key names on a wire are `wire/`'s. Later work adds encoders,
not events. An event carries no number: the log gives it one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Level = Literal["info", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class ItemData:
    """One entry of a thread as it stands. `kind` is ChatKit's item type; `data` holds what kinds without text need. The
    engine says when it was made."""

    id: str
    kind: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UsageData:
    """Tokens of one answer and their price. `cost` is a decimal string in `currency`, absent where no price is known."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False
    cost: str | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class RouteChosen:
    """A route begins to answer. `attempt` counts from 1; `reason` says why the one before was left."""

    model: str
    attempt: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An item begins; text and updates may follow."""

    item: ItemData


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text at the end of an open item. Never empty."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemUpdated:
    """A change within an open item: `update` is the change in ChatKit's terms, `item` the whole after it."""

    item: ItemData
    update: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemDone:
    """An item is whole; it replaces what was shown under its id. It needs no ItemAdded before it. `earlier` says that it
    belongs to an earlier turn of the thread, and this one changes it."""

    item: ItemData
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """An item of this turn is withdrawn, or one of an earlier turn of the thread."""

    item_id: str
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class ThreadUpdated:
    """Title or status of the thread changed during the turn, or whence it may show pictures; what is None did not change.
    `reason` belongs to a status."""

    title: str | None = None
    status: Literal["active", "locked", "closed"] | None = None
    reason: str | None = None
    image_domains: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A passing remark, replaced by the next one or by an item; never stored."""

    text: str
    icon: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark for the person that is no part of the answer; never stored."""

    level: Level
    detail: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ClientEffect:
    """Something the front end is asked to do; never stored."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Whether a front end should offer to stop the answer; never stored. Whoever may stop it still may."""

    allow_cancel: bool


@dataclass(frozen=True, slots=True)
class Completed:
    """The answer is whole."""

    text: str
    model: str
    usage: UsageData


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer could not be given; `text` is what was said before that."""

    code: str
    detail: str
    retryable: bool
    text: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Someone with the right to do so stopped it; `text` is what was said before that."""

    text: str
    usage: UsageData | None = None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The server that wrote the answer went away; `text` is what was kept. `code` is `restart` where it did so on purpose."""

    text: str
    code: str = "interrupted"
    retryable: bool = True


Terminal = Completed | Failed | Cancelled | Interrupted
Event = (
    RouteChosen
    | ItemAdded
    | TextDelta
    | ItemUpdated
    | ItemDone
    | ItemRemoved
    | ThreadUpdated
    | Progress
    | Notice
    | ClientEffect
    | StreamOptions
    | Terminal
)
TERMINALS = (Completed, Failed, Cancelled, Interrupted)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a turn stands at one moment: what a follower without a place of its own begins with. No event of the log."""

    state: str
    model: str | None
    text: str
    items: tuple[ItemData, ...]
    open: frozenset[str] = frozenset()  # the items that go on
