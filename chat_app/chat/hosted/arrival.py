"""One hosted thread becomes rows here: all of it in one transaction, the same rows however often it is done. Sync.

Ids are made of the hosted ones, so that a second run finds what the first one wrote. A thread is kept in step with the hosted
one until somebody goes on in it here; from then on it is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from chat_app.chat.hosted.entries import QUESTION, Entry, moment
from chat_app.domain.errors import Forbidden
from chat_app.models import Item, Thread, Turn, sql
from chat_app.models.fields import foreign_id, foreign_ids
from chat_app.providers.openai.hosted import HostedThread
from chat_app.providers.text import clean

MODEL: Final = "openai-hosted"  # what answered, as the turns say it; no row of the catalogue
TITLE: Final = 60  # characters of a title that is made of the first words
OURS: Final = "hosted"  # the thread's metadata under this name are this file's

What = Literal["new", "changed", "unchanged", "went on here", "deleted here"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a thread, and how many items were added or changed."""

    what: What
    items: int = 0


@dataclass(frozen=True, slots=True)
class _Head:
    """What a thread says of itself."""

    title: str
    status: str
    status_reason: str

    def as_json(self) -> dict[str, str]:
        return {"title": self.title, "status": self.status, "reason": self.status_reason}


def bring(thread: HostedThread, entries: Sequence[Entry], owner: str, *, write: bool = True) -> Outcome:
    """Make the rows of a thread what the hosted one says; without `write` only tell what would change.

    A thread that was deleted here stays deleted, and one in which a turn was begun here stays as it is. Raises Forbidden
    where it belongs to another owner here.
    """
    with sql.atomic():
        row = Thread.objects.select_for_update(no_key=True).filter(pk=foreign_id("thr", thread.id)).first()
        turns = [entry.turn_id for entry in entries if entry.turn_id is not None]
        if row is None:
            if Turn.objects.filter(pk__in=turns, thread=None).exists():
                return Outcome("deleted here")
            return _Writer(_new(thread, entries, owner), entries, write).begin()
        if row.owner != owner:
            raise Forbidden(f"The thread belongs to {row.owner} here, not to {owner}.")
        if Turn.objects.filter(thread=row).exclude(pk__startswith=foreign_ids("trn")).exists():
            return Outcome("went on here")
        return _Writer(row, entries, write).go_on(_head(thread, entries))


def _new(thread: HostedThread, entries: Sequence[Entry], owner: str) -> Thread:
    head = _head(thread, entries)
    return Thread(
        id=foreign_id("thr", thread.id),
        owner=owner,
        title=head.title,
        status=head.status,
        status_reason=head.status_reason,
        metadata={OURS: {"id": clean(thread.id), **head.as_json()}},
        created_at=moment(thread.created_at),
        updated_at=entries[-1].created_at if entries else moment(thread.created_at),
    )


def _head(thread: HostedThread, entries: Sequence[Entry]) -> _Head:
    question = next((entry.text for entry in entries if entry.kind == QUESTION), "")
    title = clean(thread.title or "").strip()[:255] or _first_words(question)
    status = thread.status.type if thread.status.type in dict(Thread.STATUS) else "active"
    return _Head(title, status, clean(thread.status.reason or "")[:255] if status != "active" else "")


def _first_words(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rsplit(" ", 1)[0] + "…"


class _Writer:
    """Writes one thread's items and turns in order. The thread's row is locked, or not there yet."""

    def __init__(self, thread: Thread, entries: Sequence[Entry], write: bool) -> None:
        self._thread, self._entries, self._write = thread, entries, write

    def begin(self) -> Outcome:
        """All of it."""
        if self._write:
            sql.insert(self._thread)
            self._add(self._entries, set())
            self._save(["head_id", "item_seq"])
        return Outcome("new", len(self._entries))

    def go_on(self, head: _Head) -> Outcome:
        """What is new, and what is no longer as it was, an answer that was being written for example."""
        known = {item.pk: item for item in Item.objects.filter(thread=self._thread)}
        new = [entry for entry in self._entries if entry.id not in known]
        other = [
            (known[entry.id], entry)
            for entry in self._entries
            if entry.id in known and (known[entry.id].text, known[entry.id].data) != (entry.text, entry.data)
        ]
        fields = self._take(head)
        if not (new or other or fields):
            return Outcome("unchanged")
        if self._write:
            for item, entry in other:
                item.text, item.data = entry.text, entry.data
                item.save(update_fields=["text", "data"])
            if new:
                self._add(new, set(Turn.objects.filter(thread=self._thread).values_list("pk", flat=True)))
                self._thread.updated_at = max(self._thread.updated_at, new[-1].created_at)
                fields += ["head_id", "item_seq", "updated_at"]
            if fields:
                self._save(fields)
        return Outcome("changed", len(new) + len(other))

    def _take(self, head: _Head) -> list[str]:
        """Title and status, unless a person changed them here since: the fields that changed."""
        row, metadata = self._thread, self._thread.metadata
        before = metadata.get(OURS) if isinstance(metadata, dict) else None
        if not isinstance(before, dict) or before == {**before, **head.as_json()}:
            return []
        fields = ["metadata"]
        if row.title == before.get("title") and row.title != head.title:
            row.title = head.title
            fields.append("title")
        if row.status == before.get("status") and row.status_reason == before.get("reason"):
            row.status, row.status_reason = head.status, head.status_reason
            fields += ["status", "status_reason"]
        row.metadata = {**metadata, OURS: {**before, **head.as_json()}}
        return fields

    def _save(self, fields: list[str]) -> None:
        sql.update(Thread, {name: getattr(self._thread, name) for name in fields}, id=self._thread.pk)

    def _add(self, entries: Sequence[Entry], turns: set[str]) -> None:
        """Add items behind those that are there. Each user's message begins a turn, to which what follows belongs."""
        thread, rows, ends = self._thread, list[Item](), dict[str, datetime]()
        for entry in entries:
            thread.item_seq += 1
            if entry.turn_id is not None and entry.turn_id not in turns:
                sql.insert(self._turn(entry.turn_id, entry, thread.item_seq))
                thread.head_id = entry.turn_id
            if thread.head_id is not None:
                ends[thread.head_id] = entry.created_at
            rows.append(
                Item(
                    id=entry.id,
                    thread=thread,
                    turn_id=thread.head_id,
                    seq=thread.item_seq,
                    kind=entry.kind,
                    text=entry.text,
                    data=entry.data,
                    created_at=entry.created_at,
                )
            )
        Item.objects.bulk_create(rows, batch_size=500)
        for turn_id, end in ends.items():
            Turn.objects.filter(pk=turn_id).update(ended_at=end)

    def _turn(self, turn_id: str, entry: Entry, seq: int) -> Turn:
        """The turn of a user's message: over, answered by a model that is none of ours, and without any usage. Hosted times
        are whole seconds; the microseconds keep turns of one second in order."""
        return Turn(
            id=turn_id,
            owner=self._thread.owner,
            thread=self._thread,
            parent_id=self._thread.head_id,
            input_item_id=entry.id,
            state="completed",
            model=MODEL,
            ended_at=entry.created_at,
            created_at=entry.created_at + timedelta(microseconds=seq),
        )
