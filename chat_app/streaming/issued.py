"""Ids of ours that were given out for items to come: in an answer of this process each stays as it is, once.

Any other id that Python gives to an item of its own is the author's, and may be anybody's: `chat/own_items.py` puts one of
ours in its place.
"""

from __future__ import annotations

from typing import Final

from chat_app.models.fields import new_id

MOST: Final = 10_000  # that are remembered; the oldest are the author's own after that
_issued: dict[str, None] = {}


def issue(prefix: str) -> str:
    """A new id for an item that is to come in an answer of this process."""
    name = new_id(prefix)
    _issued[name] = None
    while len(_issued) > MOST:
        del _issued[next(iter(_issued))]
    return name


def is_issued(name: str) -> bool:
    """Whether this id was given out and no item has it yet."""
    return name in _issued


def take(name: str) -> bool:
    """Whether this id was given out; from now on an item has it."""
    return _issued.pop(name, False) is None
