"""The principal: who is speaking.

Plain data lives here. How a credential becomes a principal is `resolve.py`'s business; what a principal may do is
decided in `chat_app/chat/policy.py`. No database access and no Django in this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["key", "session", "jwt", "login", "guest"]


@dataclass(frozen=True, slots=True)
class Principal:
    """One speaker, whatever credential named it.

    `owner` is `<realm>:<id>` and is what every ownership check compares, so that an external user 42 is never the Django
    user 42. `session_id` is the public id (`ses_...`) of the chat session that the speaker brought, if any; `session_model`
    is that session's model (absent: the default route). `expires_at` is aware UTC, absent for a credential without an end.
    `realm` is the realm in which a backend key names its users. `grant` is what the credential hangs from (a login, a family
    of JWTs) and dies with, if anything.
    """

    owner: str
    kind: Kind
    guest: bool = False
    is_staff: bool = False
    session_id: str | None = None
    session_model: str | None = None
    expires_at: datetime | None = None
    key_id: str | None = None
    realm: str = "ext"
    scopes: frozenset[str] = frozenset()
    grant: str | None = None
