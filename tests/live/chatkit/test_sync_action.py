"""An action without a stream, in the moment in which the answer that holds its widget ends."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import same
from tests.live.chatkit.player import script
from tests.servers import ServerProcess

WIDGET = ["done", "w", "widget", shapes.widget(shapes.button())]


def test_sync_action_waits_for_an_end_that_is_being_stored(kit: ServerProcess, client: Client) -> None:
    path = kit.env["DATABASE_URL"].removeprefix("sqlite:///")
    action = {"type": "change", "payload": shapes.card(shapes.words("Changed"))}
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as lock,
        ThreadPoolExecutor() as threads,
        client.create(script(["count", 40, 0.02], WIDGET)) as stream,
    ):
        stream.until("assistant_message.content_part.text_delta")
        lock.execute("BEGIN IMMEDIATE")
        widget = stream.until("thread.item.done")["item"]["id"]
        time.sleep(0.2)  # the end waits for the database now
        about = {"thread_id": stream.thread_id, "item_id": widget, "action": action}
        changing = threads.submit(client.call, "threads.sync_custom_action", **about)
        time.sleep(0.3)
        assert not changing.done()
        lock.execute("ROLLBACK")
        stream.thread.items[widget] = changing.result(10)["updated_item"]
        stream.all()
    assert stream.thread.items[widget]["widget"] == action["payload"]
    same(client, stream.thread_id)
