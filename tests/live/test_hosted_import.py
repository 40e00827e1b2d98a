"""Threads of a hosted ChatKit on a started server: killed midway and begun again, read by their owner, and gone on with."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from chatkit.types import Thread
from pydantic import TypeAdapter

from tests.chat_app.hosted.test_entries import ITEMS
from tests.live.clients import Session, issue
from tests.live.problem import assert_problem
from tests.parts import BASE_DIR
from tests.servers import Launcher, ServerProcess, wait_until
from tests.upstream.hosted_threads import KEY, HostedChatKit, hosted_chatkit, many
from tests.upstream.hosted_threads import thread as hosted_thread

THREADS = 40


@pytest.fixture(scope="module")
def api() -> Iterator[HostedChatKit]:
    with hosted_chatkit() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def moved(
    request: pytest.FixtureRequest, api: HostedChatKit, start_server: Launcher
) -> Iterator[ServerProcess]:
    """A server to which all threads came in two runs, of which the first was killed."""
    env = {"OPENAI_BASE_URL": api.base_url, "OPENAI_API_KEY": KEY}
    if request.param == "postgres":
        env["DATABASE_URL"] = request.getfixturevalue("postgres_process").database()
    server = start_server("serve", None, **env)
    api.set(**many(THREADS, messages=6), delay=0.1)
    with importing(server) as process:
        wait_until(lambda: len(api.asked("/items")) > THREADS // 2, "half of the threads")
        process.send_signal(signal.SIGKILL)
    assert 0 < len(threads(issue(server, "ann"))) < THREADS
    api.set(**many(THREADS, messages=6), delay=0)
    with importing(server) as process:
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
    yield server
    server.stop()


def importing(server: ServerProcess, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_hosted_threads", *options],
        cwd=BASE_DIR, env=server.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def threads(who: Session) -> list[Any]:
    """All threads of somebody but their session's own, newest first."""
    answer = who.get("/api/threads", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return [thread for thread in answer.json()["data"] if thread["id"] != who.thread_id]


def test_all_threads_are_their_owners_and_nothing_is_there_twice(moved: ServerProcess) -> None:
    ann = issue(moved, "ann")
    found = threads(ann)
    assert len({thread["id"] for thread in found}) == THREADS
    assert [thread["title"] for thread in found] == [
        f"text 0 of cthr_{n:04d}" for n in reversed(range(THREADS))
    ]
    for n, thread in enumerate(reversed(found)):
        items = ann.items(thread["id"])
        assert [item["text"] for item in items] == [f"text {m} of cthr_{n:04d}" for m in range(6)]
        assert [item["seq"] for item in items] == [1, 2, 3, 4, 5, 6]
    assert found[-1]["created_at"] == "2025-10-09T08:53:20.000Z"


def test_imported_thread_is_nobody_elses(moved: ServerProcess) -> None:
    thread = threads(issue(moved, "ann"))[0]["id"]
    bob = issue(moved, "bob")
    assert threads(bob) == []
    assert_problem(bob.get(f"/api/threads/{thread}/items"), 404, "not_found")


def test_conversation_goes_on_with_what_was_said_there(moved: ServerProcess, api: HostedChatKit) -> None:
    ann = issue(moved, "ann", model="demo")
    thread = threads(ann)[1]["id"]
    answer = ann.ask("/history", thread_id=thread)
    assert "Earlier messages of yours in the prompt: 3" in answer["response"]
    before = ann.items(thread)
    with importing(moved) as process:
        told, _ = process.communicate(timeout=60)
    assert "1 went on here" in told
    assert ann.items(thread) == before


def test_imported_turn_is_told_and_answered_anew(moved: ServerProcess) -> None:
    ann = issue(moved, "ann", model="demo")
    thread = threads(ann)[5]["id"]
    items = ann.items(thread)
    turn = ann.turn(items[-1]["turn_id"])
    assert (turn["state"], turn["model"], turn["text"]) == ("completed", "openai-hosted", items[-1]["text"])
    assert turn["usage"]["total_tokens"] == 0
    again = ann.post(f"/api/turns/{turn['id']}/retry", {"model": "demo"})
    assert again.status_code == 202, again.text
    assert ann.ended(again.json()["id"])["model"] == "demo"
    assert [item["text"] for item in ann.items(thread)][:5] == [item["text"] for item in items[:5]]


def test_items_of_all_kinds_are_shown_to_chatkit(moved: ServerProcess, api: HostedChatKit) -> None:
    kinds = ["user_message", "assistant_message", "widget", "client_tool_call", "task", "workflow"]
    assert list(ITEMS) == kinds
    said = [{**one, "id": f"cthi_kind_{n}"} for n, one in enumerate(ITEMS.values())]
    api.set(threads=[hosted_thread("kinds", "eve", title="Kinds")], items={"cthr_kinds": said})
    with importing(moved, "--user", "eve") as process:
        told, _ = process.communicate(timeout=60)
    assert "1 new; 6 items" in told
    eve = issue(moved, "eve")
    (found,) = threads(eve)
    asked = {"type": "threads.get_by_id", "params": {"thread_id": found["id"]}}
    answer = eve.post("/chatkit", asked)
    assert answer.status_code == 200, answer.text
    shown = TypeAdapter(Thread).validate_python(answer.json())
    assert shown.title == "Kinds"
    assert [one.type for one in shown.items.data] == kinds
