"""What callers are told about threads, items, turns, models and files: plain values between the rows and the wire.

Standard library only. Key names of a wire format are `wire/`'s; who may see what is `chat/`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from chat_app.domain.events import UsageData

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ThreadInfo:
    id: str
    title: str
    status: str
    created_at: datetime
    updated_at: datetime
    active_turn_id: str | None = None
    status_reason: str = ""
    allowed_image_domains: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class ItemInfo:
    id: str
    thread_id: str | None
    turn_id: str | None
    seq: int
    kind: str
    text: str
    created_at: datetime
    model: str | None = None
    feedback: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnInfo:
    id: str
    thread_id: str | None
    state: str
    text: str
    created_at: datetime
    model: str | None = None
    requested_model: str | None = None
    usage: UsageData | None = None
    error: tuple[str, str, bool] | None = None  # code, detail, retryable
    attempts: Sequence[Mapping[str, Any]] = ()
    first_token_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    id: str
    label: str
    description: str
    default: bool
    available: bool
    capabilities: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """A file of a conversation. `kind` is `file` or `image`, `state` is `pending` until its bytes have come, then `ready`;
    before that kind, type and size (bytes) are what was announced, from then on what the bytes say."""

    id: str
    name: str
    mime_type: str
    kind: str
    size: int
    state: str
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` is the cursor to hand back as `after`, absent on the last page."""

    data: Sequence[T]
    has_more: bool
    next: str | None = None
