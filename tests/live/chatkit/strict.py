"""What the strict client holds against everything that it is sent: it parses as ChatKit's own types, and is to the letter what
they would write; times are aware, nothing is null, ids are long and one thing's alone, nothing that is the server's own. What
the connector is told beside that (`more`) stands in keys of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from chatkit.types import (
    Attachment,
    Page,
    SyncCustomActionResponse,
    Thread,
    ThreadItem,
    ThreadStreamEvent,
    TranscriptionResult,
)
from pydantic import TypeAdapter

from tests.live.chatkit.player import SECRET

FREE: Final = frozenset({"arguments", "output", "data"})  # an author's own JSON, null or not
OURS: Final = re.compile(r"[a-z]+_[0-9a-hjkmnp-tv-z]{26}")  # 128 bits, 80 of them random
_EVENT: Final = TypeAdapter[Any](ThreadStreamEvent)
_ITEM: Final = TypeAdapter[Any](ThreadItem)
_ANSWERS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "threads.get_by_id": TypeAdapter(Thread),
    "threads.update": TypeAdapter(Thread),
    "threads.list": TypeAdapter(Page[Thread]),
    "items.list": TypeAdapter(Page[ThreadItem]),
    "threads.sync_custom_action": TypeAdapter(SyncCustomActionResponse),
    "attachments.create": TypeAdapter(Attachment),
    "input.transcribe": TypeAdapter(TranscriptionResult),
}
_EMPTY: Final = frozenset({"threads.delete", "items.feedback", "attachments.delete"})
_known: dict[
    str, tuple[str, str]
] = {}  # every item id that any client of this run was shown -> its thread and kind


def well_formed(raw: str, *, more: bool = False) -> Any:
    """One frame's data, checked but for the ids: the event as JSON."""
    data = _clean(raw)
    _same(_EVENT, official(data) if more else data)
    return data


def event(raw: str, *, more: bool = False) -> Any:
    """One frame's data, checked: the event as JSON."""
    data = well_formed(raw, more=more)
    if (item := data.get("item")) is not None:
        _identity(item)
    return data


def answer(operation: str, raw: str, *, more: bool = False) -> Any:
    """The body of an answer to an operation that does not stream, checked."""
    data = _clean(raw)
    if operation in _EMPTY:
        assert data == {}, data
    elif operation in _ANSWERS:
        _same(_ANSWERS[operation], official(data) if more else data)
    else:
        assert operation == "attachments.get_preview"
        assert set(data) == {"url"}
    for item in _items(data):
        _identity(item)
    return data


def official(data: Any) -> Any:
    """The same without what only the connector is told, which is checked."""
    if not isinstance(data, dict):
        return data
    kind = data.get("type")
    if kind == "assistant_message":
        _ended(data["answered"])
        return {key: own for key, own in data.items() if key != "answered"}
    if kind == "stream_options":
        for ended in data.get("answered", {}).values():
            _ended(ended)
        return {key: own for key, own in data.items() if key != "answered"}
    if kind == "error":
        assert re.fullmatch("[a-z_]+", data.get("reason", "x"))
        return {key: own for key, own in data.items() if key != "reason"}
    found = {key: official(data[key]) for key in ("item", "updated_item", "items") if key in data}
    if "data" in data and "has_more" in data:
        found["data"] = [official(row) for row in data["data"]]
    return {**data, **found}


def _ended(answered: Any) -> None:
    assert set(answered) <= {"model", "requested_model", "state", "error", "feedback", "usage"}, answered
    assert answered.get("state") in (None, "cancelled", "failed", "interrupted")
    assert answered.get("feedback") in (None, "positive", "negative")
    if (used := answered.get("usage")) is not None:
        assert used["total_tokens"] == used["input_tokens"] + used["output_tokens"]


def problem(raw: str) -> Any:
    """The body of a refusal: flat, with the sentence that the client shows."""
    data = json.loads(raw)
    assert isinstance(data["message"], str)
    assert data["message"]
    assert isinstance(data["retryable"], bool)
    assert data["request_id"]
    assert set(data) <= {"message", "code", "retryable", "request_id", "errors"}, data
    assert "Traceback" not in raw
    return data


def plain(value: Any) -> Any:
    """The same with its moments as moments, so that two ways to write one are equal."""
    if isinstance(value, dict):
        return {key: moment(own) if key == "created_at" else plain(own) for key, own in value.items()}
    return [plain(own) for own in value] if isinstance(value, list) else value


def moment(text: str) -> datetime:
    """A time of the wire, which says its zone."""
    assert text.endswith("Z"), text
    found = datetime.fromisoformat(text)
    assert found.utcoffset() is not None
    return found


def _clean(raw: str) -> Any:
    assert SECRET not in raw, raw
    assert '"type":"hidden_context_item"' not in raw, raw
    assert '"type":"sdk_hidden_context"' not in raw, raw
    data = json.loads(raw)
    _no_nulls(data, raw)
    return data


def _no_nulls(value: Any, raw: str) -> None:
    assert value is not None, raw
    if isinstance(value, dict):
        for key, own in value.items():
            if key not in FREE:
                _no_nulls(own, raw)
    elif isinstance(value, list):
        for own in value:
            _no_nulls(own, raw)


def _same(adapter: TypeAdapter[Any], data: Any) -> None:
    """What the types read of it they would write in the same way, but for the metadata that they add."""
    written = adapter.dump_json(adapter.validate_python(data), by_alias=True, exclude_none=True)
    assert plain(_without_metadata(json.loads(written))) == plain(data)


def _without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_metadata(own)
            for key, own in value.items()
            if not (key == "metadata" and own == {} and "created_at" in value)
        }
    return [_without_metadata(own) for own in value] if isinstance(value, list) else value


def _items(data: Any) -> list[Any]:
    if not isinstance(data, dict):
        return []
    if "updated_item" in data:
        return [data["updated_item"]]
    pages = [data, data.get("items", {})]
    rows = [row for page in pages if isinstance(page, dict) for row in page.get("data", [])]
    return [row for row in rows if "thread_id" in row]


def _identity(item: Any) -> None:
    assert OURS.fullmatch(item["id"]), item["id"]
    whose = (item["thread_id"], item["type"])
    assert _known.setdefault(item["id"], whose) == whose
