"""Python that answers a turn itself: what its authors import, and nothing else of this server need be imported.

A responder is a callable that CHAT_RESPONDERS names; a model of kind `python` whose upstream model is that name switches it on.
It gets the Prompt, and the row's `parameters` as keyword arguments:

    def shout(prompt):                              # a function: what it returns is the answer
        return prompt.last_user_text.upper()

    def count(prompt, to=3):                        # a generator: each text leaves as it is yielded
        for n in range(1, to + 1):
            yield f"{n} "

    async def look_up(prompt):                      # async, as function or generator: on the server's event loop
        yield Progress("Looking it up")
        note = await db(Note.objects.first)         # Django's own afirst() and the like: see below
        yield note.text

    class Careful:                                  # a class is made anew for each answer, an object serves them all
        def respond(self, prompt): ...

`prompt.given` says what began the turn: a message, an action of a widget (`given.action`, `given.item`), what a client tool
returned, answers to a structured input. What ChatKit calls an item's content is `ItemData.data`, by its own names:
`ItemDone(ItemData("1", "widget", data={"widget": {...}}))`.

What may be yielded: `str`, the answer's text · `Progress` and `Notice`, shown and not stored · `ClientEffect`, for the front
end · `ItemAdded`, `ItemUpdated`, `ItemDone`, `ItemRemoved`, further entries of the thread, whose ids need be unique within the
answer alone, unless they are `earlier` ones, of turns before · `TextDelta`, for a further `assistant_message` that was added ·
`ThreadUpdated` · `StreamOptions`, whether a button offers to stop the answer · `UsageChunk`, where tokens are known ·
`CommitChunk`, after which no fallback answers, whatever was shown. All text is one message, which stands where its first piece
came. Items are part of the answer: they are stored, and once the person has seen text or an item no fallback begins anew.

A class of ChatKit's own SDK, a `ChatKitServer`, may be named too: `chatkit_server.py`.

A ChatError (UpstreamDown, UpstreamBusy, Unavailable ...) tells the caller what its text says; anything else that is raised is
logged with its traceback, and the caller is told that the model broke.

Sync code runs in a thread of its own (32 in a process, later ones wait), with a database connection of its own. Async code asks
the ORM by `db()`: what Django's async methods (`afirst`, `async for`) do waits on one thread for the whole process, whose
connection nobody looks after: once the database has restarted, they fail until the server does. Stop closes a
generator at its next `yield`, drops what a function has yet to return, and cancels async code at its next `await`: do not
swallow CancelledError. The route's timeouts hold as for any model.
"""

from __future__ import annotations

from typing import Any, Protocol

from chat_app.domain.errors import (
    ChatError,
    NotConfigured,
    Unavailable,
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.events import (
    ClientEffect,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    StreamOptions,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.prompt import FilePart, Given, Message, Prompt
from chat_app.providers.base import CommitChunk, UsageChunk
from sessions_app.db import db


class Responder(Protocol):
    """What answers a turn. `respond` may be sync or async, a generator or not; see this module's docstring.

    Beside it a responder may have any of these, sync or async, asked outside of a turn (`prompt.messages` is empty then):

        sync_action(prompt) -> ItemData | None              an action whose sender wants no stream: `prompt.given` has action
                                                            and item; what is returned takes the item's place
        feedback(prompt, item_ids, kind)                    what a person thinks of answers; it is stored already
        transcribe(prompt, audio, mime_type) -> str         dictation, in place of TRANSCRIPTION_MODEL
    """

    def respond(self, prompt: Prompt, **parameters: Any) -> Any:
        """The answer, or what yields it piece by piece."""


__all__ = [
    "ChatError",
    "ClientEffect",
    "CommitChunk",
    "FilePart",
    "Given",
    "ItemAdded",
    "ItemData",
    "ItemDone",
    "ItemRemoved",
    "ItemUpdated",
    "Message",
    "NotConfigured",
    "Notice",
    "Progress",
    "Prompt",
    "Responder",
    "StreamOptions",
    "TextDelta",
    "ThreadUpdated",
    "Unavailable",
    "UpstreamBusy",
    "UpstreamDown",
    "UpstreamError",
    "UpstreamRefused",
    "UpstreamTimeout",
    "UsageChunk",
    "db",
]
