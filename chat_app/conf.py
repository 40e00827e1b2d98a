"""The limits and switches of the chat side, read from settings.CHAT in one place. Values only, no rules."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "MAX_BODY": 1_048_576,  # bytes
    "MAX_MESSAGE": 100_000,  # characters
    "WS_FRAME": 1_048_576,  # bytes
    "WS_RATE": 20,  # frames a second
    "WS_IDLE": 600,  # seconds
    "AUTH_SECONDS": 10,  # to authenticate on /ws/chat
    "LEASE_SECONDS": 10,  # a running turn without a heartbeat for so long is an orphan
    "ONE_OFF_SECONDS": 600,  # how long a one-off turn's text is kept
    "IDEMPOTENCY_HOURS": 24,
    "HEADERS_AFTER": 1.0,  # seconds until a stream's headers leave without a token
    "TURNS_PER_PROCESS": 2_000,
    "CHATKIT_ON_DISCONNECT": "grace",  # what a dropped ChatKit stream means: grace, cancel or finish
    "CHATKIT_GRACE": 10.0,  # seconds after which it means Stop, unless the thread is read meanwhile
    "TITLE_MODEL": None,  # the model that names new threads; else their first words do
    "MAX_ATTACHMENT": 20 * 1_048_576,  # bytes
    "ATTACHMENTS_A_MESSAGE": 10,
    "ATTACHMENTS_UNUSED": 50,  # of one owner that no message has named yet
    "FILES_IN_PROMPT": 30 * 1_048_576,  # bytes of files that one prompt holds at most
    "MAX_AUDIO": 8 * 1_048_576,  # bytes of one dictation; a third more as base64 in the body of /chatkit
    "ATTACHMENT_ORPHAN_HOURS": 24,  # until one that no message names is deleted
}


def limit(name: str) -> Any:
    """One limit by its name; settings.CHAT wins over the default. KeyError for a name that does not exist."""
    default = DEFAULTS[name]
    return getattr(settings, "CHAT", {}).get(name, default)


def environment(name: str) -> str:
    """A value from the process environment, for a row that names the variable of its key."""
    return os.environ.get(name, "") if name else ""
