"""Threads as ChatKit's SDK has them, and what its code changed of one since it had it: field by field, never the whole.

No row is read or written here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.types import ActiveStatus, ClosedStatus, LockedStatus, ThreadMetadata
from pydantic import TypeAdapter

from chat_app.domain.events import ThreadUpdated
from chat_app.models import Thread
from chat_app.providers.python.own_events import plain
from chat_app.responders.chatkit_moment import Moment, aware

REMEMBERED: Final = 1_000  # threads that one scope remembers having seen

_json: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def _reason(thread: ThreadMetadata) -> str | None:
    status = thread.status
    return None if type(status) is ActiveStatus else status.reason  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Seen:
    """A thread's fields at one moment."""

    title: str | None = None
    status: str = "active"
    reason: str | None = None
    domains: tuple[str, ...] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, thread: ThreadMetadata) -> Seen:
        domains = thread.allowed_image_domains
        return cls(
            thread.title,
            thread.status.type,
            _reason(thread),
            None if domains is None else tuple(domains),
            deepcopy(thread.metadata),
        )

    def is_of(self, thread: ThreadMetadata) -> bool:
        """Whether the thread still has these fields."""
        domains = thread.allowed_image_domains
        return (
            thread.title == self.title
            and thread.status.type == self.status
            and _reason(thread) == self.reason
            and (None if domains is None else tuple(domains)) == self.domains
            and thread.metadata == self.metadata
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new of a thread: `told` to who has it open, and keys of its metadata, which nobody is told. `anywhere` says that
    pictures may come from wherever they like again."""

    told: ThreadUpdated | None
    set: Mapping[str, Any]
    gone: tuple[str, ...]
    anywhere: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """What the row holds of it beside the metadata."""
        found: dict[str, Any] = {"allowed_image_domains": None} if self.anywhere else {}
        if (told := self.told) is None:
            return found
        if told.title is not None:
            found["title"] = told.title[:255]
        if told.status is not None:
            found.update(status=told.status, status_reason=(told.reason or "")[:255])
        if told.image_domains is not None:
            found["allowed_image_domains"] = list(told.image_domains)
        return found

    @classmethod
    def between(cls, before: Seen, after: Seen) -> Changes:
        """What became of `before`. Raises TypeError for metadata that JSON cannot hold."""
        told = ThreadUpdated(
            None if after.title == before.title else after.title or "",
            None if (after.status, after.reason) == (before.status, before.reason) else after.status,  # type: ignore[arg-type]
            after.reason,
            None if after.domains in (None, before.domains) else list(after.domains or ()),
        )
        new, old = after.metadata, before.metadata
        set_ = {key: value for key, value in new.items() if key not in old or old[key] != value}
        gone = tuple(key for key in old if key not in new)
        is_news = told.title is not None or told.status is not None or told.image_domains is not None
        anywhere = after.domains is None and before.domains is not None
        return cls(told if is_news else None, plain(_json.dump_python(set_, mode="json")), gone, anywhere)


def to_thread(row: Thread, *, named: bool = True) -> ThreadMetadata:
    """A row for the SDK; one that is not `named` has the title that it was given for want of a better one."""
    return ThreadMetadata.model_construct(
        id=row.pk,
        title=(row.title or None) if named else None,
        created_at=Moment.of(row.created_at),
        status=_status(row),
        allowed_image_domains=row.allowed_image_domains,
        metadata=deepcopy(row.metadata),
    )


def _status(row: Thread) -> ActiveStatus | LockedStatus | ClosedStatus:
    if row.status == "active":
        return ActiveStatus()
    kind = LockedStatus if row.status == "locked" else ClosedStatus
    return kind(reason=row.status_reason or None)


def to_row(thread: ThreadMetadata) -> dict[str, Any]:
    """A thread that the SDK has made as columns of a new row."""
    changes = Changes.between(Seen(), Seen.of(thread))
    moments = {"created_at": aware(thread.created_at), "updated_at": datetime.now(UTC)}
    return {**changes.columns, **moments, "metadata": dict(changes.set)}


class Known:
    """Threads as a scope has loaded or saved them. What of one object was changed is told from how that object was."""

    def __init__(self) -> None:
        self._by_object: OrderedDict[int, tuple[ThreadMetadata, Seen]] = OrderedDict()
        self._by_id: OrderedDict[str, Seen] = OrderedDict()

    def remember(self, thread: ThreadMetadata) -> None:
        """From here on changes of it count from how it is now."""
        seen = Seen.of(thread)
        self._by_object[id(thread)] = (thread, seen)
        self._by_id[thread.id] = seen
        for group in (self._by_object, self._by_id):
            while len(group) > REMEMBERED:
                group.popitem(last=False)

    def before(self, thread: ThreadMetadata) -> Seen | None:
        """How it was: this very object, else the thread of its id when it was last seen. None for one never seen."""
        found = self._by_object.get(id(thread))
        return found[1] if found is not None and found[0] is thread else self._by_id.get(thread.id)
