"""A responder that looks for words in what the person said before, by Django's ORM, and shows what it found as a widget.

    CHAT_RESPONDERS=search=examples.responder_search.answer

An async generator runs on the server's event loop: it awaits what takes time, Django's ORM by `db()`, and never blocks. A stop
cancels it at the next `await`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from chat_app.models import Item
from chat_app.responders import ItemAdded, ItemData, ItemDone, Notice, Progress, Prompt, db

Given = str | Progress | Notice | ItemAdded | ItemDone


async def answer(prompt: Prompt, limit: int = 5) -> AsyncIterator[Given]:
    """The newest messages of the person's own conversations that hold these words, without the question itself."""
    words = " ".join(prompt.last_user_text.split())
    yield Progress(f"Looking for “{words}”", icon="search")
    yield ItemAdded(_card("Looking …"))
    said = Item.objects.filter(thread__owner=prompt.owner, kind="user_message", text__icontains=words)
    texts = said.exclude(turn_id=prompt.turn_id).order_by("-created_at").values_list("text", flat=True)
    found = await db(list, texts[: limit + 1])
    if len(found) > limit:
        yield Notice("info", f"There is more: only the newest {limit} are shown.")
    yield ItemDone(_card(*found[:limit]))
    yield f"You said it {len(found[:limit])} times." if found else "You never said that here."


def _card(*lines: str) -> ItemData:
    """A card with a line for each text. `found` is the item's name within this answer; its id is the server's."""
    texts = [{"type": "Text", "value": line} for line in lines]
    return ItemData("found", "widget", data={"widget": {"type": "Card", "children": texts}})
