"""Cancel from another connection: the turn ends soon, its upstream is closed, what was said is kept.

The bound is 100 ms from the hint to the end; it is measured and printed, and asserted at ten times itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest
import requests

from tests.live.clients import Caller, Event, Session, bearer, events, issue, open_socket
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.live.shown import Shown
from tests.servers import Launcher, ServerProcess
from tests.upstream.faulty import text_of

NewUser = Callable[..., Session]
BOUND = 0.100
_users = count()
HANGS, DRIPS = "cancel-hangs", "cancel-drips"


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    return start_server()


@pytest.fixture(scope="module")
def routes(server: ServerProcess) -> Iterator[FaultyUpstream]:
    """A route that hangs in mid-answer, one that drips for a minute, and their upstream."""
    with faulty_upstream() as upstream:
        urls = {
            HANGS: upstream.base_url("hang_midway", tokens=5),
            DRIPS: upstream.base_url("ok", tokens=3000, delay_ms=20),
        }
        add_models(server, {name: {"base_url": url, "model": "m"} for name, url in urls.items()})
        yield upstream


@pytest.fixture
def key(server: ServerProcess) -> Caller:
    return Caller(server, bearer(server.backend_key))


@pytest.fixture
def new_user(server: ServerProcess) -> NewUser:
    return lambda model: issue(server, f"canceller-{next(_users)}", model=model)


@pytest.fixture
def user(new_user: NewUser) -> Session:
    return new_user("demo")


@pytest.fixture
def upstream(routes: FaultyUpstream) -> FaultyUpstream:
    routes.seconds_until(open=0)
    routes.forget()
    return routes


def told(seconds: float, what: str) -> None:
    print(f"{what}: {seconds * 1000:.1f} ms (bound {BOUND * 1000:.0f} ms)")
    assert seconds < 10 * BOUND


def timed(answer: requests.Response) -> list[tuple[float, Event]]:
    """The events of a stream and when each came."""
    return [(time.perf_counter(), event) for event in events(answer)]


def wait_for_text(who: Session, turn_id: str) -> None:
    while len(who.turn(turn_id)["text"]) < 25:
        time.sleep(0.01)


def test_cancel_by_rest_ends_a_turn_that_hangs(new_user: NewUser, upstream: FaultyUpstream) -> None:
    user = new_user(HANGS)
    answer = user.post("/api/chat/stream", {"message": "go", "events": True}, stream=True)
    turn_id = answer.headers["X-Turn-Id"]
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(timed, answer)
        wait_for_text(user, turn_id)
        assert upstream.state()["open"] == 1
        begun = time.perf_counter()
        cancelled = user.post(f"/api/turns/{turn_id}/cancel")
        closed = upstream.seconds_until(open=0)
        came = reading.result()
    assert (cancelled.status_code, cancelled.json()["id"]) == (202, turn_id)
    told(came[-1][0] - begun, "cancel by REST, to the follower's last event")
    told(closed, "from the answer of the cancel to the upstream's closing")
    assert upstream.state()["hung_up"] == 1
    view = Shown()
    for _, event in came:
        view.take(event.data)
    kinds = view.kinds
    assert (kinds[:3], kinds[-2:]) == (["turn", "item", "delta"], ["item", "cancelled"])
    assert set(kinds[2:-2]) == {"delta"}
    turn = user.turn(turn_id)
    assert (turn["state"], turn["text"], turn["model"]) == ("cancelled", text_of(5), HANGS)
    assert turn["usage"]["estimated"] is True
    assert [item["text"] for item in user.items(user.thread_id)] == ["go", text_of(5)]


def test_cancel_on_another_socket_ends_it_for_all(new_user: NewUser, upstream: FaultyUpstream) -> None:
    user = new_user(DRIPS)
    path = f"/ws/chat/{user.secret}"
    with open_socket(user.server, path) as asking, open_socket(user.server, path) as other:
        asking.send(type="message", id="q", text="go")
        for _ in range(3):
            turn_id = other.until("delta")["turn_id"]
        begun = time.perf_counter()
        other.send(type="cancel")
        ended = asking.until("response")
        told(time.perf_counter() - begun, "cancel by another socket, to the asking socket's response")
        upstream.seconds_until(open=0, hung_up=1)
        assert other.until("response")["text"] == ended["text"]
    assert (ended["id"], ended["turn_id"], ended["state"]) == ("q", turn_id, "cancelled")
    assert text_of(3) in ended["text"]
    assert text_of(3000).startswith(ended["text"])
    turn = user.turn(turn_id)
    assert (turn["state"], turn["text"]) == ("cancelled", ended["text"])


def test_cancel_is_not_kept_waiting_by_the_stream_on_its_own_socket(
    new_user: NewUser, upstream: FaultyUpstream
) -> None:
    user = new_user(DRIPS)
    with open_socket(user.server, f"/ws/chat/{user.secret}") as socket:
        socket.send(type="message", id="q", text="go")
        turn_id = socket.until("delta")["turn_id"]
        begun = time.perf_counter()
        socket.send(type="cancel", turn_id=turn_id)
        assert socket.until("response")["state"] == "cancelled"
        told(time.perf_counter() - begun, "cancel on the socket itself, to its response")
    upstream.seconds_until(open=0, hung_up=1)


def test_waiting_chat_gets_what_was_said_when_it_is_cancelled(
    new_user: NewUser, upstream: FaultyUpstream
) -> None:
    user = new_user(HANGS)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(user.post, "/api/chat", {"message": "go"})
        upstream.seconds_until(open=1)
        turn_id = user.get(f"/api/threads/{user.thread_id}").json()["active_turn_id"]
        wait_for_text(user, turn_id)
        user.stop(turn_id)
        answer = waiting.result()
    assert (answer.status_code, answer.json()["response"]) == (200, text_of(5))


def test_cancel_before_the_first_token_leaves_no_answer(user: Session, upstream: FaultyUpstream) -> None:
    turn_id, _ = user.begin("/slow 20000 never said")
    ended = user.stop(turn_id)
    assert (ended["state"], ended["text"]) == ("cancelled", "")
    assert [item["type"] for item in user.items(user.thread_id)] == ["user_message"]
    assert user.ask("/echo next")["response"] == "next"


def test_cancel_of_an_ended_turn_changes_nothing(user: Session) -> None:
    turn_id = user.ask("/echo done")["turn_id"]
    before = user.turn(turn_id)
    again = user.post(f"/api/turns/{turn_id}/cancel")
    assert (again.status_code, again.json()) == (202, before)
    assert user.turn(turn_id) == before


def test_cancelled_answer_is_in_the_next_prompt_as_what_was_said(
    new_user: NewUser, upstream: FaultyUpstream
) -> None:
    user = new_user(HANGS)
    turn_id, _ = user.begin("go")
    wait_for_text(user, turn_id)
    user.stop(turn_id)
    upstream.seconds_until(open=0)
    user.stop(user.begin("and on")[0])
    said = [(m["role"], m["content"]) for m in upstream.state()["body"]["messages"]]
    assert said[0] == ("user", "go")
    assert said[1][1].startswith(text_of(5))
    assert "stopped" in said[1][1]
    assert said[2] == ("user", "and on")


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
def test_one_off_turn_ends_when_its_caller_hangs_up(key: Caller, upstream: FaultyUpstream, path: str) -> None:
    with suppress(requests.exceptions.RequestException):
        answer = requests.post(
            key.server.url + path,
            json={"message": "go", "model": DRIPS, "events": True},
            headers=dict(key.headers),
            timeout=(5, 0.7),
            stream=True,
        )
        next(events(answer))
        answer.close()
    assert upstream.state()["requests"] == 1
    told(upstream.seconds_until(open=0, hung_up=1), f"one-off turn by {path}, hang-up to closed upstream")


def test_one_off_turn_ends_with_its_socket(key: Caller, upstream: FaultyUpstream) -> None:
    with open_socket(key.server, "/ws/chat", key.headers) as socket:
        socket.send(type="message", text="go", model=DRIPS)
        turn_id = socket.until("delta")["turn_id"]
    upstream.seconds_until(open=0, hung_up=1)
    assert key.ended(turn_id)["state"] == "cancelled"


def test_turn_of_a_thread_goes_on_when_its_caller_hangs_up(
    new_user: NewUser, upstream: FaultyUpstream
) -> None:
    user = new_user(DRIPS)
    turn_id, _ = user.begin("go")
    time.sleep(0.5)
    assert user.turn(turn_id)["state"] == "running"
    assert (upstream.state()["open"], upstream.state()["hung_up"]) == (1, 0)
    user.stop(turn_id)
