"""The items that Python makes for its own answer (kind `python`): their ids become ours, and each has its moment.

The author's ids are unique within the turn alone; stored ids are unique for all time, and none can name another's item. An id
of ours that the author asked for (a ChatKitServer asks its Store) stays.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from chat_app.domain.events import ItemAdded, ItemData, ItemDone, ItemRemoved, ItemUpdated, TextDelta
from chat_app.domain.turn import IllegalEvent
from chat_app.models.fields import new_id
from chat_app.providers.base import OwnEvent
from chat_app.providers.python.own_events import REFUSED
from chat_app.streaming import issued

PREFIX = {"assistant_message": "msg"}


class OwnItems:
    """The author's ids and ours."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._moments: dict[str, datetime] = {}
        self._ended: set[str] = set()

    def translate(self, event: OwnEvent, model: str | None) -> OwnEvent:
        """The event with our ids in it, its item as given by `model`. Raises IllegalEvent for an item of a kind that an answer
        may not hold."""
        match event:
            case ItemAdded(item):
                if item.id in self._ended:  # a name used again: another item
                    del self._ids[item.id]
                    self._ended.discard(item.id)
                return replace(event, item=self._item(item, model))
            case TextDelta(item_id):
                return replace(event, item_id=self._id(item_id))
            case ItemUpdated(item):
                return replace(event, item=self._item(item, model))
            case ItemDone(item):
                if event.earlier:
                    return replace(event, item=replace(item, model=model))
                self._ended.add(item.id)
                return replace(event, item=self._item(item, model))
            case ItemRemoved(item_id):
                if event.earlier:
                    return event
                self._ended.add(item_id)
                return replace(event, item_id=self._id(item_id))
            case _:
                return event

    def _item(self, item: ItemData, model: str | None) -> ItemData:
        if item.kind in REFUSED:
            raise IllegalEvent(f"an answer cannot hold an item of the kind {item.kind}")
        ours = self._id(item.id, PREFIX.get(item.kind, "itm"))
        moment = self._moments.setdefault(ours, timezone.now())
        return replace(item, id=ours, model=model, created_at=moment)

    def _id(self, name: str, prefix: str = "itm") -> str:
        if name not in self._ids:
            self._ids[name] = name if issued.take(name) else new_id(prefix)
        return self._ids[name]
