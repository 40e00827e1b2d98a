"""What is remembered of backends with sessions: which session has heard what, and how a backend likes to be asked.

In this process, bounded, and nothing that an answer needs: what is forgotten costs a new session that is told the past. No
request is made here.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from chat_app.domain.prompt import Message, Prompt
from chat_app.providers.base import RouteConfig

CAPACITY: Final = 10_000
NEWEST: Final = 8  # messages by which a conversation is known again
MARGIN: Final = 30.0  # seconds before its end from when on a session is not used again

Kept = TypeVar("Kept")


class Memory(Generic[Kept]):
    """At most `capacity` things by key, each until a moment of `time.monotonic()`; what was kept first goes first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[bytes, tuple[Kept, float]] = OrderedDict()

    def keep(self, key: bytes, thing: Kept, until: float) -> None:
        """Keep it, in the place of what has the same key; not at all if that moment has passed."""
        self._kept.pop(key, None)
        if time.monotonic() >= until:
            return
        self._kept[key] = (thing, until)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def take(self, key: bytes) -> Kept | None:
        """What is kept under the key, which is then no longer."""
        thing, until = self._kept.pop(key, (None, 0.0))
        return thing if time.monotonic() < until else None

    def look(self, key: bytes) -> Kept | None:
        """What is kept under the key, and stays."""
        thing, until = self._kept.get(key, (None, 0.0))
        return thing if time.monotonic() < until else None

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, slots=True)
class FarSession:
    """A session of the far side: its secret, and until when (`time.monotonic()`) it may be used again."""

    secret: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How a backend is asked: whether it has a stream, and whether it reads its fields in the query, as example 7 does."""

    streams: bool = True
    in_query: bool = False


def backend(route: RouteConfig) -> bytes:
    """The key of one backend and of what is sent to it."""
    return _digest([route.id, route.base_url.strip(), route.model, route.api_key])


def conversation(route: RouteConfig, prompt: Prompt, said: Sequence[Message]) -> bytes:
    """The key of a session that has heard `said`, system prompt included, from this owner in this thread.

    The newest messages alone count, and whether there were more: a long past loses its beginning to the context size
    from turn to turn, while its end stays the same.
    """
    spoken = [message for message in said if message.role != "system"]
    system = [message.text for message in said if message.role == "system"]
    words = [word for message in spoken[-NEWEST:] for word in (message.role, message.text)]
    length = str(min(len(spoken), NEWEST + 1))
    whose = [prompt.owner, prompt.thread_id or ""]
    return _digest([backend(route).hex(), *whose, str(len(system)), *system, length, *words])


def usable_until(expires_at: object, now: datetime | None = None) -> float:
    """The moment (`time.monotonic()`) from which a session is not used again; `expires_at` as the far side gave it, in UTC
    where it names no zone (example 7), never where it cannot be read."""
    if not isinstance(expires_at, str):
        return float("inf")
    try:
        end = datetime.fromisoformat(expires_at)
    except ValueError:
        return float("inf")
    life = ((end if end.tzinfo else end.replace(tzinfo=UTC)) - (now or datetime.now(UTC))).total_seconds()
    return time.monotonic() + life - min(MARGIN, life / 10)


def _digest(words: Iterable[str]) -> bytes:
    found = hashlib.sha256()
    for word in words:
        data = word.encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.digest()
