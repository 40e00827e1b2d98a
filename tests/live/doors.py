"""The doors to a turn that starts here: REST, SSE in both framings, a WebSocket, ChatKit; and one suite of tests for them all.

The suite runs once for each kind of installation (`test_doors.py`, `test_grown.py`): its class is subclassed there, beside a
fixture `server`. What a single door does in detail is not tested here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed

from tests.live.clients import Session, events, issue, open_socket, plain_text
from tests.servers import ServerProcess

_users = count()
_messages = count()


@dataclass(frozen=True)
class Said:
    """What a door told of one message: the text that came, and the code and sentence of a refusal or failure."""

    text: str = ""
    code: str = ""
    detail: str = ""
    turn_id: str = ""
    usage: Any = None


def _refused(answer: requests.Response) -> Said:
    given = answer.json()
    return Said("", given["code"], given["detail"], answer.headers.get("X-Turn-Id", ""))


def rest(who: Session, message: str, **fields: Any) -> Said:
    """`POST /api/chat`."""
    answer = who.post("/api/chat", {"message": message, **fields})
    if answer.status_code != 200:
        return _refused(answer)
    given = answer.json()
    return Said(given["response"], turn_id=given["turn_id"], usage=given["usage"])


def sse_plain(who: Session, message: str, **fields: Any) -> Said:
    """`POST /api/chat/stream` as the examples read it; a failure in mid-answer has a sentence there, and no code."""
    answer = who.post("/api/chat/stream", {"message": message, **fields})
    if answer.status_code != 200:
        return _refused(answer)
    body = answer.content.decode()
    *_, ending = body.removesuffix("\n\n").split("\n\n")
    name, _, said = ending.partition("\n")
    detail = said.removeprefix("data: ") if name == "event: error" else ""
    return Said(plain_text(body), detail=detail, turn_id=answer.headers["X-Turn-Id"])


def sse_typed(who: Session, message: str, **fields: Any) -> Said:
    """`POST /api/chat/stream` with typed events."""
    asked = {"message": message, "events": True, **fields}
    answer = who.post("/api/chat/stream", asked, stream=True)
    if answer.status_code != 200:
        return _refused(answer)
    text = ""
    for event in events(answer):
        text += event.data["text"] if event.type == "delta" else ""
    last = event.data
    return Said(text, last.get("code", ""), last.get("detail", ""), last["turn_id"], last.get("usage"))


def websocket(who: Session, message: str, **fields: Any) -> Said:
    """A message over `/ws/chat/{session_id}`, which tells of the thread's other turns too."""
    texts: dict[str, str] = defaultdict(str)
    name, told = f"message-{next(_messages)}", {"type": ""}
    try:
        with open_socket(who.server, f"/ws/chat/{who.secret}") as socket:
            socket.send(type="message", id=name, text=message, **fields)
            while told["type"] not in ("response", "error") or told.get("id") != name:
                told = socket.receive(30)
                if told["type"] == "delta":
                    texts[told["turn_id"]] += told["text"]
    except ConnectionClosed as closed:
        code = getattr(closed.rcvd, "code", 0)
        return Said(code="unauthenticated" if code == 4401 else f"closed with {code}")
    turn_id = told.get("turn_id", "")
    return Said(texts[turn_id], told.get("code", ""), told.get("detail", ""), turn_id, told.get("usage"))


def chatkit(who: Session, message: str, thread_id: str = "", model: str = "", on_busy: str = "") -> Said:
    """`POST /chatkit`, in the session's thread unless another is named. Its client has no way to take a turn but to stop the
    one that runs, and is told of a failure in words alone."""
    if on_busy == "replace":
        who.stop(who.get(f"/api/threads/{who.thread_id}").json()["active_turn_id"])
    content = [{"type": "input_text", "text": message}]
    said = {"content": content, "inference_options": {"model": model or None}}
    params = {"thread_id": thread_id or who.thread_id, "input": said}
    answer = who.post("/chatkit", {"type": "threads.add_user_message", "params": params})
    if answer.status_code != 200:
        return Said("", answer.json()["code"], answer.json()["message"])
    text, code, detail, turn_id = "", "", "", answer.headers.get("X-Turn-Id", "")
    for frame in answer.content.decode().split("\n\n")[:-1]:
        told = json.loads(frame.partition("data: ")[2] or "{}")
        text += told.get("update", {}).get("delta", "")
        if told.get("type") == "error" or not turn_id:
            code, detail = "" if turn_id else "turn_running", told["message"]
    return Said(text, code, detail, turn_id)


