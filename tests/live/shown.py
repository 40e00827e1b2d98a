"""What a client shows of a turn: the fold of its typed events by the contract's rules, which it checks as it goes.

For tests of followers: it raises where an event is missing, comes twice, or comes after the end.
"""

from __future__ import annotations

from typing import Any

TERMINAL = ("completed", "failed", "cancelled", "interrupted")


class Shown:
    """Events in, text out. `seq` is the number of the last event taken, what `Last-Event-ID` would be."""

    def __init__(self) -> None:
        self.seq = 0
        self.kinds: list[str] = []
        self.last: Any = None
        self._items: dict[str, str] = {}

    @property
    def text(self) -> str:
        """The answer as shown now."""
        return "\n\n".join(self._items.values())

    @property
    def ended(self) -> bool:
        return self.last is not None

    def take(self, data: Any) -> None:
        """One typed event, as its `data`."""
        assert not self.ended, f"{data} after the end"
        kind, seq = data["type"], data["seq"]
        if kind == "snapshot":
            assert seq >= self.seq
            self._items = {item["id"]: item.get("text", "") for item in data["items"]}
            assert self.text == data["text"]
        else:
            assert seq == self.seq + 1, f"{kind} {seq} after {self.seq}"
        self.seq = seq
        self.kinds.append(kind)
        if kind == "delta":
            self._items[data["item_id"]] += data["text"]
        elif kind == "item":
            self._items[data["item"]["id"]] = data["item"]["text"]
        elif kind in TERMINAL:
            assert data["text"] == self.text
            self.last = data
