"""What a file is, told from its first bytes, and what it may be called. No storage, no row.

Only the four formats that every browser shows and every model takes count as pictures; whoever serves a file inline asks
`kind_of`, never what somebody said of it.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from typing import Final
from urllib.parse import unquote_to_bytes

from chat_app.conf import limit
from chat_app.domain.errors import InvalidInput

HEAD: Final = 4096  # bytes from which a type is told
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
UNKNOWN: Final = "application/octet-stream"
NAME_LENGTH: Final = 255

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_PART: Final = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}"
_MEDIA_TYPE: Final = re.compile(rf"{_PART}/{_PART}")
_NEVER_TEXT: Final = re.compile(
    r"(image/(?!svg\+xml$)|audio/|video/|font/|application/(pdf|zip|octet-stream)$)"
)
_ALWAYS_TEXT: Final = re.compile(r"text/|image/svg\+xml$|application/(json|xml)$|.+\+(json|xml)$")
_TELLING: Final = PICTURES | {"application/pdf"}
_MARKUP: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+)?(html|svg)\b", re.I | re.S
)
_DATA: Final = re.compile(r"data:([^,;]*)((?:;[^,;]*)*?)(;base64)?,", re.I)


def sniff(head: bytes, declared: str = "") -> str:
    """The media type of bytes that begin with `head`: what they are where they tell, else `declared`, unless they belie it."""
    said = media_type(declared)
    told = _told(head)
    if told is not None:
        return told
    if _is_text(head):
        return _of_text(head) if _NEVER_TEXT.match(said) else said
    lies = said in _TELLING or (b"\0" in head and bool(_ALWAYS_TEXT.match(said)))
    return UNKNOWN if lies else said


def kind_of(mime_type: str) -> str:
    """`image` for the four formats, `file` for all else; SVG and HTML are files."""
    return "image" if mime_type in PICTURES else "file"


def media_type(declared: str) -> str:
    """A declared type without its parameters, in small letters; `application/octet-stream` where it is none."""
    bare = declared.partition(";")[0].strip().lower()
    return bare if _MEDIA_TYPE.fullmatch(bare) else UNKNOWN


def clean_name(name: str) -> str:
    """The name without folders and unprintable signs. InvalidInput for NUL, surrogates, nothing left or over 255 characters."""
    if "\0" in name or any("\ud800" <= sign <= "\udfff" for sign in name):
        raise InvalidInput(fields={"name": ["It holds signs that no text may hold."]})
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign for sign in last if sign.isprintable()).strip()
    if kept in ("", ".", ".."):
        raise InvalidInput(fields={"name": ["A file needs a name."]})
    if len(kept) > NAME_LENGTH:
        raise InvalidInput(fields={"name": [f"At most {NAME_LENGTH} characters."]})
    return kept


def data_url(url: str, most: int | None = None) -> tuple[str, bytes] | None:
    """Declared type and bytes of a `data:` URL (RFC 2397); None for anything else, one that is malformed, and one of more than
    `most` bytes (None: what an attachment may have)."""
    most = limit("MAX_ATTACHMENT") if most is None else most
    found = _DATA.match(url)
    if found is None:
        return None
    said, _, encoded = found.groups()
    body = url[found.end() :]
    if not body.isascii() or len(body) > (most + 2) // 3 * 4 * (1 if encoded else 3):
        return None
    if encoded:
        try:
            data = b64decode(body, validate=True)
        except binascii.Error:
            return None
    else:
        data = unquote_to_bytes(body)
    return (media_type(said or "text/plain"), data) if len(data) <= most else None


def _told(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((told for magic, told in _MAGIC if head.startswith(magic)), None)


def _is_text(head: bytes) -> bool:
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return True
    try:
        getincrementaldecoder("utf-8")().decode(head)  # a sign may be cut at the end of the head
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _of_text(head: bytes) -> str:
    markup = _MARKUP.match(head)
    if markup is None:
        return "text/plain"
    return "text/html" if markup[1].lower() == b"html" else "image/svg+xml"
