"""Django's admin of the chat: models, threads, turns and what was said. Nothing but registrations is imported here."""

from __future__ import annotations

from chat_app.admin.attachments import AttachmentAdmin
from chat_app.admin.audit import LogEntryAdmin
from chat_app.admin.catalog import ModelConfigAdmin
from chat_app.admin.items import FeedbackAdmin, ItemAdmin
from chat_app.admin.quotas import QuotaAdmin, QuotaUseAdmin
from chat_app.admin.site import front_page
from chat_app.admin.threads import ThreadAdmin
from chat_app.admin.turns import TurnAdmin
from chat_app.admin.usage import UsageAdmin

__all__ = [
    "AttachmentAdmin",
    "FeedbackAdmin",
    "ItemAdmin",
    "LogEntryAdmin",
    "ModelConfigAdmin",
    "QuotaAdmin",
    "QuotaUseAdmin",
    "ThreadAdmin",
    "TurnAdmin",
    "UsageAdmin",
    "front_page",
]
