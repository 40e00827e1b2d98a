"""The rows of the chat side: columns, constraints and querysets. Business verbs live in `chat/`, never here."""

from chat_app.models.attachment import Attachment
from chat_app.models.catalog import Fallback, ModelConfig
from chat_app.models.conversation import Feedback, Item, Thread
from chat_app.models.health import RouteHealth
from chat_app.models.quota import Quota, QuotaUse
from chat_app.models.turn import IdempotencyKey, Turn, Usage

__all__ = [
    "Attachment",
    "Fallback",
    "Feedback",
    "IdempotencyKey",
    "Item",
    "ModelConfig",
    "Quota",
    "QuotaUse",
    "RouteHealth",
    "Thread",
    "Turn",
    "Usage",
]
