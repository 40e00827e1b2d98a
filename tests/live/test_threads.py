"""Threads on a started server: locked, deleted while a turn runs, exported, rated, and paged so that nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.clients import Session, events, issue, open_socket
from tests.live.problem import assert_problem
from tests.servers import ServerProcess


def shell(server: ServerProcess, code: str) -> None:
    """Change rows behind the server's back, as an operator's script would."""
    server.manage("shell", "-c", "from chat_app.models import Item, Thread; " + code)


# Locked and closed


@pytest.mark.parametrize("status", ["locked", "closed"])
def test_thread_that_is_not_active_is_read_but_not_written(
    live: ServerProcess, user: Session, status: str
) -> None:
    said = user.ask("/echo before")
    shell(
        live,
        f"Thread.objects.filter(pk={user.thread_id!r}).update(status={status!r}, status_reason='Enough said.')",
    )
    assert user.get(f"/api/threads/{user.thread_id}").json()["status"] == status
    for path in ("/api/chat", "/api/chat/stream"):
        refused = assert_problem(user.post(path, {"message": "/echo more"}), 403, "forbidden")
        assert refused["detail"] == "Enough said."
    assert_problem(user.post(f"/api/turns/{said['turn_id']}/retry"), 403, "forbidden")
    with open_socket(live, f"/ws/chat/{user.secret}") as socket:
        socket.send(type="message", id="m", text="/echo more")
        error = socket.until("error", "response")
        assert (error["code"], error["id"]) == ("forbidden", "m")
    assert [item["text"] for item in user.items(user.thread_id)] == ["/echo before", "before"]
    assert user.get(f"/api/threads/{user.thread_id}/export").status_code == 200


# Deleted


def test_deleted_thread_is_gone_with_all_that_was_said(user: Session) -> None:
    said = user.ask("/echo secret words")
    item = user.items(user.thread_id)[1]["id"]
    assert user.call("DELETE", f"/api/threads/{user.thread_id}").status_code == 204
    for path in ("", "/items", "/export"):
        assert_problem(user.get(f"/api/threads/{user.thread_id}{path}"), 404, "not_found")
    assert_problem(user.get(f"/api/turns/{said['turn_id']}"), 404, "not_found")
    assert_problem(user.get(f"/api/turns/{said['turn_id']}/events"), 404, "not_found")
    assert_problem(user.post(f"/api/turns/{said['turn_id']}/retry"), 404, "not_found")
    assert_problem(user.call("PUT", f"/api/items/{item}/feedback", {"kind": "positive"}), 404, "not_found")
    assert_problem(user.call("DELETE", f"/api/threads/{user.thread_id}"), 404, "not_found")
    assert user.get("/api/threads?q=secret").json()["data"] == []


def test_delete_while_a_turn_runs_ends_it_for_all_who_follow(live: ServerProcess, user: Session) -> None:
    with open_socket(live, f"/ws/chat/{user.secret}") as socket:
        socket.send(type="message", id="m", text="/tokens 1000 20")
        turn_id = socket.until("delta")["turn_id"]
        with user.get(f"/api/turns/{turn_id}/events", stream=True) as answer:
            told = events(answer)
            next(told)
            begun = time.monotonic()
            assert user.call("DELETE", f"/api/threads/{user.thread_id}").status_code == 204
            assert list(told)[-1].type == "cancelled"
        assert socket.until("response", "error")["state"] == "cancelled"
        assert time.monotonic() - begun < 5
        assert socket.alive()
    assert_problem(user.get(f"/api/turns/{turn_id}"), 404, "not_found")
    assert_problem(user.get(f"/api/threads/{user.thread_id}"), 404, "not_found")


def test_session_goes_on_in_an_empty_thread_after_its_own_was_deleted(user: Session) -> None:
    user.begin("/tokens 1000 20")
    assert user.call("DELETE", f"/api/threads/{user.thread_id}").status_code == 204
    assert user.ask("/history")["response"].startswith("Earlier messages of yours in the prompt: 0")
    assert user.items(user.thread_id)[0]["text"] == "/history"
    time.sleep(1.5)  # the old turn's last checkpoint would have come by now
    assert len(user.items(user.thread_id)) == 2


# Feedback


def test_feedback_is_kept_changed_and_taken_back(user: Session) -> None:
    user.ask("/echo hi")
    question, answer = user.items(user.thread_id)
    path = f"/api/items/{answer['id']}/feedback"
    for body, kept in (
        ({"kind": "positive"}, "positive"),
        ({"kind": "negative", "comment": "не то 👎🏽"}, "negative"),
        ({"kind": None}, None),
        ({"kind": None}, None),
        ({"kind": "positive", "comment": ""}, "positive"),
    ):
        given = user.call("PUT", path, body)
        assert given.status_code == 200
        assert given.json().get("feedback") == kept
        assert user.items(user.thread_id)[1].get("feedback") == kept
    refused = user.call("PUT", f"/api/items/{question['id']}/feedback", {"kind": "positive"})
    assert_problem(refused, 400, "invalid", "kind")
    assert_problem(user.call("PUT", path, {}), 400, "invalid", "kind")


# Export


def test_export_holds_the_whole_conversation_in_both_formats(user: Session) -> None:
    user.ask("/echo # one\n\n*two*")
    user.ask("/echo 三 🧵")
    user.call("PATCH", f"/api/threads/{user.thread_id}", {"title": "A title"})
    user.call("PUT", f"/api/items/{user.items(user.thread_id)[1]['id']}/feedback", {"kind": "positive"})

    path = f"/api/threads/{user.thread_id}/export"
    as_json = user.get(path + "?as=json")
    assert as_json.headers["Content-Type"] == "application/json"
    assert as_json.headers["Content-Disposition"] == f'attachment; filename="{user.thread_id}.json"'
    assert as_json.json() == {
        "thread": user.get(f"/api/threads/{user.thread_id}").json(),
        "items": user.items(user.thread_id),
    }

    as_markdown = user.get(path)
    assert as_markdown.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert as_markdown.headers["Content-Disposition"] == f'attachment; filename="{user.thread_id}.md"'
    text = as_markdown.content.decode()
    assert text.startswith("# A title\n")
    places = [text.index(item["text"]) for item in user.items(user.thread_id)]
    assert places == sorted(places)
    assert user.get(path + "?as=markdown").content == as_markdown.content


def test_export_leaves_out_answers_that_a_retry_replaced(user: Session) -> None:
    first = user.ask("/echo hi")
    user.ended(user.post(f"/api/turns/{first['turn_id']}/retry").json()["id"])
    items = user.get(f"/api/threads/{user.thread_id}/export?as=json").json()["items"]
    assert [item["text"] for item in items] == ["/echo hi", "hi"]


# Pages


def walk(user: Session, path: str, **query: Any) -> Iterator[Any]:
    """All entries of a list, page after page."""
    after: dict[str, str] = {}
    while True:
        page = user.get(path, params={**query, **after}).json()
        assert len(page["data"]) <= query["limit"]
        yield from page["data"]
        assert page["has_more"] is ("next" in page)
        if not page["has_more"]:
            return
        assert len(page["data"]) == query["limit"]
        after = {"after": page["next"]}


@pytest.fixture(scope="module")
def talker(live: ServerProcess) -> Session:
    """A user with a thread of eighteen items, one of them replaced, and with seven threads of the same moment."""
    user = issue(live, "talker")
    turns = [user.ask(f"/echo {n}")["turn_id"] for n in range(9)]
    user.ended(user.post(f"/api/turns/{turns[-1]}/retry").json()["id"])
    for n in range(6):
        user.post("/api/threads", {"title": f"thread {n}"})
    shell(
        live,
        "from django.utils import timezone; Thread.objects.filter(owner='ext:talker').update(updated_at=timezone.now())",
    )
    return user


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 8, 9, 17, 18, 19, 100])
def test_walking_the_items_gives_each_once_in_order(talker: Session, limit: int) -> None:
    path = f"/api/threads/{talker.thread_id}/items"
    upward = list(walk(talker, path, limit=limit, order="asc"))
    downward = list(walk(talker, path, limit=limit, order="desc"))
    assert upward == downward[::-1] == list(walk(talker, path, limit=limit))
    seqs = [item["seq"] for item in upward]
    assert seqs == sorted(set(seqs))
    assert [item["text"] for item in upward] == [text for n in range(9) for text in (f"/echo {n}", f"{n}")]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
def test_walking_threads_of_one_moment_gives_each_once(talker: Session, limit: int) -> None:
    upward = list(walk(talker, "/api/threads", limit=limit, order="asc"))
    downward = list(walk(talker, "/api/threads", limit=limit))
    assert upward == downward[::-1]
    assert len({thread["id"] for thread in upward}) == len(upward) == 7
    found = list(walk(talker, "/api/threads", limit=limit, q="thread"))
    assert sorted(thread["title"] for thread in found) == [f"thread {n}" for n in range(6)]


def test_walk_goes_on_where_it_was_while_the_thread_grows(user: Session) -> None:
    for n in range(3):
        user.ask(f"/echo {n}")
    path = f"/api/threads/{user.thread_id}/items"
    seen = []
    for item in walk(user, path, limit=2, order="asc"):
        seen.append(item["text"])
        if len(seen) == 3:
            user.ask("/echo late")
    assert seen == ["/echo 0", "0", "/echo 1", "1", "/echo 2", "2", "/echo late", "late"]


def test_threads_come_newest_change_first(user: Session) -> None:
    old = user.post("/api/threads", {"title": "old"}).json()["id"]
    user.post("/api/threads", {"title": "new"})
    assert [thread["title"] for thread in user.get("/api/threads").json()["data"]] == ["new", "old"]
    user.ask("/echo hi", thread_id=old)
    assert [thread["title"] for thread in user.get("/api/threads").json()["data"]] == ["old", "new"]
