"""A worker that dies or freezes in mid-answer, as its clients see it from another one: nothing that anybody saw is lost, each
turn ends once, and who follows goes on where they were."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
import requests

from tests.live.clients import Session, events, issue, open_socket
from tests.live.shown import Shown
from tests.servers import Launcher, PostgresProcess, ServerProcess, wait_until
from tests.upstream.faulty import text_of

LEASE = 3.0


@dataclass
class Pair:
    """Two workers, of which the first comes to harm."""

    first: ServerProcess
    second: ServerProcess

    def user(self, name: str) -> tuple[Session, Session]:
        """The same somebody at both."""
        here = issue(self.first, f"{name}-{time.time_ns()}", model="demo")
        return here, replace(here, server=self.second)


@pytest.fixture
def pair(start_server: Launcher, postgres_process: PostgresProcess, redis_url: str) -> Iterator[Pair]:
    shared = {"DATABASE_URL": postgres_process.database(), "REDIS_URL": redis_url}
    first = start_server("serve", None, LEASE_SECONDS=str(LEASE), **shared)
    both = Pair(first, start_server.another(first))
    yield both
    first.signal(signal.SIGCONT)
    for server in (both.first, both.second):
        server.stop()


def watch(who: Session, turn_id: str, view: Shown, until: int | None = None) -> None:
    """Follow behind what was seen, to the end or until so many events were seen; a cut connection ends it too."""
    after = {"Last-Event-ID": str(view.seq)}
    with who.get(f"/api/turns/{turn_id}/events", headers=after, stream=True) as answer:
        assert answer.status_code == 200
        try:
            for event in events(answer):
                view.take(event.data)
                if until is not None and view.seq >= until:
                    return
        except requests.RequestException:
            return


def test_everything_that_was_seen_outlives_the_worker(pair: Pair) -> None:
    here, there = pair.user("killed")
    turn_id, _ = here.begin("/tokens 2000 10")
    near, far = Shown(), Shown()
    watch(here, turn_id, near, 150)
    watch(there, turn_id, far, 60)
    pair.first.signal(signal.SIGKILL)
    killed, seen = time.monotonic(), near.text
    watch(there, turn_id, near)
    print(f"told of the end {time.monotonic() - killed:.1f} s after the kill")
    watch(there, turn_id, far)
    assert "snapshot" not in near.kinds + far.kinds
    assert (near.kinds[-1], near.text) == (far.kinds[-1], far.text) == ("interrupted", near.text)
    assert seen
    assert near.text.startswith(seen)
    turn = there.turn(turn_id)
    assert (turn["state"], turn["text"], turn["error"]["retryable"]) == ("interrupted", near.text, True)
    assert there.items(there.thread_id)[-1]["text"] == near.text


def test_turn_that_had_said_nothing_is_run_once_more(pair: Pair) -> None:
    here, there = pair.user("silent")
    turn_id, _ = here.begin("/tokens 2 3000")
    view = Shown()
    watch(here, turn_id, view, 1)
    pair.first.signal(signal.SIGKILL)
    watch(there, turn_id, view)
    assert (view.kinds[-1], view.text) == ("completed", text_of(2))
    assert view.kinds.count("turn") == 2
    assert "snapshot" not in view.kinds
    assert [item["text"] for item in there.items(there.thread_id)] == [
        "/tokens 2 3000",
        text_of(2),
    ]


def test_turn_whose_second_worker_dies_too_is_ended(pair: Pair, start_server: Launcher) -> None:
    here, there = pair.user("twice")
    turn_id, _ = here.begin("/tokens 2 20000")
    pair.first.signal(signal.SIGKILL)
    wait_until(lambda: "turn.run_again" in pair.second.logs(), "the second run", LEASE + 8)
    third = start_server.another(pair.second)
    pair.second.signal(signal.SIGKILL)
    turn = replace(there, server=third).ended(turn_id, LEASE + 10)
    assert (turn["state"], turn["text"]) == ("interrupted", "")
    third.stop()


def test_stop_of_a_dead_worker_s_turn_ends_it_as_cancelled(pair: Pair) -> None:
    here, there = pair.user("stopped")
    turn_id, _ = here.begin("/tokens 2000 10")
    view = Shown()
    watch(here, turn_id, view, 50)
    pair.first.signal(signal.SIGKILL)
    assert there.post(f"/api/turns/{turn_id}/cancel").status_code == 202
    watch(there, turn_id, view)
    assert view.kinds[-1] == "cancelled"
    assert there.turn(turn_id)["text"] == view.text


def test_frozen_worker_that_comes_back_writes_nothing_into_what_another_has_ended(pair: Pair) -> None:
    here, there = pair.user("frozen")
    turn_id, _ = here.begin("/tokens 4000 10")
    near, far = Shown(), Shown()
    with here.get(f"/api/turns/{turn_id}/events?after=0", stream=True) as answer:
        stream = events(answer)
        while near.seq < 50:
            near.take(next(stream).data)
        pair.first.signal(signal.SIGSTOP)
        watch(there, turn_id, far)
        assert far.kinds[-1] == "interrupted"
        pair.first.signal(signal.SIGCONT)
        for event in stream:  # what it had in hand, then what the other one has made of it
            near.take(event.data)
    assert (near.kinds[-1], near.text, "snapshot" in near.kinds) == ("interrupted", far.text, False)
    assert there.turn(turn_id)["text"] == far.text
    assert "turn.not_finished" not in pair.first.logs()
    assert here.ask("/echo well again")["response"] == "well again"


def test_waiting_caller_at_a_frozen_worker_gets_the_answer_that_another_gave(pair: Pair) -> None:
    here, there = pair.user("waiting")
    with open_socket(pair.second, f"/ws/chat/{there.secret}") as socket, ThreadPoolExecutor(1) as pool:
        socket.until("ready")
        waiting = pool.submit(here.post, "/api/chat", {"message": "/tokens 1 3000"})
        turn_id = socket.until("turn")["turn_id"]
        pair.first.signal(signal.SIGSTOP)
        while (told := socket.receive(LEASE + 20))["type"] != "response":
            pass
        assert (told["turn_id"], told["text"]) == (turn_id, text_of(1))
        pair.first.signal(signal.SIGCONT)
        answer = waiting.result(30).json()
    assert (answer["turn_id"], answer["response"]) == (turn_id, text_of(1))


def test_socket_at_a_frozen_worker_is_told_of_the_end_that_another_gave(pair: Pair) -> None:
    here, there = pair.user("socket")
    with open_socket(pair.first, f"/ws/chat/{here.secret}") as socket:
        socket.until("ready")
        socket.send(type="message", text="/tokens 4000 10", id="one")
        turn_id = socket.until("delta")["turn_id"]
        pair.first.signal(signal.SIGSTOP)
        watch(there, turn_id, Shown())
        pair.first.signal(signal.SIGCONT)
        told = socket.until("response")
    assert (told["id"], told["turn_id"], told["state"]) == ("one", turn_id, "interrupted")
    assert told["text"] == there.turn(turn_id)["text"]
