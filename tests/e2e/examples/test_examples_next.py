"""Examples 1 to 3 through their own route handlers: the page asks them, they ask the backend in the name of its key.

The stand-in then chats with the backend from another origin, as OpenAI's element would.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from tests.e2e.examples.next_server import NextServer
from tests.e2e.examples.stage import WATCH_PANEL, Stage, get, panel_states

Open = Callable[..., Stage]


def test_example_1_chats_with_the_secret_of_its_route_handler(
    open_next: Open, next_server: NextServer
) -> None:
    stage = open_next(1)
    stage.wait_state("ready")
    call = next_server.calls()[-1]
    assert (call["path"], call["body"], call["status"]) == ("/api/sessions", {"user_id": "alice"}, 201)
    answer = stage.say("/echo Good morning")
    assert get(next_server.backend, f"/api/turns/{answer.turn}", stage.secret)["text"] == answer.text
    assert answer.text == "Good morning"
    assert stage.errors == []


def test_example_1_tells_a_visitor_who_is_not_logged_in(open_next: Open) -> None:
    stage = open_next(1, logged_in=False)
    stage.wait_state("failed")
    assert stage.errors == [
        "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
    ]


def test_example_2_forwards_the_stream_token_by_token(open_next: Open, next_server: NextServer) -> None:
    stage = open_next(2, script=WATCH_PANEL)
    stage.wait_state("ready")
    with stage.page.expect_response("**/api/custom/stream") as streamed:
        stage.say("/help")
    assert streamed.value.headers["content-type"] == "text/event-stream"
    streamed.value.finished()
    call = next_server.calls()[-1]
    assert (call["path"], call["status"]) == ("/api/chat/stream", 200)
    turn = get(next_server.backend, f"/api/turns/{call['turn']}", next_server.key)
    states = panel_states(stage, turn["text"].replace("\n", ""))
    assert len(states) >= 5
    assert all(later.startswith(earlier) for earlier, later in pairwise(states))
    assert "thread_id" not in turn
    assert stage.errors == []


def test_example_3_reaches_each_model_by_its_own_base(open_next: Open, next_server: NextServer) -> None:
    stage = open_next(3)
    stage.wait_state("ready")
    bases = {"gpt2": "/gpt2/sessions", "llama": "/api/sessions", "custom": "/sessions"}
    for model, path in bases.items():
        stage.page.locator("select").select_option(model)
        stage.renew()
        call = next_server.calls()[-1]
        assert (call["path"], call["body"]["model"], call["status"]) == (path, model, 201)
        assert get(next_server.backend, "/api/sessions/current", stage.secret)["model"] == model
        answer = stage.say(f"/echo Hello, {model}")
        turn = get(next_server.backend, f"/api/turns/{answer.turn}", stage.secret)
        assert (turn["requested_model"], turn["text"]) == (model, f"Hello, {model}")
    assert stage.errors == []
