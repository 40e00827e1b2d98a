"""What a second message, a repeated request and a retry do, on a started server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.live.clients import Caller, Session, bearer, events, issue, open_socket
from tests.live.problem import assert_problem
from tests.servers import Launcher, ServerProcess

ROWS = """
from chat_app.models import ModelConfig as M
M.objects.update(default=False)
M.objects.filter(pk="demo").update(default=True, parameters={"delay_ms": 0})
M.objects.create(id="dead", label="Dead", provider="demo", parameters={"script": "/fail upstream_down"})
"""


@pytest.fixture(scope="module")
def served(start_server: Launcher) -> ServerProcess:
    """A server of its own, with a model whose only route is down: in production nothing falls back by itself."""
    server = start_server(DEBUG="0", ALLOWED_HOSTS="127.0.0.1")
    server.manage("shell", "-c", ROWS)
    return server


def texts(user: Session, thread_id: str = "") -> list[str]:
    return [item["text"] for item in user.items(thread_id or user.thread_id)]


def together(count: int, call: Callable[[int], Any]) -> list[Any]:
    """What `count` calls at once give."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


# A second message while a turn runs


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream", "/api/custom/stream"])
@pytest.mark.parametrize("on_busy", [{}, {"on_busy": "reject"}])
def test_second_message_is_409_and_changes_nothing(user: Session, path: str, on_busy: dict[str, str]) -> None:
    running, _ = user.begin("/tokens 1000 20")
    body = assert_problem(user.post(path, {"message": "/echo me too", **on_busy}), 409, "turn_running")
    assert body["retryable"] is True
    assert user.turn(running)["state"] == "running"
    assert texts(user) == ["/tokens 1000 20"]
    user.stop(running)


def test_replace_cancels_the_running_turn_and_keeps_what_it_said(user: Session) -> None:
    running, _ = user.begin("/tokens 1000 20")
    assert user.ask("/echo instead", on_busy="replace")["response"] == "instead"
    old = user.turn(running)
    assert old["state"] == "cancelled"
    assert old["text"].startswith("0001 ")
    assert texts(user) == ["/tokens 1000 20", old["text"], "/echo instead", "instead"]
    assert user.items(user.thread_id)[1]["data"] == {"state": "cancelled"}


def test_replace_where_nothing_runs_is_a_message_like_any_other(user: Session) -> None:
    assert user.ask("/echo one", on_busy="replace")["response"] == "one"


def test_of_many_first_messages_at_once_one_is_answered(user: Session) -> None:
    answers = together(8, lambda n: user.post("/api/chat", {"message": f"/slow 50 /echo {n} a b c d e f"}))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(texts(user)) == 2


def test_replaces_at_once_leave_one_turn_running_and_the_thread_sound(user: Session) -> None:
    user.begin("/tokens 1000 20")
    answers = together(5, lambda n: user.post("/api/chat", {"message": f"/echo {n}", "on_busy": "replace"}))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert user.ask("/echo after all", on_busy="replace")["response"] == "after all"
    seqs = [item["seq"] for item in user.items(user.thread_id)]
    assert seqs == sorted(set(seqs))


def test_second_message_of_a_socket_is_refused_or_replaces(live: ServerProcess, user: Session) -> None:
    with open_socket(live, f"/ws/chat/{user.secret}") as socket:
        socket.send(type="message", id="one", text="/tokens 1000 20")
        socket.until("delta")
        socket.send(type="message", id="two", text="/echo two")
        refused = socket.until("error")
        assert (refused["id"], refused["code"], refused["retryable"]) == ("two", "turn_running", True)
        socket.send(type="message", id="three", text="/echo three", on_busy="replace")
        ends = [socket.until("response", "error") for _ in range(2)]
        assert [(end["id"], end["state"]) for end in ends] == [("one", "cancelled"), ("three", "completed")]
        assert ends[1]["text"] == "three"


# The same request again


def keyed(user: Caller, name: str, message: str, path: str = "/api/chat", **fields: Any) -> Any:
    return user.post(path, {"message": message, **fields}, headers={"Idempotency-Key": name})


def test_same_request_while_it_runs_attaches(user: Session) -> None:
    with user.post(
        "/api/chat/stream?events=1",
        {"message": "/tokens 40 20"},
        headers={"Idempotency-Key": "k"},
        stream=True,
    ) as first:
        told = events(first)
        while next(told).type != "delta":
            pass
        again = keyed(user, "k", "/tokens 40 20")
        assert again.status_code == 200
        assert again.headers["X-Turn-Id"] == first.headers["X-Turn-Id"]
        assert [event.type for event in told][-1] == "completed"
    assert again.json()["response"].split()[-1] == "0040"
    assert len(texts(user)) == 2


