"""Any interleaving of operations on one thread: read back, it equals the fold of the events that were sent.

Each example is a short life of one thread: messages, clicks, tools, answers, retries and renames, whose streams are read to the
end, cut and gone on with, or stopped; while some are read, another tab does something else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Refused, Stream
from tests.live.chatkit.conftest import NewClient, same
from tests.live.chatkit.player import script

EXAMPLES = int(os.environ.get("CHATKIT_INTERLEAVINGS", "200"))
TASK = {"task": shapes.task()}
GROWS = {"type": "widget.streaming_text.value_delta", "component_id": "words", "delta": "Hello", "done": True}
HIDDEN = {"content": "SECRET"}

# What an answer is made of; `@` stands for an item of an earlier turn.
PIECES: list[list[list[Any]]] = [
    [["text", "some words "]],
    [["text", "some "], ["sleep", 0.01], ["text", "more "]],
    [["done", "m", "assistant_message", {"annotations": [shapes.annotation()]}, "noted"]],
    [["added", "n", "assistant_message"], ["delta", "n", "piece "], ["delta", "n", "by piece"]],
    [["done", "w", "widget", shapes.widget()]],
    [
        ["added", "v", "widget", shapes.widget(shapes.words(""))],
        ["updated", GROWS, "v", "widget", shapes.widget()],
    ],
    [["added", "x", "task", TASK], ["removed", "x"]],
    [["done", "t", "task", TASK]],
    [["done", "h", "hidden_context_item", HIDDEN]],
    [["added", "g", "sdk_hidden_context", HIDDEN]],
    [["done", "c", "client_tool_call", shapes.call()]],
    [["done", "q", "structured_input", shapes.QUESTIONS]],
    [["done", "e", "end_of_turn"]],
    [["progress", "so"], ["notice", "info", "so"], ["effect", "so", {}]],
    [["thread", {"title": "A title"}]],
    [["thread", {"status": "active"}]],
    [["change", "@", "task", {"task": shapes.task("Changed")}]],
    [["take_away", "@"]],
    [["fail_again", "Not again."]],
]
answers = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4, unique_by=str)
readings = st.sampled_from(["whole", "whole", "cut", "behind", "stop"])
begins = st.tuples(
    st.sampled_from(["say", "say", "act", "tool", "answer", "retry", "retry"]),
    answers,
    readings,
    st.integers(0, 9),
    st.sampled_from([None, None, "rename", "sync", "say", "read", "feedback"]),
)
calls = st.sampled_from(["rename", "sync", "feedback", "read"])
lives = st.lists(begins | calls, min_size=2, max_size=6)


class Life:
    """One thread and two tabs on it; the first is looked at."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.other = Client(client.who, connected=True)
        self.thread_id = client.say("hello").thread["id"]
        self.names = 0
        self.spoke = False  # that the other tab has, whose words no event tells here

    @property
    def held(self) -> Any:
        return self.client.threads[self.thread_id]

    def of_kind(self, kind: str, number: int) -> str | None:
        """The id of one of the items of a kind that are whole."""
        found = [item["id"] for item in self.held.of_kind(kind) if item["id"] not in self.held.open]
        return found[number % len(found)] if found else None

    def live(self, step: Any) -> None:
        if isinstance(step, str):
            self.call(self.client, step, 0)
        else:
            self.turn(*step)

    def turn(self, kind: str, pieces: list[Any], reading: str, number: int, meanwhile: str | None) -> None:
        task = self.of_kind("task", number)
        steps = [[task if own == "@" else own for own in step] for piece in pieces for step in piece]
        played = script(
            ["progress", "so"], ["effect", "so", {}], *(step for step in steps if None not in step)
        )
        try:
            stream = self.begin(kind, played, number)
        except Refused as refused:
            if refused.status != 400:
                raise
            return
        if stream is not None:
            self.follow(stream, reading, number, meanwhile)

    def begin(self, kind: str, played: str, number: int) -> Stream | None:
        client, thread_id = self.client, self.thread_id
        match kind:
            case "say":
                return client.add(thread_id, played)
            case "act":
                return client.act(thread_id, self.of_kind("widget", number), "go", played)
            case "tool":
                return client.tool_output(thread_id, played)
            case "answer":
                asked = self.of_kind("structured_input", number)
                given = {"note": {"values": [played], "skipped": False}}
                return client.answer(thread_id, asked, given) if asked else None
            case _:
                question = self.of_kind("user_message", number)
                return client.retry(thread_id, question) if question else None

    def follow(self, stream: Stream, reading: str, number: int, meanwhile: str | None) -> None:
        for _, _ in zip(range(number), stream, strict=False):
            pass
        # A replay from the beginning tells of a widget as it was before it was clicked.
        if meanwhile is not None and not stream.ended and (meanwhile, reading) != ("sync", "cut"):
            self.call(self.other, meanwhile, number)
        if reading == "stop":
            self.client.who.post(f"/api/turns/{stream.turn_id}/cancel")
        elif reading != "whole" and not stream.ended:
            stream.hang_up()
            stream = self.client.again(stream, behind=reading == "behind")
        stream.all()
        if self.spoke:
            self.client.opened(self.thread_id)
            self.spoke = False
        if meanwhile == "rename":  # which of two names came last is not known here
            self.held.thread, _ = self.client.read(self.thread_id)

    def call(self, client: Client, kind: str, number: int) -> None:
        """What needs no stream, or is refused one while another is read."""
        match kind:
            case "rename":
                self.names += 1
                thread = client.call("threads.update", thread_id=self.thread_id, title=f"Name {self.names}")
                self.held.thread = {key: thread[key] for key in thread if key != "items"}
            case "sync" if widget := self.of_kind("widget", number):
                self.names += 1
                action = {"type": "change", "payload": shapes.card(shapes.words(f"{self.names}"))}
                about = {"thread_id": self.thread_id, "item_id": widget, "action": action}
                self.sync(client, widget, about)
            case "say":
                told = client.add(self.thread_id, f"me too {self.names}").all()
                self.spoke = [event["type"] for event in told] != ["notice"]
            case "feedback" if answer := self.of_kind("assistant_message", number):
                client.call("items.feedback", thread_id=self.thread_id, item_ids=[answer], kind="positive")
            case _:
                client.read(self.thread_id)

    def sync(self, client: Client, widget: str, about: Any) -> None:
        try:
            updated = client.call("threads.sync_custom_action", **about)["updated_item"]
        except Refused as refused:
            if refused.status != 404:  # the widget is gone by a retry
                raise
            return
        if widget in self.held.items:
            self.held.items[widget] = updated


@pytest.fixture
def begin(new_client: NewClient) -> Callable[[], Life]:
    made = new_client()
    return lambda: Life(Client(made.who, connected=True))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
    derandomize="CHATKIT_INTERLEAVINGS" not in os.environ,
)
@given(lives)
def play(begin: Callable[[], Life], played: list[int], life: list[Any]) -> None:
    played.append(1)
    note(f"life: {life}")
    lived = begin()
    for step in life:
        lived.live(step)
    same(lived.client, lived.thread_id)


@pytest.mark.timeout(600)
def test_thread_read_back_is_the_fold_of_what_was_sent(begin: Callable[[], Life]) -> None:
    played: list[int] = []
    play(begin, played)
    assert len(played) >= EXAMPLES
