"""Column types of our own: ids, and text encrypted at rest. No business rules."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: sorts as it counts


def new_id(prefix: str) -> str:
    """`<prefix>_` + 26 characters: 48 bits of milliseconds, then 80 random bits, so that ids sort by time within a kind."""
    return _spell(prefix, (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80))


def first_id(prefix: str, moment: datetime) -> str:
    """The least id of a moment: `pk >= first_id(...)` asks the primary key's index for all rows made since then."""
    return _spell(prefix, int(moment.timestamp() * 1000) << 80)


def foreign_id(prefix: str, name: str) -> str:
    """The id of what was made elsewhere and is called `name` there: the same each time it is brought over.

    Its time is nought, whenever it was made: it sorts before all of ours, and whoever asks for what happened here since a
    moment (`first_id`) does not count it.
    """
    digest = hashlib.sha256(f"{prefix}:{name}".encode("utf-8", "surrogatepass")).digest()
    return _spell(prefix, int.from_bytes(digest[:10]))


def foreign_ids(prefix: str) -> str:
    """How the ids of what was made elsewhere begin."""
    return f"{prefix}_" + "0" * 10


def _spell(prefix: str, number: int) -> str:
    digits = []
    for _ in range(26):
        digits.append(_ALPHABET[number & 31])
        number >>= 5
    return f"{prefix}_{''.join(reversed(digits))}".lower()


def fernet() -> MultiFernet:
    """The ring of ENCRYPTION_KEYS: the first encrypts, all decrypt. Raises ImproperlyConfigured where there is none."""
    keys = settings.ENCRYPTION_KEYS
    if not keys:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is not set: a model's key cannot be kept without it.")
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(models.TextField):
    """Text that the database holds only encrypted (Fernet: AES-128-CBC and HMAC-SHA256). Empty stays empty.

    A value that none of the keys opens reads as empty rather than breaking every page that lists the row; the
    admin says that it cannot be read.
    """

    UNREADABLE = "\x00unreadable"

    def get_prep_value(self, value: Any) -> Any:
        if not value:
            return ""
        if value == self.UNREADABLE:
            raise ImproperlyConfigured(
                "This value was encrypted with a key that is no longer in ENCRYPTION_KEYS."
            )
        return fernet().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str:
        if not value:
            return ""
        try:
            return fernet().decrypt(value.encode()).decode()
        except (InvalidToken, ImproperlyConfigured):
            return self.UNREADABLE