def test_same_request_after_its_end_gives_the_same_answer(user: Session) -> None:
    first, again = keyed(user, "k", "/echo once").json(), keyed(user, "k", "/echo once").json()
    assert again == first
    with keyed(user, "k", "/echo once", "/api/chat/stream?events=1") as answer:
        told = list(events(answer))
    assert "".join(event.data["text"] for event in told if event.type == "delta") == "once"
    assert told[-1].type == "completed"
    assert texts(user) == ["/echo once", "once"]


def test_same_request_after_a_failure_tries_the_same_message_again(user: Session) -> None:
    first, again = keyed(user, "k", "/fail 500"), keyed(user, "k", "/fail 500")
    assert (first.status_code, again.status_code) == (503, 503)
    assert first.headers["X-Turn-Id"] != again.headers["X-Turn-Id"]
    assert texts(user) == ["/fail 500"]
    third = keyed(user, "k", "/fail 500")
    assert third.headers["X-Turn-Id"] not in (first.headers["X-Turn-Id"], again.headers["X-Turn-Id"])
    assert texts(user) == ["/fail 500"]


@pytest.mark.parametrize("other", [{"message": "/echo b"}, {"model": "gpt2"}, {"thread_id": "{thread}"}])
def test_same_key_with_another_body_is_409(user: Session, other: dict[str, str]) -> None:
    said = keyed(user, "k", "/echo a").json()
    body = {
        "message": "/echo a",
        **{name: text.format(thread=said["thread_id"]) for name, text in other.items()},
    }
    answer = user.post("/api/chat", body, headers={"Idempotency-Key": "k"})
    assert_problem(answer, 409, "idempotency_conflict")
    assert texts(user) == ["/echo a", "a"]


def test_same_request_many_times_at_once_is_one_turn(user: Session) -> None:
    answers = together(8, lambda n: keyed(user, "k", "/slow 30 /echo a b c d e f g"))
    good = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({answer.json()["turn_id"] for answer in good}) == 1
    assert texts(user) == ["/slow 30 /echo a b c d e f g", "a b c d e f g"]


def test_key_is_bounded(user: Session) -> None:
    assert keyed(user, "k" * 255, "/echo a").status_code == 200
    assert_problem(keyed(user, "k" * 256, "/echo a"), 400, "invalid", "Idempotency-Key")


def test_id_of_a_socket_message_makes_it_one_turn(live: ServerProcess, user: Session) -> None:
    ends = []
    for _ in range(2):
        with open_socket(live, f"/ws/chat/{user.secret}") as socket:
            socket.send(type="message", id="m1", text="/echo once")
            ends.append(socket.until("response", "error"))
    assert ends[0] == ends[1]
    assert texts(user) == ["/echo once", "once"]


def test_message_without_a_key_twice_is_two_turns(user: Session) -> None:
    assert user.ask("/echo a")["turn_id"] != user.ask("/echo a")["turn_id"]


# Retry


def retried(user: Session, turn_id: str, **fields: str) -> Any:
    """The new turn, once it has ended."""
    answer = user.post(f"/api/turns/{turn_id}/retry", fields)
    assert answer.status_code == 202, answer.text
    assert answer.json()["id"] == answer.headers["X-Turn-Id"] != turn_id
    return user.ended(answer.json()["id"])


def test_retry_answers_the_same_message_in_a_new_turn(user: Session) -> None:
    first = user.ask("/echo hi")
    again = retried(user, first["turn_id"])
    assert (again["state"], again["text"], again["thread_id"]) == ("completed", "hi", first["thread_id"])
    items = user.items(user.thread_id)
    assert [item["text"] for item in items] == ["/echo hi", "hi"]
    assert [item["turn_id"] for item in items] == [first["turn_id"], again["id"]]
    assert user.turn(first["turn_id"])["text"] == "hi"


def test_old_answer_stays_until_the_new_one_begins(user: Session) -> None:
    question = "/slow 400 /echo one two"
    first = user.ask(question)
    new = user.post(f"/api/turns/{first['turn_id']}/retry", {}).json()["id"]
    assert [item["turn_id"] for item in user.items(user.thread_id)] == [first["turn_id"]] * 2
    assert texts(user) == [question, "one two"]
    user.ended(new)
    assert [item["turn_id"] for item in user.items(user.thread_id)] == [first["turn_id"], new]


def test_old_answer_stays_when_the_new_one_never_begins(served: ServerProcess) -> None:
    user = issue(served, "unlucky")
    first = user.ask("hello")
    failed = retried(user, first["turn_id"], model="dead")
    assert (failed["state"], failed["error"]["code"]) == ("failed", "upstream_down")
    assert texts(user) == ["hello", first["response"]]
    assert "1. hello" in user.ask("/history")["response"]


