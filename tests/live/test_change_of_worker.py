"""Two servers on one database, and one that dies: who follows a turn of another worker, or changes between them, is shown
the answer once, and is always told of its end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.live.clients import Session, events, issue
from tests.live.shown import Shown
from tests.servers import Launcher, ServerProcess


@pytest.fixture
def pair(start_server: Launcher) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    first = start_server()
    second = start_server(port=None, **{name: first.env[name] for name in ("DATA_DIR", "ENCRYPTION_KEYS")},
                          DATABASE_URL=first.env["DATABASE_URL"] + "?")  # fmt: skip
    yield first, second
    for server in (first, second):
        server.stop()


def watch(who: Session, turn_id: str, view: Shown, most: int = 10_000) -> int:
    """Follow from where the view stands, at most so many events; the status."""
    headers = {"Last-Event-ID": str(view.seq)} if view.kinds else {}
    with who.get(f"/api/turns/{turn_id}/events", headers=headers, stream=True) as answer:
        for event in events(answer):
            view.take(event.data)
            most -= 1
            if most <= 0:
                break
        return answer.status_code


def test_follower_who_changes_between_workers_is_shown_the_answer_once(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    here = issue(pair[0], "u")
    there = replace(here, server=pair[1])
    turn_id, _ = here.begin("/tokens 250 25")
    view = Shown()
    for who, most in ((there, 2), (here, 20), (there, 1), (here, 20), (there, 10_000)):
        assert watch(who, turn_id, view, most) == 200
    wanted = there.turn(turn_id)["text"]
    assert (view.ended, view.text, len(wanted)) == (True, wanted, 1250)
    assert watch(here, turn_id, view) == 204
    assert watch(there, turn_id, view) == 204


def test_follower_of_a_worker_that_was_killed_is_told_of_the_end(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    here = issue(pair[0], "u")
    there = replace(here, server=pair[1])
    turn_id, _ = here.begin("/tokens 2000 20")
    view = Shown()
    watch(here, turn_id, view, 120)
    pair[0].signal(signal.SIGKILL)
    turn = there.ended(turn_id, 40)
    assert turn["state"] == "interrupted"
    assert turn["model"] == "demo"
    assert turn["usage"]["estimated"]
    assert watch(there, turn_id, view) == 200
    assert (view.kinds[-2:], view.text) == (["snapshot", "interrupted"], turn["text"])
    assert there.items(there.thread_id)[-1]["text"] == turn["text"] != ""
    assert watch(there, turn_id, view) == 204
