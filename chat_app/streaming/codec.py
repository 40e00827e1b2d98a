"""Events as bytes for the shared log: what one worker has appended, as another one reads it. Between our own processes alone,
never stored: a log outlives no upgrade by more than minutes, and what cannot be read is a gap that the row fills.

A batch is the events of one turn with numbers in a row. Text, by far the commonest, is a pair; the rest goes by its dataclass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from chat_app.domain.events import (
    Cancelled,
    ClientEffect,
    Completed,
    Event,
    Failed,
    Interrupted,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    RouteChosen,
    StreamOptions,
    TextDelta,
    ThreadUpdated,
)

# A kind's place in this list is its tag: add at the end, and never take one away while old workers may run beside new ones.
KINDS: Final[tuple[type[Any], ...]] = (
    RouteChosen,
    ItemAdded,
    ItemUpdated,
    ItemDone,
    ItemRemoved,
    ThreadUpdated,
    Progress,
    Notice,
    ClientEffect,
    StreamOptions,
    Completed,
    Failed,
    Cancelled,
    Interrupted,
)
_TAG: Final = {kind: tag for tag, kind in enumerate(KINDS)}
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


class Unreadable(ValueError):
    """A batch that this version cannot read."""


def encode(first: int, events: Sequence[Event]) -> bytes:
    """The events numbered from `first` on as one batch."""
    return _encode(
        (
            first,
            [
                (event.item_id, event.text) if type(event) is TextDelta else (_TAG[type(event)], event)
                for event in events
            ],
        )
    )


def decode(batch: bytes) -> tuple[int, list[Event]]:
    """The number of the first event, and the events. Raises Unreadable."""
    try:
        first, entries = _decode(batch)
        return int(first), [_event(tag, value) for tag, value in entries]
    except (msgspec.MsgspecError, TypeError, ValueError, IndexError) as error:
        raise Unreadable(str(error)) from error


def _event(tag: str | int, value: Any) -> Event:
    if isinstance(tag, str):
        return TextDelta(tag, value)
    event: Event = msgspec.convert(value, KINDS[tag])
    return event