def test_failed_message_stays_and_its_retry_answers_it(served: ServerProcess) -> None:
    user = issue(served, "lucky")
    refused = user.post("/api/chat", {"message": "hello", "model": "dead"})
    assert_problem(refused, 503, "upstream_down")
    assert texts(user) == ["hello"]
    again = retried(user, refused.headers["X-Turn-Id"], model="demo")
    assert (again["state"], again["model"]) == ("completed", "demo")
    assert texts(user) == ["hello", again["text"]]


def test_prompt_after_a_retry_holds_the_message_once(user: Session) -> None:
    user.ask("/echo zero")
    retried(user, user.ask("/echo one")["turn_id"])
    told = user.ask("/history")["response"]
    assert told.splitlines()[2:] == ["1. /echo zero", "2. /echo one"]


def test_retry_of_an_earlier_turn_begins_the_conversation_anew_there(user: Session) -> None:
    first, second = user.ask("/echo one"), user.ask("/echo two")
    new = retried(user, first["turn_id"])
    assert [item["turn_id"] for item in user.items(user.thread_id)] == [first["turn_id"], new["id"]]
    assert user.ask("/history")["response"].splitlines()[2:] == ["1. /echo one"]
    assert_problem(user.post(f"/api/turns/{second['turn_id']}/retry"), 409, "superseded")


def test_retry_of_a_running_turn_is_409(user: Session) -> None:
    running, _ = user.begin("/tokens 1000 20")
    assert_problem(user.post(f"/api/turns/{running}/retry"), 409, "turn_running")
    user.stop(running)


def test_retry_beside_a_running_turn_is_409(user: Session) -> None:
    first = user.ask("/echo hi")
    running, _ = user.begin("/tokens 1000 20")
    assert_problem(user.post(f"/api/turns/{first['turn_id']}/retry"), 409, "turn_running")
    user.stop(running)


def test_cancelled_turn_can_be_retried(user: Session) -> None:
    running, _ = user.begin("/tokens 40 20")
    cut = user.stop(running)
    assert texts(user) == ["/tokens 40 20", cut["text"]]
    again = retried(user, running)
    assert again["text"].split()[-1] == "0040"
    assert texts(user) == ["/tokens 40 20", again["text"]]


def test_retry_by_an_unknown_model_is_400(user: Session) -> None:
    first = user.ask("/echo hi")
    assert_problem(
        user.post(f"/api/turns/{first['turn_id']}/retry", {"model": "no-such"}), 400, "unknown_model"
    )
    assert texts(user) == ["/echo hi", "hi"]


def test_same_retry_again_is_one_turn(user: Session) -> None:
    path = f"/api/turns/{user.ask('/echo hi')['turn_id']}/retry"
    made = [user.post(path, headers={"Idempotency-Key": "r"}).json()["id"] for _ in range(2)]
    assert made[0] == made[1]
    other = user.post(path, {"model": "demo"}, headers={"Idempotency-Key": "r"})
    assert_problem(other, 409, "idempotency_conflict")


def test_retry_is_told_to_every_socket_of_the_thread(live: ServerProcess, user: Session) -> None:
    first = user.ask("/echo hi")
    with open_socket(live, f"/ws/chat/{user.secret}") as socket:
        socket.until("ready")
        new = user.post(f"/api/turns/{first['turn_id']}/retry", {}).json()["id"]
        end = socket.until("response")
        assert (end["turn_id"], end["text"]) == (new, "hi")


# A key alone


def test_one_off_turn_of_a_key_has_no_thread_and_can_be_retried(live: ServerProcess) -> None:
    key = Caller(live, bearer(live.backend_key))
    first = key.ask("/echo hi")
    assert "thread_id" not in first
    assert "session_id" not in first
    again = key.post(f"/api/turns/{first['turn_id']}/retry").json()
    assert key.ended(again["id"])["text"] == "hi"
    assert key.get("/api/threads").json()["data"] == []


def test_one_off_turn_ends_with_its_caller(live: ServerProcess) -> None:
    key = Caller(live, bearer(live.backend_key))
    turn_id, thread_id = key.begin("/tokens 1000 20")
    assert thread_id == ""
    assert key.ended(turn_id, 5)["state"] == "cancelled"


def test_key_means_another_message_in_another_session_of_the_same_user(live: ServerProcess) -> None:
    first, second = issue(live, "numbers-its-messages"), issue(live, "numbers-its-messages")
    one = keyed(first, "1", "/echo hello").json()
    other = keyed(second, "1", "/echo hello").json()
    assert other["thread_id"] != one["thread_id"]
    assert other["turn_id"] != one["turn_id"]
