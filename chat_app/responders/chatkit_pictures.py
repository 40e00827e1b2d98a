"""Pictures that answers made: kept as files, never within their items, and given to the SDK as it makes them itself.

Its own converter hands the address of a picture to the model, which can load none of ours: so the address holds the bytes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from chat_app.domain.events import ItemData
from chat_app.responders.chatkit_here import outside
from chat_app.responders.chatkit_items import FILE, UrlOf
from chat_app.responders.chatkit_open import DATA, picture
from chat_app.responders.files import FILES

MOST: Final = (
    20 * 1_048_576
)  # bytes of the pictures of one page of items; what is beyond has an address without bytes


class Pictures:
    """For one owner: which file each picture is that was kept or read."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._kept: dict[tuple[str, int], str] = {}  # (the picture's id, its address) -> its file

    async def kept(self, item: ItemData, thread_id: str | None) -> ItemData:
        """The item with its picture as a file of the thread's, where it has the bytes in it or is of a file."""
        image = item.data.get("image") if item.kind == "generated_image" else None
        if isinstance(image, Mapping) and str(image.get("url", "")).startswith(FILE):
            return _with(item, image["id"], str(image["url"]).removeprefix(FILE))
        held = picture(item)
        if held is None:
            return item
        key = (held["id"], hash(held["url"]))
        if key not in self._kept:
            found = await outside(FILES.store_image, self._owner, thread_id, held["url"])
            self._kept[key] = str(found["attachment_id"])
        return _with(item, held["id"], self._kept[key])

    async def addresses(self, items: Iterable[ItemData]) -> UrlOf:
        """Where the SDK finds the files of these items: pictures that answers made by their bytes."""
        made = {}
        for item in items:
            image = item.data.get("image") if item.kind == "generated_image" else None
            if isinstance(image, Mapping) and "attachment_id" in image:
                made[str(image["attachment_id"])] = str(image["id"])
        if not made:
            return lambda name: FILE + name
        parts = await outside(FILES.read, list(made), MOST)
        urls = {
            name: f"{DATA}{part.media_type};base64,{b64encode(part.content).decode()}"
            for name, part in parts.items()
        }
        self._kept.update({(made[name], hash(url)): name for name, url in urls.items()})
        return lambda name: urls.get(name, FILE + name)


def _with(item: ItemData, image_id: Any, attachment_id: str) -> ItemData:
    return replace(item, data={**item.data, "image": {"id": image_id, "attachment_id": attachment_id}})
