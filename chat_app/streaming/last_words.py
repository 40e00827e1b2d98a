"""What Python that answered a turn still does of its items once it was stopped, when nothing that it says is heard any more.

The engine opens the list for a turn and takes it up at the turn's end. Nothing is decided here.
"""

from __future__ import annotations

from chat_app.domain.events import ItemDone, ItemRemoved

LastWord = ItemDone | ItemRemoved
_kept: dict[str, list[LastWord]] = {}


def open_for(turn_id: str) -> None:
    """From now on they are kept for this turn."""
    _kept[turn_id] = []


def leave(turn_id: str, event: LastWord) -> bool:
    """Keep one more. False where the turn takes none any more."""
    words = _kept.get(turn_id)
    if words is None:
        return False
    words.append(event)
    return True


def take(turn_id: str) -> list[LastWord]:
    """All that was kept for the turn, which takes none from now on."""
    return _kept.pop(turn_id, [])
