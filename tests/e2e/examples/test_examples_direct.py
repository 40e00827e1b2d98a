"""The examples' front ends, unchanged, on pages of the backend's own origin: what they ask for, the server itself answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.e2e.examples.servers import Credentials, OpenAIStandIn
from tests.e2e.examples.stage import WATCH_PANEL, Frame, Stage, divert, get, log_in, panel_states, without_ids

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response, Route, WebSocket

Open = Callable[..., Stage]

WORDS = "Good morning & 2+2=4, שלום to the 🎈 and to all that is in it"

UNAVAILABLE = "Failed to load resource: the server responded with a status of 503 (Service Unavailable)"
EMPTY_SOCKET = (
    "WebSocket connection to 'ws://… failed: WebSocket is closed before the connection is established."
)


def test_example_1_chats_with_the_secret_it_fetched(open_example: Open, server: str) -> None:
    stage = open_example(1)
    stage.wait_state("ready")
    first, second = stage.say(f"/echo {WORDS}"), stage.say("/history")
    assert first.text == WORDS
    assert f"1. /echo {WORDS}" in second.text
    turns = [get(server, f"/api/turns/{answer.turn}", stage.secret) for answer in (first, second)]
    assert [turn["text"] for turn in turns] == [first.text, second.text]
    assert turns[0]["thread_id"] == turns[1]["thread_id"]
    assert stage.errors == []


def test_example_2_shows_the_stream_token_by_token(open_example: Open, server: str) -> None:
    stage = open_example(2, script=WATCH_PANEL)
    stage.wait_state("ready")
    for message in ("/help", f"/echo {WORDS}"):
        with stage.page.expect_response("**/api/custom/stream") as streamed:
            stage.say(message)
        response: Response = streamed.value
        response.finished()
        turn = get(server, f"/api/turns/{response.headers['x-turn-id']}", stage.secret)
        states = panel_states(stage, turn["text"].replace("\n", ""))
        assert len(states) >= 5
        assert all(later.startswith(earlier) for earlier, later in pairwise(states))
        newest = get(server, f"/api/threads/{turn['thread_id']}/items?order=desc&limit=2", stage.secret)
        assert [item["text"] for item in newest["data"]] == [turn["text"], message]
    assert stage.errors == []


def test_example_3_gives_the_session_the_chosen_model(open_example: Open, server: str) -> None:
    stage = open_example(3)
    stage.wait_state("ready")
    chosen = stage.page.locator("select option").evaluate_all(
        "options => options.map(option => option.value)"
    )
    assert len(chosen) == 3
    for model in chosen:
        stage.page.locator("select").select_option(model)
        stage.renew()
        assert get(server, "/api/sessions/current", stage.secret)["model"] == model
        answer = stage.say(f"/echo Hello, {model}")
        turn = get(server, f"/api/turns/{answer.turn}", stage.secret)
        assert answer.text == f"Hello, {model}"
        assert (turn["requested_model"], turn["text"]) == (model, answer.text)
    assert stage.errors == []


def test_example_4_shows_the_response_of_the_socket(open_example: Open, server: str) -> None:
    frames: list[Frame] = []

    def listen(socket: WebSocket) -> None:
        if not socket.url.endswith("/api/ws/chat/"):
            socket.on("framereceived", lambda frame: frames.append(json.loads(frame)))

    stage = open_example(4, prepare=lambda page: page.on("websocket", listen))
    stage.wait_frame(frames, "ready")
    composer = stage.page.get_by_placeholder("Type message...")
    rows = stage.page.locator("div.overflow-y-auto > div")
    for count, text in enumerate((WORDS, "Over the same socket"), start=1):
        composer.fill(f"/echo {text}")
        composer.press("Enter")
        response = stage.wait_frame(frames, "response", count)
        stage.page.wait_for_function(
            "count => document.querySelectorAll('div.overflow-y-auto > div').length === count", arg=2 * count
        )
        assert response["state"] == "completed"
        assert rows.all_text_contents()[-2:] == [f"/echo {text}", text]
    assert rows.first.get_attribute("class") == "text-right"
    # The example opens a socket before it has a session and closes it at once, which the browser may complain of.
    assert set(without_ids(stage.errors)) <= {EMPTY_SOCKET, "WebSocket error: Event"}


def test_example_5_uses_the_custom_backend_while_it_is_up(open_example: Open) -> None:
    stage = open_example(5)
    stage.wait_state("ready")
    assert "Custom" in (stage.page.locator("strong").text_content() or "")
    assert stage.say(f"/echo {WORDS}").text == WORDS
    assert "Using custom backend" in stage.logs
    assert stage.errors == []


def test_example_5_falls_back_to_openai_when_every_route_is_down(
    open_example: Open, down_server: str, openai: OpenAIStandIn
) -> None:
    stage = open_example(5, server=down_server)
    stage.wait_state("ready")
    assert "OpenAI" in (stage.page.locator("strong").text_content() or "")
    assert stage.secret == openai.client_secret
    assert stage.warnings == ["Custom backend unavailable, trying OpenAI"]
    assert stage.errors == [UNAVAILABLE]
    assert openai.asked[-1]["workflow"]["id"] == openai.workflow_id
    assert openai.asked[-1]["user"]


def test_example_5_says_so_when_neither_backend_is_there(open_example: Open, down_server: str) -> None:
    stage = open_example(5, prepare=lambda page: divert(page, down_server, times=1))
    stage.wait_state("failed")
    assert stage.warnings == ["Custom backend unavailable, trying OpenAI"]
    assert stage.errors == [UNAVAILABLE, UNAVAILABLE]


def test_example_6_exchanges_the_login_for_a_token(
    open_example: Open, server: str, login: Credentials
) -> None:
    asked: list[str] = []

    def note(route: Route) -> None:
        asked.append(route.request.headers.get("x-auth-token", ""))
        route.continue_()

    def prepare(page: Page) -> None:
        log_in(page, server, login)
        page.route("**/api/custom/session", note)

    stage = open_example(6, prepare=prepare)
    stage.wait_state("ready")
    assert len(asked) == 1
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", asked[0])
    answer = stage.say(f"/echo {WORDS}")
    assert answer.text == WORDS
    # The thread is the user's own: the token that named them reads it without the session's secret.
    assert get(server, f"/api/turns/{answer.turn}", asked[0])["text"] == answer.text
    assert stage.errors == []


def test_example_8_tries_again_until_the_backend_is_back(open_example: Open, down_server: str) -> None:
    stage = open_example(8, prepare=lambda page: divert(page, down_server, times=2))
    stage.wait_state("ready")
    assert stage.warnings == [f"Attempt {count} failed: Backend temporarily unavailable" for count in (1, 2)]
    assert stage.errors == [UNAVAILABLE, UNAVAILABLE]
    assert stage.page.get_by_role("alert").count() == 0
    assert stage.say(f"/echo {WORDS}").text == WORDS


def test_example_8_notifies_when_the_backend_stays_down(open_example: Open, down_server: str) -> None:
    stage = open_example(8, server=down_server)
    stage.wait_state("failed")
    assert len(stage.warnings) == 3
    alert = stage.page.get_by_role("alert")
    assert (alert.text_content(), alert.get_attribute("data-level")) == (
        "Unable to connect to chat service",
        "error",
    )
    assert stage.errors[:3] == [UNAVAILABLE] * 3
    assert len(stage.errors) == 4
    assert stage.errors[3].startswith(
        "Chat error: Error: Failed after 3 attempts: Backend temporarily unavailable"
    )
