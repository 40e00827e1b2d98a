"""Files for Python that answers: what the service above does with them, plugged in as the project starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chat_app.domain.errors import NotConfigured
from chat_app.domain.prompt import FilePart


def _keeps_none(owner: str, thread_id: str | None, data_url: str) -> Mapping[str, Any]:
    raise NotConfigured("This server keeps no pictures.")


def _has_none(ids: Iterable[str], most_bytes: int) -> Mapping[str, FilePart]:
    return {}


@dataclass
class Files:
    """`store_image(owner, thread_id, data_url)` keeps a picture that an answer made and says which attachment it is,
    `{"attachment_id": ...}`; `read(ids, most_bytes)` gives attachments with their content by id. Both sync, for `db()`."""

    store_image: Callable[[str, str | None, str], Mapping[str, Any]] = _keeps_none
    read: Callable[[Iterable[str], int], Mapping[str, FilePart]] = _has_none


FILES = Files()
