"""The ChatKit rows: all contenders are asked the same and speak the same protocol, so that what is counted is the same too."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chatkit.store import NotFoundError, Store
from chatkit.types import ChatKitReq, ThreadItem, ThreadMetadata, ThreadStreamEvent
from pydantic import TypeAdapter

from bench.measures import CHATKIT_TEXT
from bench.peers import bare_chatkit
from bench.peers.chatkit_stores import MemoryStore, SqliteStore
from bench.servers import Running
from chat_app.domain.events import TextDelta
from chat_app.domain.shapes import ThreadInfo
from chat_app.streaming.log import Record
from chat_app.wire import chatkit, chatkit_events, chatkit_requests

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THREAD = ThreadMetadata(id="thr_1", created_at=NOW)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store[Any]:
    return MemoryStore() if request.param == "memory" else SqliteStore(str(tmp_path / "peer.sqlite3"))


def item(n: int, text: str = "Hello") -> ThreadItem:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    fields = {"id": f"msg_{n}", "thread_id": "thr_1", "created_at": NOW, "type": "assistant_message"}
    return TypeAdapter(ThreadItem).validate_python({**fields, "content": content})


async def test_store_gives_items_back_by_pages_in_both_orders(store: Store[Any]) -> None:
    for n in (3, 1, 2):
        await store.add_thread_item("thr_1", item(n), {})
    first = await store.load_thread_items("thr_1", None, 2, "asc", {})
    rest = await store.load_thread_items("thr_1", first.after, 2, "asc", {})
    newest = await store.load_thread_items("thr_1", None, 1, "desc", {})
    assert [[one.id for one in page.data] for page in (first, rest, newest)] == [
        ["msg_3", "msg_1"],
        ["msg_2"],
        ["msg_2"],
    ]
    assert [page.has_more for page in (first, rest, newest)] == [True, False, True]


async def test_store_keeps_one_item_of_an_id(store: Store[Any]) -> None:
    await store.add_thread_item("thr_1", item(1), {})
    await store.save_item("thr_1", item(1, "Better"), {})
    assert (await store.load_thread_items("thr_1", None, 20, "asc", {})).data == [item(1, "Better")]
    assert await store.load_item("thr_1", "msg_1", {}) == item(1, "Better")


async def test_store_finds_nothing_of_a_deleted_thread(store: Store[Any]) -> None:
    await store.save_thread(THREAD, {})
    await store.add_thread_item("thr_1", item(1), {})
    assert await store.load_thread("thr_1", {}) == THREAD
    await store.delete_thread("thr_1", {})
    with pytest.raises(NotFoundError):
        await store.load_thread("thr_1", {})
    assert (await store.load_thread_items("thr_1", None, 20, "asc", {})).data == []
    assert (await store.load_threads(20, None, "asc", {})).data == []


def test_requests_are_what_the_sdk_and_we_read_and_differ() -> None:
    bodies = [Running(1, 1).chatkit(5, n).body for n in range(2)]
    assert bodies[0] != bodies[1]
    request = TypeAdapter(ChatKitReq).validate_json(bodies[0])
    operation, params = chatkit_requests.read(bodies[0].encode())
    assert operation == request.type == "threads.create"
    assert isinstance(params, chatkit_requests.Create)
    assert chatkit_requests.text_of(params.input) == "/tokens\t5\t0"


async def test_bare_application_speaks_chatkit() -> None:
    sent: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": Running(1, 1).chatkit(2, 0).body.encode()}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))

    await bare_chatkit.app({"type": "http"}, receive, send)
    frames = [frame.removeprefix("data: ") for frame in b"".join(sent).decode().split("\n\n")[:-1]]
    kinds = [TypeAdapter(ThreadStreamEvent).validate_json(frame).type for frame in frames]
    wanted = ["thread.created", "thread.item.done", "stream_options", "thread.item.added"]
    assert kinds == [*wanted, "thread.item.updated", "thread.item.updated", "thread.item.done"]
    assert [json.loads(frame)["update"]["delta"] for frame in frames[4:6]] == ["0001 ", "0002 "]


def test_tokens_are_counted_where_we_and_the_bare_application_say_them() -> None:
    info = ThreadInfo("thr_1", "/tokens 5 0", "active", NOW, NOW)
    encoder = chatkit_events.Encoder("trn_1", info, chatkit.Shapes(str))
    frame = encoder.frame(Record(3, TextDelta("msg_1", "0001 "))).decode()
    [line] = [line for line in frame.splitlines() if "0001 " in line]
    assert line.startswith(CHATKIT_TEXT)
    assert bare_chatkit.DELTA.decode().startswith(CHATKIT_TEXT)