Door = Callable[..., Said]
DOORS: dict[str, Door] = {
    "rest": rest,
    "sse-plain": sse_plain,
    "sse-typed": sse_typed,
    "websocket": websocket,
    "chatkit": chatkit,
}
WORDS = '  Two  spaces,\na line\n\n- شكراً, תודה, 👩‍🚀 e\u0301 \u2028 \t{"a": 1} data: x\n'
FAILURES = ["upstream_down", "upstream_timeout", "upstream_refused", "upstream_busy", "upstream_error"]


def somebody(server: ServerProcess, **fields: Any) -> Session:
    """A session of a user who is new."""
    return issue(server, f"at-the-door-{next(_users)}", **fields)


class DoorSuite:
    """The same turn through every door of `server`: same text, same refusals, same failures."""

    @pytest.fixture(params=list(DOORS.values()), ids=list(DOORS))
    def door(self, request: pytest.FixtureRequest) -> Door:
        chosen: Door = request.param
        return chosen

    @pytest.fixture
    def who(self, server: ServerProcess) -> Session:
        return somebody(server, model="demo")

    def test_answer_is_the_same_and_stored(self, who: Session, door: Door) -> None:
        said = door(who, f"/echo {WORDS}")
        assert (said.text, said.code) == (WORDS, "")
        turn = who.turn(said.turn_id)
        assert (turn["state"], turn["text"], turn["model"]) == ("completed", WORDS, "demo")
        assert said.usage in (None, turn["usage"])
        assert [item["text"] for item in who.items(who.thread_id)] == [f"/echo {WORDS}", WORDS]

    def test_earlier_turns_of_all_doors_are_in_the_prompt(self, who: Session, door: Door) -> None:
        for name, earlier in DOORS.items():
            earlier(who, f"/echo by {name}")
        said = door(who, "/history").text
        assert said.splitlines()[2:] == [f"{n}. /echo by {name}" for n, name in enumerate(DOORS, 1)]

    @pytest.mark.parametrize("code", FAILURES)
    def test_failure_has_the_same_code_and_the_message_stays(
        self, who: Session, door: Door, code: str
    ) -> None:
        said = door(who, f"/fail {code}")
        turn = who.turn(said.turn_id)
        told = "" if door is chatkit else code
        assert (said.code, said.detail, said.text) == (told, turn["error"]["detail"], "")
        assert (turn["state"], turn["error"]["code"]) == ("failed", code)
        assert [item["text"] for item in who.items(who.thread_id)] == [f"/fail {code}"]

    def test_failure_in_mid_answer_keeps_what_was_said(self, who: Session, door: Door) -> None:
        said = door(who, "/fail upstream_error after 3")
        turn = who.turn(said.turn_id)
        assert (turn["state"], turn["text"]) == ("failed", "0001 0002 0003 ")
        assert said.detail == turn["error"]["detail"]
        # REST has no place for half an answer, the examples' framing none for a code.
        assert said.text == ("" if door is rest else turn["text"])
        assert said.code == ("" if door in (sse_plain, chatkit) else "upstream_error")

    def test_stranger_is_refused_alike_and_adds_nothing(
        self, who: Session, door: Door, server: ServerProcess
    ) -> None:
        rest(who, "/echo mine")
        refused = door(somebody(server), "/echo yours", thread_id=who.thread_id)
        nowhere = door(somebody(server), "/echo yours", thread_id="thr_nowhere")
        assert refused == nowhere
        assert (refused.code, refused.text, refused.turn_id) == ("not_found", "", "")
        assert [item["text"] for item in who.items(who.thread_id)] == ["/echo mine", "mine"]

    def test_bad_credential_is_refused_alike(self, server: ServerProcess, door: Door) -> None:
        bad = Session(server, {"Authorization": "Bearer nobody"}, "nobody", "ses_nobody")
        assert door(bad, "/echo hello").code == "unauthenticated"

    def test_unknown_model_is_refused_alike(self, who: Session, door: Door) -> None:
        refused = door(who, "/echo hello", model="nobody-has-this")
        assert refused == rest(who, "/echo hello", model="nobody-has-this")
        assert (refused.code, refused.text) == ("unknown_model", "")

    def test_second_message_waits_its_turn_or_takes_it(self, who: Session, door: Door) -> None:
        running, _ = who.begin("/tokens 2000 20")
        refused = door(who, "/echo second")
        assert (refused.code, refused.text) == ("turn_running", "")
        assert door(who, "/echo instead", on_busy="replace").text == "instead"
        assert who.turn(running)["state"] == "cancelled"
