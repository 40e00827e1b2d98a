"""Django's admin of credentials. Nothing but registrations is imported here; what they do is done by the verbs."""

from __future__ import annotations

from .keys import ApiKeyAdmin
from .sessions import ChatSessionAdmin

__all__ = ["ApiKeyAdmin", "ChatSessionAdmin"]
