"""What is said on a WebSocket beside the events of turns: first words, news of the thread, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chat_app.domain.errors import ChatError
from chat_app.wire.native import Json, lean, moment


def ready(thread_id: str | None, active_turn_id: str | None, expires_at: datetime | None) -> Json:
    """A WebSocket's first words, and its answer to `follow`."""
    return lean(
        type="ready", thread_id=thread_id, active_turn_id=active_turn_id, expires_at=moment(expires_at)
    )


def thread_news(thread_id: str, message: Mapping[str, Any]) -> Json:
    """Word on a WebSocket that a thread changed outside of a turn: its title, where that is known, or its items."""
    return lean(type="thread", thread_id=thread_id, title=message.get("title"))


def socket_error(error: ChatError, **ids: str | None) -> Json:
    """A refusal or a failure as a WebSocket message."""
    return lean(
        type="error",
        code=error.code,
        detail=error.detail,
        retryable=error.retryable,
        retry_after=error.retry_after,
        errors={k: list(v) for k, v in error.fields.items()} if error.fields else None,
        **ids,
    )
