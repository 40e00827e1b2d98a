"""Files of a message as parts of a request: pictures and documents as data URLs, small text files as text.

Text is what every server reads: where a message holds nothing else, its content stays one string. What no server of this
dialect takes is refused here; what one server does not take, it says itself.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from chat_app.domain.errors import UpstreamRefused
from chat_app.domain.prompt import FilePart, Message
from chat_app.providers import statuses
from chat_app.providers.text import clean

MAX_TEXT: Final = 256 * 1024  # bytes of a file that goes as text
IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+_-]*/[a-z0-9][a-z0-9.+_-]*")
_SAME: Final = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_TEXTS: Final = re.compile(
    r"text/.+|.+\+(json|xml|yaml)|application/(x-)?(json|ndjson|jsonl|xml|yaml|toml|javascript|typescript|sql|sh|python)"
)

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shapes:
    """How a dialect writes its parts: text; a picture by its URL; a file by its name and URL."""

    text: Callable[[str], Part]
    image: Callable[[str], Part]
    file: Callable[[str, str], Part]


def content(message: Message, shapes: Shapes) -> str | list[Part]:
    """What a message says, its files before its words. UpstreamRefused (`of_request`) for what cannot be sent."""
    if not message.files:
        return message.text
    if message.role != "user":
        raise _refused("Files can be sent to this model with a user's message alone.")
    said = [_text(file) or _part(file, shapes) for file in message.files]
    if message.text:
        said.append(message.text)
    texts = [one for one in said if isinstance(one, str)]
    if len(texts) == len(said):
        return "\n\n".join(texts)
    return [shapes.text(one) if isinstance(one, str) else one for one in said]


def goes_as_text(file: FilePart) -> bool:
    """Whether the file's content becomes text of the message."""
    return _text(file) is not None


def _text(file: FilePart) -> str | None:
    if len(file.content) > MAX_TEXT or not _TEXTS.fullmatch(_media_type(file)):
        return None
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    name = _name(file)
    return f"[File: {name}]\n{clean(text)}\n[End of {name}]"


def _part(file: FilePart, shapes: Shapes) -> Part:
    media_type, name = _media_type(file), _name(file)
    if not file.content:
        raise _refused(f"The file {name} is empty.")
    if media_type.startswith("image/") and media_type not in IMAGES:
        raise _refused(
            f"The picture {name} is of a kind that models do not take; send PNG, JPEG, GIF or WebP."
        )
    url = f"data:{media_type};base64,{b64encode(file.content).decode()}"
    return shapes.image(url) if media_type in IMAGES else shapes.file(name, url)


def _media_type(file: FilePart) -> str:
    media_type = file.media_type.partition(";")[0].strip().lower()
    media_type = _SAME.get(media_type, media_type)
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"


def _name(file: FilePart) -> str:
    """The file's name on one line, short enough for a sentence."""
    return "".join(c if c.isprintable() else " " for c in file.name).strip()[:100] or "file"


def _refused(detail: str) -> UpstreamRefused:
    return statuses.of_request(UpstreamRefused(detail))
