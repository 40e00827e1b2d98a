"""Events that Python makes for its own answer: checked as they come, and made fit to store and to send.

What an author did wrong is a TypeError or ValueError here, for the log: its text names types and ids, never what was said. Ids
are the author's; the engine gives items ids of ours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, get_args

from chat_app.domain.events import (
    ClientEffect,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Level,
    Notice,
    Progress,
    StreamOptions,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.turn import ANSWER
from chat_app.providers.base import OwnEvent
from chat_app.providers.text import clean

REFUSED: Final = frozenset(
    {"user_message"}
)  # what the person said is not the answer's to say, but it may be changed

_KIND: Final = re.compile(r"[a-z][a-z0-9_.]{0,31}")
_BIGGEST: Final = 2**63  # of an integer that every reader of JSON here can hold


class OwnEvents:
    """The items of one answer, as far as they have come."""

    __slots__ = ("_open", "_shown")

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._shown: set[str] = set()

    def checked(self, event: OwnEvent) -> OwnEvent:
        """The event as it may go on. Raises TypeError or ValueError for one that cannot."""
        match event:
            case ItemAdded():
                item = _item(event.item)
                if item.id in self._shown:
                    raise ValueError(f"item {item.id!r} was added before")
                self._shown.add(item.id)
                self._open.add(item.id)
                return ItemAdded(item)
            case TextDelta():
                self._expect(event.item_id in self._open, event.item_id, "is not open")
                return TextDelta(event.item_id, _text(event.text))
            case ItemUpdated():
                item = _item(event.item)
                self._expect(item.id in self._open, item.id, "is not open")
                return ItemUpdated(item, _mapping(event.update))
            case ItemDone():
                item = _item(event.item, earlier=event.earlier)
                self._shown.add(item.id)
                self._open.discard(item.id)
                return ItemDone(item, event.earlier)
            case ItemRemoved():
                self._expect(event.earlier or event.item_id in self._shown, event.item_id, "is not there")
                self._shown.discard(event.item_id)
                self._open.discard(event.item_id)
                return event
            case ThreadUpdated():
                if event.status not in (None, "active", "locked", "closed"):
                    raise ValueError("a thread's status is active, locked or closed")
                title = None if event.title is None else _text(event.title)
                reason = None if event.reason is None else _text(event.reason)
                return ThreadUpdated(title, event.status, reason, _domains(event.image_domains))
            case Progress():
                return Progress(_text(event.text), None if event.icon is None else _text(event.icon))
            case Notice():
                if event.level not in get_args(Level):
                    raise ValueError(f"a notice's level is one of {', '.join(get_args(Level))}")
                title = None if event.title is None else _text(event.title)
                return Notice(event.level, _text(event.detail), title)
            case ClientEffect():
                return ClientEffect(_text(event.name), _mapping(event.data))
            case StreamOptions():
                return StreamOptions(bool(event.allow_cancel))

    def _expect(self, right: bool, item_id: str, what: str) -> None:
        if not right:
            raise ValueError(f"item {item_id!r} {what}")


def _item(item: ItemData, *, earlier: bool = False) -> ItemData:
    if not isinstance(item, ItemData):
        raise TypeError(f"an item is an ItemData, not {type(item).__name__}")
    if not isinstance(item.id, str) or not item.id:
        raise TypeError("an item's id is a text, unique within the answer")
    if not isinstance(item.kind, str) or not _KIND.fullmatch(item.kind):
        raise ValueError("an item's kind has up to 32 lower-case letters, digits, dots and underscores")
    if item.kind in REFUSED and not earlier:
        raise ValueError(f"an item of an answer cannot be of the kind {item.kind}")
    data = _mapping(item.data)
    return replace(item, text=_text(item.text) or _said(item.kind, data), data=data, model=None)


def _said(kind: str, data: Mapping[str, Any]) -> str:
    """The text of a message that was made of parts alone: what other doors show, and what the next prompt has."""
    parts = data.get("content") if kind == ANSWER else None
    if not isinstance(parts, list):
        return ""
    return "".join(str(own.get("text", "")) for own in parts if isinstance(own, Mapping))


def _domains(value: object) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise TypeError(f"image_domains is a list of names, not {type(value).__name__}")
    return [_text(own) for own in value]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return clean(value)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"data is a mapping, not {type(value).__name__}")
    return {_text(key): plain(own) for key, own in value.items()}


def plain(value: object) -> Any:
    """A copy of what every database and front end can keep as JSON. Raises TypeError for anything else, such as a date."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int() if -_BIGGEST <= value < _BIGGEST:
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping():
            return _mapping(value)
        case list() | tuple():
            return [plain(own) for own in value]
        case _:
            raise TypeError(f"data holds only what JSON has, not this {type(value).__name__}")
