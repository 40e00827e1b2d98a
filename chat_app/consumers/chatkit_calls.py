"""ChatKit's operations that are answered at once: reading and changing threads, feedback, files, dictation, sync actions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chat_app.chat import attachments, dictation, hooks, links, reading, spent, threads
from chat_app.chat.asks import Identify
from chat_app.domain.errors import Forbidden, InvalidInput
from chat_app.domain.events import UsageData
from chat_app.domain.shapes import AttachmentInfo, ItemInfo, Page
from chat_app.domain.turn import ANSWER
from chat_app.wire import chatkit
from chat_app.wire import chatkit_requests as ops
from chat_app.wire.attachments import attachment
from chat_app.wire.native import Json
from sessions_app.db import db
from sessions_app.principal import Principal

PAGE: Final = 20  # where the client names no number
MOST: Final = (
    500  # entries of one page: the official client asks for 9999, and for the rest while there is more
)
TITLE: Final = 255


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call is answered with."""

    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] | None = None


def person(identify: Identify) -> Identify:
    """The same speaker, who must be somebody with conversations: a backend key speaks for no user of its own."""

    def identified() -> Principal:
        principal = identify()
        if principal.kind == "key":
            raise Forbidden("A backend key has no conversations of its own: use a session's client secret.")
        return principal

    return identified


def preview_path(attachment_id: str) -> str:
    """Where a picture is loaded from, without any credential."""
    return links.preview(attachment_id)


