"""The port between the router and whatever produces an answer.

A provider speaks one outbound dialect. It gets plain values and yields chunks; it knows no Django, no thread and no turn.
It makes one attempt: the one retry loop is `chat/router.py`'s.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

from chat_app.domain.events import (
    ClientEffect,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    StreamOptions,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.prompt import Prompt
from chat_app.domain.turn import HIDDEN

MAX_COUNT: Final = 2**31 - 1  # tokens


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, until the first text, between two reads, and for the whole answer.

    A model that thinks aloud is alive: from its first reasoning on (shown as progress, no text) `idle` is the limit in
    place of `first_token`. `total` holds throughout.
    """

    connect: float = 5.0
    first_token: float = 30.0
    idle: float = 30.0
    total: float = 600.0


@dataclass(frozen=True, slots=True)
class RouteConfig:
    """One way to reach one model, as plain values. `model` is the upstream's own name; `parameters` go into its request."""

    id: str
    kind: str
    base_url: str = ""
    model: str = ""
    api_key: str = field(default="", repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeouts: Timeouts = Timeouts()


@dataclass(frozen=True, slots=True)
class TextChunk:
    """Visible text; what arrived in one read is merged into one chunk. Never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ProgressChunk:
    """A passing remark that is no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class UsageChunk:
    """Token counts as the upstream gave them; the last one wins."""

    input_tokens: int
    output_tokens: int

    @classmethod
    def told(cls, input_tokens: int | None, output_tokens: int | None) -> UsageChunk:
        """What somebody else counted, within what a turn's row can hold."""
        return cls(*(min(max(tokens or 0, 0), MAX_COUNT) for tokens in (input_tokens, output_tokens)))


OwnEvent = (
    ItemAdded
    | TextDelta
    | ItemUpdated
    | ItemDone
    | ItemRemoved
    | ThreadUpdated
    | Progress
    | Notice
    | ClientEffect
    | StreamOptions
)


@dataclass(frozen=True, slots=True)
class EventChunk:
    """An event of its own making, from Python that answers a turn itself (kind `python`). Ids of its items need be unique
    within the turn alone: the engine gives them ids of ours, unless they are `earlier` ones, which have theirs. Items are
    visible, but for those that are for the model alone; the other events are not."""

    event: OwnEvent

    @property
    def visible(self) -> bool:
        """Whether the person sees it as part of the answer, after which no other route may begin anew."""
        match self.event:
            case ItemAdded(item) | ItemUpdated(item) | ItemDone(item):
                return item.kind not in HIDDEN
            case TextDelta() | ItemRemoved():
                return True
            case _:
                return False


@dataclass(frozen=True, slots=True)
class CommitChunk:
    """The answer is this route's from here on, whatever of it is to be seen: no other begins anew, and it may be empty."""


Chunk = TextChunk | ProgressChunk | UsageChunk | EventChunk | CommitChunk


class Provider(Protocol):
    """One dialect, one object for all routes of its kind. It keeps nothing that a turn needs: connections are `http.py`'s."""

    kind: ClassVar[str]

    def missing(self, route: RouteConfig) -> str | None:
        """What keeps this route from working (a sentence for staff), or None when all that it needs is there."""

    def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """One attempt at an answer. Ends normally when the answer is whole; raises UpstreamError otherwise.

        Closing the generator, or cancelling the task that reads it, closes the connection to the upstream.
        """


@runtime_checkable
class Holding(Protocol):
    """A provider that holds more than connections, threads for example, and lets go of it when the process ends."""

    async def aclose(self) -> None:
        """End what is under way and let go. The provider may be used again afterwards."""
