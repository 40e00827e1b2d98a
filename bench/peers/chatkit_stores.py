"""Stores for the peer on ChatKit's SDK: in memory as its quick start has it, and in SQLite with a JSON column for each row.

One connection for the whole process, used on the event loop, in WAL mode and without a sync to disk for each commit: the
cheapest that such a store can be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import Any, TypeVar

from chatkit.store import NotFoundError, Store
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata
from pydantic import TypeAdapter

T = TypeVar("T", ThreadMetadata, ThreadItem)
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "threads": TypeAdapter(ThreadMetadata),
    "items": TypeAdapter(ThreadItem),
    "attachments": TypeAdapter(Attachment),
}
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE threads (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, parent TEXT, data JSON);
CREATE TABLE items (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, parent TEXT, data JSON);
CREATE INDEX items_of_thread ON items (parent, seq);
CREATE TABLE attachments (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, parent TEXT, data JSON);
"""


def page(rows: Sequence[T], limit: int) -> Page[T]:
    """A page of rows, of which one more than `limit` were read where there are more."""
    data, more = list(rows[:limit]), len(rows) > limit
    return Page(data=data, has_more=more, after=data[-1].id if more else None)


class MemoryStore(Store[Any]):
    """Everything in dicts, in order of arrival."""

    def __init__(self) -> None:
        self.threads: dict[str, ThreadMetadata] = {}
        self.items: dict[str, dict[str, ThreadItem]] = {}
        self.attachments: dict[str, Attachment] = {}

    def _page(self, rows: dict[str, T], after: str | None, limit: int, order: str) -> Page[T]:
        ordered = list(rows.values() if order == "asc" else reversed(rows.values()))
        start = next((n + 1 for n, row in enumerate(ordered) if row.id == after), 0)
        return page(list(islice(ordered, start, start + limit + 1)), limit)

    def _found(self, rows: dict[str, Any], key: str) -> Any:
        if key not in rows:
            raise NotFoundError(key)
        return rows[key]

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        return self._found(self.threads, thread_id)

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        self.threads[thread.id] = thread

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: Any
    ) -> Page[ThreadMetadata]:
        return self._page(self.threads, after, limit, order)

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        self.threads.pop(thread_id, None)
        self.items.pop(thread_id, None)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        return self._page(self.items.get(thread_id, {}), after, limit, order)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        self.items.setdefault(thread_id, {})[item.id] = item

    save_item = add_thread_item

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        return self._found(self.items.get(thread_id, {}), item_id)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        self.items.get(thread_id, {}).pop(item_id, None)

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        self.attachments[attachment.id] = attachment

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        return self._found(self.attachments, attachment_id)

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        self.attachments.pop(attachment_id, None)


class SqliteStore(Store[Any]):
    """A table for each kind: id, the thread that it belongs to, and the whole object as JSON."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(SCHEMA)

    def _save(self, table: str, row: Any, parent: str = "") -> None:
        self.db.execute(
            f"INSERT INTO {table} (id, parent, data) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            (row.id, parent, row.model_dump_json()),
        )

    def _load(self, table: str, key: str) -> Any:
        row = self.db.execute(f"SELECT data FROM {table} WHERE id = ?", (key,)).fetchone()
        if row is None:
            raise NotFoundError(key)
        return ADAPTERS[table].validate_json(row[0])

    def _page(self, table: str, parent: str, after: str | None, limit: int, order: str) -> Page[Any]:
        sign, way = (">", "ASC") if order == "asc" else ("<", "DESC")
        behind = f"AND seq {sign} (SELECT seq FROM {table} WHERE id = ?)" if after else "AND ? IS NULL"
        rows = self.db.execute(
            f"SELECT data FROM {table} WHERE parent = ? {behind} ORDER BY seq {way} LIMIT ?",
            (parent, after or None, limit + 1),
        )
        return page([ADAPTERS[table].validate_json(row[0]) for row in rows], limit)

    def _delete(self, table: str, column: str, key: str) -> None:
        self.db.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        return self._load("threads", thread_id)

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        self._save("threads", thread)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: Any
    ) -> Page[ThreadMetadata]:
        return self._page("threads", "", after, limit, order)

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        self._delete("threads", "id", thread_id)
        self._delete("items", "parent", thread_id)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        return self._page("items", thread_id, after, limit, order)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        self._save("items", item, thread_id)

    save_item = add_thread_item

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        return self._load("items", item_id)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        self._delete("items", "id", item_id)

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        self._save("attachments", attachment)

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        return self._load("attachments", attachment_id)

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        self._delete("attachments", "id", attachment_id)
