"""Honest pages on a started server: whatever their size, and while an answer is being written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Refused
from tests.live.chatkit.player import script
from tests.live.chatkit.strict import plain

STEPS: list[list[Any]] = [
    ["done", "a", "task", {"task": shapes.task()}],
    ["done", "x", "of_an_unknown_kind"],
    ["text", "so far"],
    ["done", "h", "hidden_context_item", {"content": "SECRET"}],
    ["done", "b", "widget", shapes.widget()],
]


def walked(client: Client, thread_id: str, order: str, limit: int) -> list[Any]:
    """All rows, by pages of that size behind the last row of each."""
    rows: list[Any] = []
    more = True
    while more:
        behind = {"after": rows[-1]["id"]} if rows else {}
        page = client.call("items.list", thread_id=thread_id, order=order, limit=limit, **behind)
        assert len(page["data"]) <= limit
        assert page["data"] or not page["has_more"]
        rows += page["data"]
        more = page["has_more"]
        assert not more or page["after"]
    return [plain(row) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_in_both_orders_hold_each_row_once(client: Client, limit: int) -> None:
    thread = client.say(script(*STEPS))
    thread_id = thread.thread["id"]
    client.say("more", thread_id)
    assert walked(client, thread_id, "asc", limit) == thread.listed()
    assert walked(client, thread_id, "desc", limit) == thread.listed()[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_hold_what_is_still_being_made(client: Client, limit: int) -> None:
    thread_id = client.say("hello").thread["id"]
    with client.add(thread_id, script(*STEPS, ["sleep", 2])) as stream:
        stream.until("thread.item.done", 3)
        rows = stream.thread.listed()
        assert walked(client, thread_id, "asc", limit) == rows
        assert walked(client, thread_id, "desc", limit) == rows[::-1]
        client.who.stop(stream.turn_id)


def test_page_of_nothing_but_what_the_client_is_not_shown_goes_on(client: Client) -> None:
    unknown = [["done", f"x{n}", "of_an_unknown_kind"] for n in range(5)]
    thread = client.say(script(*unknown, ["text", "at last"]))
    assert walked(client, thread.thread["id"], "asc", 1) == thread.listed()
    assert walked(client, thread.thread["id"], "asc", 2) == thread.listed()


def test_long_history_is_read_whole_though_each_page_has_an_end(client: Client) -> None:
    thread = client.say(script(["times", 1100, "done", "task", {"task": shapes.task()}]))
    _, rows = client.read(thread.thread["id"])
    assert rows == thread.listed()
    assert len(rows) == 1101
    assert len(client.call("threads.get_by_id", thread_id=thread.thread["id"])["items"]["data"]) < 1101


def test_threads_are_listed_newest_first_page_by_page(client: Client) -> None:
    made = [client.say(f"thread {n}").thread["id"] for n in range(5)]
    client.say("again", made[1])
    wanted = [made[1], made[4], made[3], made[2], made[0]]
    assert [thread["id"] for thread in client.listed()] == wanted
    rows: list[str] = []
    for _ in range(5):
        behind = {"after": rows[-1]} if rows else {}
        page = client.call("threads.list", limit=1, **behind)
        rows += [thread["id"] for thread in page["data"]]
        assert page["has_more"] is (len(rows) < 5)
    assert rows == wanted
    asc = client.call("threads.list", limit=9999, order="asc")["data"]
    assert [thread["id"] for thread in asc] == wanted[::-1]


@pytest.mark.parametrize("limit", [0, -1, 10**9])
def test_size_of_a_page_is_kept_within_reason(client: Client, limit: int) -> None:
    client.say("hello")
    assert len(client.call("threads.list", limit=limit)["data"]) == 1


def test_cursor_that_is_not_there_is_400(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    for operation, more in (("items.list", {"thread_id": thread_id}), ("threads.list", {})):
        for order in ("asc", "desc"):
            with pytest.raises(Refused) as refused:
                client.call(operation, after="nobody", order=order, **more)
            assert (refused.value.status, list(refused.value.body["errors"])) == (400, ["after"])
