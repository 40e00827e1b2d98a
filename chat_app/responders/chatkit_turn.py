"""The turn of a ChatKit server under way: what its code makes of items and of its thread, as events of the turn in order.

The rows are written by the engine at the turn's end; until then what was made is here for the server's own reads. Names that
its code gives to items are its own: each stands for one of our ids, unless it names an item that the thread had before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from chatkit.types import ThreadItem, ThreadItemUpdate

from chat_app.domain.events import (
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    TextDelta,
)
from chat_app.domain.turn import ANSWER
from chat_app.models import Thread
from chat_app.providers.base import OwnEvent
from chat_app.responders.chatkit_here import outside
from chat_app.responders.chatkit_items import QUESTION, from_item, to_item
from chat_app.responders.chatkit_open import Change, OpenItem, merged, place_of
from chat_app.responders.chatkit_outbox import Growing, Outbox
from chat_app.responders.chatkit_pictures import Pictures
from chat_app.responders.chatkit_threads import Changes
from chat_app.streaming import issued, last_words, threads
from chat_app.streaming.threads import Window

PREFIX: Final = {ANSWER: "msg", QUESTION: "msg", "client_tool_call": "tc", "task": "tsk", "workflow": "wf"}


class Making:
    """One turn. `kept` says that its thread is one of the owner's; a one-off turn has one that nobody keeps. `phase` is
    `stopping` once the turn was stopped, and `over` when the server's code has ended."""

    def __init__(
        self,
        owner: str,
        turn_id: str,
        thread: Thread,
        *,
        kept: bool,
        gap: tuple[int, int] | None = None,
        asked: ItemData | None = None,
    ) -> None:
        self.owner, self.turn_id, self.thread_id, self.kept = owner, turn_id, thread.pk, kept
        self.pictures = Pictures(owner)
        self.outbox = Outbox()
        self.phase: Literal["open", "stopping", "over"] = "open"
        self.done: dict[str, ItemData] = {}  # made by this turn, in order
        self.changed: dict[str, ItemData] = {}  # of earlier turns
        self.removed: set[str] = set()  # of earlier turns
        self.news: dict[str, Any] = {}  # columns of the thread that may not be written yet
        self.aside = (
            [asked] if asked is not None and not kept else []
        )  # what a thread that nobody keeps holds
        self._unkept = thread
        self._gap = gap
        self._names: dict[str, str] = {}
        self._open: dict[str, OpenItem] = {}
        self._gone: set[str] = set()
        self._rows: set[str] = set()
        self._lock = asyncio.Lock()

    # What the thread has of earlier turns

    @property
    def window(self) -> Window:
        """What of the thread's path this turn sees: not what it removed, nor the answer that it is to replace."""
        return Window(self.removed, self._gap)

    async def row(self, name: str) -> ItemData | None:
        """An item that the thread had before, as it is stored."""
        if not self.kept:
            return next((item for item in self.aside if item.id == name), None)
        return await outside(threads.item, self.owner, self.thread_id, name, self.window)

    def id_of(self, name: str) -> str:
        """Our id of an item that the server's code calls by this name."""
        return self._names.get(name, name)

    async def thread(self) -> tuple[Thread, bool] | None:
        """The thread as it stands, and whether somebody has named it."""
        if not self.kept:
            return self._unkept, True
        row = await outside(threads.find, self.owner, self.thread_id)
        if row is None:
            return None
        for column, value in self.news.items():
            setattr(row, column, value)
        named = "title" in self.news or not await outside(threads.is_named_by_first_words, row)
        return row, named

    # What the server's code does

    async def add(self, item: ThreadItem) -> None:
        """An item begins. One that says nothing yet is kept back until it does."""
        async with self._lock:
            ours, earlier = await self._place(item.id, item.type, anew=True)
            data = replace(await self._data(item), id=ours)
            opened = self._open[ours] = OpenItem(data, earlier=earlier, again=earlier)
            if earlier:
                self._emit(ItemDone(data, earlier=True))
            elif data.kind != ANSWER or opened.parts > 1:
                self._announce(opened, data)
            elif data.text:
                self._tell(opened, Change(text=data.text), ())
                if notes := data.data.get("annotations"):
                    content = {"type": "output_text", "text": data.text, "annotations": notes}
                    told = {"type": "assistant_message.content_part.done", "content_index": 0}
                    self._tell(opened, Change(update={**told, "content": content}), ())

    async def update(self, name: str, update: ThreadItemUpdate) -> None:
        """A change within an item. One for an item that nobody knows is dropped, as front ends do."""
        async with self._lock:
            opened = self._open.get(self.id_of(name)) or await self._again(name)
            if opened is None:
                return
            key = (opened.id, *place_of(update))
            self.outbox.part_from(key)
            if (change := opened.take(update)) is not None:
                self._tell(opened, change, key)

    async def put(self, item: ThreadItem) -> None:
        """An item is whole, for the first time or again."""
        async with self._lock:
            ours, earlier = await self._place(item.id, item.type)
            data = replace(await self._data(item), id=ours)
            if not earlier and data.kind == QUESTION:
                await self._say_for_the_person(data)
                return
            self._open.pop(ours, None)
            (self.changed if earlier else self.done)[ours] = data
            self._emit(ItemDone(data, earlier))

    async def remove(self, name: str) -> None:
        """An item goes; nothing happens where there is none."""
        async with self._lock:
            ours = self.id_of(name)
            opened, done = self._open.pop(ours, None), self.done.pop(ours, None)
            if done is not None or (opened is not None and not opened.earlier):
                self._gone.add(ours)
                if done is not None or (opened is not None and opened.announced):
                    self._emit(ItemRemoved(ours))
            elif await self.row(ours) is not None:
                self.changed.pop(ours, None)
                self.removed.add(ours)
                self._emit(ItemRemoved(ours, earlier=True))

    async def change_thread(self, changes: Changes) -> None:
        """The thread's own fields: what is told goes with the events, and the engine writes it."""
        self.news.update(changes.columns)
        if not self.kept:
            self._change_unkept(changes)
        elif changes.set or changes.gone:
            await outside(threads.change_metadata, self.owner, self.thread_id, changes.set, changes.gone)
        if changes.told is not None and self.phase == "open":
            self.outbox.put(changes.told)
        elif self.kept and changes.columns:
            await outside(threads.change, self.owner, self.thread_id, changes.columns)
        if self.kept and changes.anywhere:
            await outside(threads.change, self.owner, self.thread_id, {"allowed_image_domains": None})

    def pending(self) -> list[ThreadItem]:
        """The items that are under way, as they stand."""
        under_way = [opened.whole() for opened in self._open.values() if not opened.again]
        items = [to_item(data, self.thread_id) for data in under_way]
        return [item for item in items if item is not None]

    # How it becomes events

    def _emit(self, event: OwnEvent) -> None:
        if self.phase == "open":
            self.outbox.put(event)
        elif isinstance(event, ItemDone | ItemRemoved):
            last_words.leave(self.turn_id, event)

    def _announce(self, opened: OpenItem, data: ItemData) -> None:
        opened.announced = True
        self._emit(ItemAdded(data))

    def _tell(self, opened: OpenItem, change: Change, key: tuple[Any, ...]) -> None:
        """A change, the item before it where nobody knows of it yet."""
        if not opened.announced:
            self._announce(opened, ItemData(opened.id, opened.kind))
        if change.update is None and not opened.again:
            self._emit(TextDelta(opened.id, change.text))
        elif change.update is None:
            self.outbox.grow(Growing(key, {}, opened.whole, True, opened.earlier), merged)
        elif change.grows:
            growing = Growing(key, change.update, opened.whole, opened.again, opened.earlier)
            self.outbox.grow(growing, merged)
        elif opened.again:
            self._emit(ItemDone(opened.whole(), opened.earlier))
        else:
            self._emit(ItemUpdated(opened.whole(), change.update))

    async def _data(self, item: ThreadItem) -> ItemData:
        return await self.pictures.kept(from_item(item), self.thread_id if self.kept else None)

    async def _again(self, name: str) -> OpenItem | None:
        """An item that was whole already, and is changed all the same."""
        ours = self.id_of(name)
        done = self.done.get(ours)
        earlier = done is None
        found = done or self.changed.get(ours) or (await self.row(ours) if ours not in self._gone else None)
        if found is None:
            return None
        opened = self._open[ours] = OpenItem(found, earlier=earlier, again=True)
        return opened

    async def _place(self, name: str, kind: str, *, anew: bool = False) -> tuple[str, bool]:
        """Our id for a name, and whether it is an item of an earlier turn. A name that is used `anew`, or for something else,
        is another item: the SDK names all that some models say alike."""
        ours = self._names.get(name)
        if ours is not None and not self._is_another(ours, kind, anew):
            return ours, False
        if ours is None:
            if issued.is_issued(name):
                ours = name
            elif name in self._rows or await self.row(name) is not None:
                self._rows.add(name)
                return name, True
        if ours is None or ours in self._names:
            ours = issued.issue(PREFIX.get(kind, "itm"))
        self._names[name] = self._names[ours] = ours
        return ours, False

    def _is_another(self, ours: str, kind: str, anew: bool) -> bool:
        held = self.done.get(ours) or self._open.get(ours)
        return ours in self._gone or (held is not None and (anew or held.kind != kind))

    async def _say_for_the_person(self, data: ItemData) -> None:
        """A message in the person's own words is no part of an answer: it is a row of its own."""
        if not self.kept:
            self.aside.append(data)
            return
        issued.take(data.id)
        await outside(threads.put, self.owner, self.thread_id, data)
        self._rows.add(data.id)

    def _change_unkept(self, changes: Changes) -> None:
        row = self._unkept
        for column, value in changes.columns.items():
            setattr(row, column, value)
        kept: Mapping[str, Any] = {k: v for k, v in row.metadata.items() if k not in changes.gone}
        row.metadata = {**kept, **changes.set}
