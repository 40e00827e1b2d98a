"""ChatKit's Store on our tables: what a `ChatKitServer` keeps is what every other way in shows, on behalf of who speaks.

Needs `pip install -r requirements-agents.txt`. Within a turn its writes to the turn's thread are events of the turn, and its
reads see them; everywhere else (`async with speaking(owner):`) they are rows at once. A stranger's id and one that is not there
are the same NotFoundError. The SDK's own context is not looked at.

A file's bytes lie where uploads put them; a row has no place for an attachment's `metadata`, `preview_url` and
`upload_descriptor`, which are not kept.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from chatkit.store import AttachmentStore, Store, StoreItemType
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata

from chat_app.models.fields import new_id
from chat_app.responders import chatkit_reading as reading
from chat_app.responders.chatkit_here import outside
from chat_app.responders.chatkit_items import QUESTION, from_item, to_attachment
from chat_app.responders.chatkit_reading import not_found
from chat_app.responders.chatkit_scope import Scope, current, here, speaking
from chat_app.responders.chatkit_threads import Changes, Seen, to_row, to_thread
from chat_app.responders.chatkit_turn import Making
from chat_app.responders.files import FILES
from chat_app.streaming import attachments, issued, threads

__all__ = ["DjangoAttachments", "DjangoStore", "speaking"]

PREFIX: Final = {"thread": "thr", "message": "msg", "tool_call": "tc", "attachment": "atc"} | {
    "task": "tsk",
    "workflow": "wf",
    "sdk_hidden_context": "shcx",
}
PATIENCE: Final = 10.0  # seconds that a write behind a turn waits for its end
STEP: Final = 0.05
LONGEST: Final = 64  # characters of an item's id
LONGEST_THREAD: Final = 40


class DjangoStore(Store[Any]):
    """All threads and items of who speaks."""

    def generate_thread_id(self, context: Any) -> str:
        return new_id("thr")

    def generate_item_id(self, item_type: StoreItemType, thread: ThreadMetadata, context: Any) -> str:
        """An id that no other item has; within a turn the item is stored under it."""
        prefix = PREFIX.get(item_type, "itm")
        scope = current()
        return issued.issue(prefix) if scope is not None and scope.turn is not None else new_id(prefix)

    # Threads

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        """Raises NotFoundError. A thread that nobody has named yet, and shows its first words instead, has no title."""
        scope = here()
        turn = await reading.making(scope, thread_id)
        if turn is not None:
            found = await turn.thread()
        else:
            row = await outside(threads.find, scope.owner, thread_id)
            found = (row, not await outside(threads.is_named_by_first_words, row)) if row else None
        if found is None:
            raise not_found()
        thread = to_thread(found[0], named=found[1])
        scope.known.remember(thread)
        return thread

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        """Write what was changed of it since it was loaded, and nothing else; a new one as it is. Raises NotFoundError for a
        stranger's id."""
        scope = here()
        turn = await reading.making(scope, thread.id)
        before = scope.known.before(thread)
        if turn is not None:
            await turn.change_thread(Changes.between(before or Seen(), Seen.of(thread)))
        elif before is not None:
            await self._change(scope, thread, before)
        else:
            _check_id(thread.id, LONGEST_THREAD)
            if not await outside(threads.create, scope.owner, thread.id, to_row(thread)):
                raise not_found()
        scope.known.remember(thread)

    async def _change(self, scope: Scope, thread: ThreadMetadata, before: Seen) -> None:
        changes = Changes.between(before, Seen.of(thread))
        if changes.columns and not await outside(threads.change, scope.owner, thread.id, changes.columns):
            raise not_found()
        if changes.set or changes.gone:
            await outside(threads.change_metadata, scope.owner, thread.id, changes.set, changes.gone)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: Any
    ) -> Page[ThreadMetadata]:
        """By the time they were made. Raises NotFoundError for a cursor that is not there."""
        scope, limit = here(), max(limit, 1)
        ascending = order == "asc"
        found = await outside(threads.listing, scope.owner, limit=limit, after=after, ascending=ascending)
        if found is None:
            raise not_found()
        rows, more = found
        data = [to_thread(row) for row in rows]
        for thread in data:
            scope.known.remember(thread)
        return Page(data=data, has_more=more, after=data[-1].id if more else None)

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        """Delete a thread and all that was said in it; a turn that runs there is stopped. Raises NotFoundError."""
        if not await outside(threads.delete, here().owner, thread_id):
            raise not_found()

    # Items

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        """In the order of the conversation. Items that the SDK does not know are passed over."""
        return await reading.items(here(), thread_id, limit=limit, after=after, ascending=order == "asc")

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        return await reading.item(here(), thread_id, item_id)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await self._put(thread_id, item)

    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        await self._put(thread_id, item)

    async def _put(self, thread_id: str, item: ThreadItem) -> None:
        """Raises NotFoundError for a thread that is not there, `IdTaken` (a ValueError) where another thread has the id."""
        scope = here()
        if (turn := await self._under_way(scope, thread_id)) is not None:
            await turn.put(item)
            return
        _check_id(item.id, LONGEST)
        data = await scope.pictures.kept(from_item(item), thread_id)
        if item.type == QUESTION:
            await outside(attachments.link, scope.owner, [file.id for file in item.attachments], thread_id)
        if not await outside(threads.put, scope.owner, thread_id, data):
            raise not_found()
        issued.take(item.id)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        """Nothing happens where there is no such item."""
        scope = here()
        if (turn := await self._under_way(scope, thread_id)) is not None:
            await turn.remove(item_id)
        else:
            await outside(threads.take_off, scope.owner, thread_id, item_id)

    async def _under_way(self, scope: Scope, thread_id: str) -> Making | None:
        """The turn that writes to this thread go through. What its code still writes after its end waits for the rows."""
        turn = await reading.making(scope, thread_id)
        if turn is None or turn.phase != "over" or not turn.kept:
            return turn
        for _ in range(round(PATIENCE / STEP)):
            if await outside(reading.has_ended, turn.turn_id):
                return None
            await asyncio.sleep(STEP)
        raise TimeoutError("the turn whose items this would follow is still being stored")

    # Files

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        """Keep name, media type and thread of a file. Raises NotFoundError for a stranger's id."""
        _check_id(attachment.id, LONGEST_THREAD)
        told = (attachment.id, attachment.name, attachment.mime_type, attachment.type, attachment.thread_id)
        if not await outside(attachments.put, here().owner, *told):
            raise not_found()

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        found = await outside(attachments.find, here().owner, attachment_id)
        if found is None:
            raise not_found()
        return to_attachment(
            {"id": found.id, "name": found.name, "mime_type": found.mime_type, "type": found.kind},
            found.thread_id,
        )

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        if not await outside(attachments.delete, here().owner, attachment_id):
            raise not_found()

    async def read_attachment(self, attachment_id: str, context: Any) -> bytes:
        """What a file holds: no method of the SDK's Store, for its converters of attachments. Raises NotFoundError."""
        found = await outside(attachments.find, here().owner, attachment_id)
        parts = await outside(FILES.read, [attachment_id], found.size) if found is not None else {}
        if attachment_id not in parts:
            raise not_found()
        return parts[attachment_id].content


class DjangoAttachments(AttachmentStore[Any]):
    """Beside the Store, for a server that asks for one: its files are announced and uploaded at our own doors."""

    def generate_attachment_id(self, mime_type: str, context: Any) -> str:
        return new_id("atc")

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        """Nothing is left to do: the bytes go with what the Store keeps."""


def _check_id(name: str, most: int) -> None:
    if not name or len(name) > most:
        raise ValueError(f"an id has between 1 and {most} characters")
