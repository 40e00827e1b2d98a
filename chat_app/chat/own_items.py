"""The items that Python makes for its own answer (kind `python`): their ids become ours, and open ones are known.

The author's ids are unique within the turn alone; stored ids are unique for all time, and none can name another's item.
"""

from __future__ import annotations

from dataclasses import replace

from chat_app.domain.events import ItemAdded, ItemData, ItemDone, ItemRemoved, ItemUpdated
from chat_app.domain.turn import IllegalEvent
from chat_app.models.fields import new_id
from chat_app.providers.base import OwnEvent
from chat_app.providers.python.own_events import REFUSED


class OwnItems:
    """The author's ids and ours. `open` holds our ids of items that were added and not yet done."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self._ids: dict[str, str] = {}

    def translate(self, event: OwnEvent, model: str | None) -> OwnEvent:
        """The event with our ids in it, its item as given by `model`. Raises IllegalEvent for an item of a kind that an answer
        may not hold."""
        match event:
            case ItemAdded(item):
                translated = self._item(item, model)
                self.open.add(translated.id)
                return replace(event, item=translated)
            case ItemUpdated(item):
                return replace(event, item=self._item(item, model))
            case ItemDone(item):
                translated = self._item(item, model)
                self.open.discard(translated.id)
                return replace(event, item=translated)
            case ItemRemoved(item_id):
                ours = self._id(item_id)
                self.open.discard(ours)
                return replace(event, item_id=ours)
            case _:
                return event

    def _item(self, item: ItemData, model: str | None) -> ItemData:
        if item.kind in REFUSED:
            raise IllegalEvent(f"an answer cannot hold an item of the kind {item.kind}")
        return replace(item, id=self._id(item.id), model=model)

    def _id(self, name: str) -> str:
        if name not in self._ids:
            self._ids[name] = new_id("itm")
        return self._ids[name]