class Calls:
    """The operations for one speaker."""

    def __init__(self, identify: Identify, shapes: chatkit.Shapes, base_url: str) -> None:
        self._identify = person(identify)
        self._shapes = shapes
        self._base_url = base_url

    async def answer(self, operation: str, params: Any) -> Answered:
        """The answer to one operation. Raises ChatError."""
        match params:
            case ops.ThreadId(thread_id=thread_id) if operation == "threads.delete":
                await db(self._delete, thread_id)
                return Answered()
            case ops.ThreadId(thread_id=thread_id):
                return await self._open(thread_id)
            case ops.ListThreads():
                return Answered(await db(self._threads, params))
            case ops.ListItems():
                return await self._items(params)
            case ops.Rename(thread_id=thread_id, title=title):
                return Answered(await db(self._rename, thread_id, title))
            case ops.Feedback():
                return await self._feedback(params)
            case ops.CustomAction():
                return await self._sync_action(params)
            case ops.Transcribe(audio_base64=audio, mime_type=mime_type):
                return await self._transcribe(audio, mime_type)
            case ops.CreateAttachment(name=name, size=size, mime_type=mime_type):
                return Answered(await db(self._create_attachment, name, size, mime_type))
            case ops.AboutAttachment(attachment_id=name) if operation == "attachments.delete":
                await db(self._delete_attachment, name)
                return Answered()
            case ops.AboutAttachment(attachment_id=name):
                return Answered(await db(self._preview, name))
        raise InvalidInput("There is no such operation.")

    # Threads and items

    async def _open(self, thread_id: str) -> Answered:
        opened, page = await self._read(thread_id, MOST, "asc", None)
        return Answered(chatkit.thread(opened.thread, page), _headers(opened))

    async def _items(self, params: ops.ListItems) -> Answered:
        opened, page = await self._read(
            params.thread_id, _limit(params.limit), params.order, params.after or None
        )
        return Answered(chatkit.page(page), _headers(opened))

    async def _read(
        self, thread_id: str, most: int, order: str, after: str | None
    ) -> tuple[reading.Opened, Page[Json]]:
        """A page of what this client is shown. The client goes on behind its last row: none is empty while there is more."""
        while True:
            opened = await reading.opened(self._identify, thread_id, limit=most, order=order, after=after)
            items = opened.items
            usage = await self._usage(items.data)
            shapes = (self._shapes.info(info, usage.get(info.turn_id or "")) for info in items.data)
            shown = [shape for shape in shapes if shape is not None]
            if shown or not items.has_more:
                return opened, Page(shown, items.has_more, items.next)
            after = items.next

    async def _usage(self, items: Sequence[ItemInfo]) -> Mapping[str, UsageData]:
        """What the turns of these answers have used, for a client that is told of it."""
        turn_ids = {info.turn_id for info in items if info.kind == ANSWER and info.turn_id}
        return await db(spent.of_turns, turn_ids) if turn_ids and self._shapes.more else {}

    def _threads(self, params: ops.ListThreads) -> Json:
        found = threads.listing(
            self._identify(), limit=_limit(params.limit), after=params.after or None, order=params.order
        )
        return chatkit.page(Page([chatkit.thread(t) for t in found.data], found.has_more, found.next))

    def _rename(self, thread_id: str, title: str) -> Json:
        if len(title) > TITLE:
            raise InvalidInput(fields={"params.title": [f"At most {TITLE} characters."]})
        principal = self._identify()
        threads.rename(principal, thread_id, title)
        return chatkit.thread(threads.info(principal, thread_id))

    def _delete(self, thread_id: str) -> None:
        threads.delete(self._identify(), thread_id)

    async def _feedback(self, params: ops.Feedback) -> Answered:
        if len(params.item_ids) > MOST:
            raise InvalidInput(fields={"params.item_ids": [f"At most {MOST} items at once."]})
        stored = await db(self._store_feedback, params)
        hook = await db(hooks.find, self._identify, params.thread_id, "feedback") if stored else None
        if hook is not None:
            await hook.call(stored, params.kind)
        return Answered()

    def _store_feedback(self, params: ops.Feedback) -> list[str]:
        return threads.give_feedback_to(self._identify(), params.thread_id, params.item_ids, params.kind)

    # What a responder answers by itself

    async def _sync_action(self, params: ops.CustomAction) -> Answered:
        item = await hooks.sync_action(
            self._identify, params.thread_id, params.item_id, ops.builtin(params.action)
        )
        shown = self._shapes.item(item, params.thread_id) if item is not None else None
        return Answered({"updated_item": shown} if shown is not None else {})

    async def _transcribe(self, audio: str, mime_type: str) -> Answered:
        try:
            data = base64.b64decode(audio, validate=True)
        except binascii.Error:
            raise InvalidInput(fields={"params.audio_base64": ["This is no base64."]}) from None
        principal = await db(self._identify)
        hook = await db(hooks.find, self._identify, None, "transcribe")
        if hook is not None:
            return Answered({"text": await hook.call(data, mime_type)})
        return Answered({"text": await dictation.transcribe(principal.owner, data, mime_type)})

    # Files

    def _create_attachment(self, name: str, size: int, mime_type: str) -> Json:
        info = attachments.create(self._identify(), name, size, mime_type)
        upload = {
            "url": self._base_url + links.upload(info.id),
            "method": "PUT",
            "headers": {"Content-Type": info.mime_type},
        }
        return attachment(info, self._preview_of(info), upload)

    def _delete_attachment(self, attachment_id: str) -> None:
        attachments.delete(self._identify(), attachment_id)

    def _preview(self, attachment_id: str) -> Json:
        info = attachments.get(self._identify(), attachment_id)
        url = self._preview_of(info)
        if url is None:
            raise InvalidInput("This file has no preview.")
        return {"url": url}

    def _preview_of(self, info: AttachmentInfo) -> str | None:
        return self._base_url + links.preview(info.id) if info.kind == "image" else None


def _limit(wanted: int | None) -> int:
    """How many entries a page has: what was asked for, within reason; `has_more` says that there are others."""
    return min(max(wanted if wanted is not None else PAGE, 1), MOST)


def _headers(opened: reading.Opened) -> Mapping[str, str] | None:
    """Says that an answer is being written, which ChatKit's own shapes cannot."""
    return {"X-Active-Turn-Id": opened.active_turn_id} if opened.active_turn_id is not None else None
