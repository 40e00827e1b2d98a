"""What was seen of turns by anybody, and the laws that it must keep. No connection lives here: `clients.py` feeds it.

A view is one client's: the fold of the typed events that it took, with the time of each. The ledger is all clients': an event
of a turn has one content, whoever saw it and at whichever worker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.live.shown import Shown

LATELY = 6  # events that a complaint tells of


class Broken(AssertionError):
    """A law was broken; the text has the last events that the client took."""


class View(Shown):
    """What one client shows of one turn, and when it came. Seconds are of the event loop's clock.

    Beside what `Shown` checks: text only grows, over snapshots and endings too. `arrived` has the moment of each number,
    `grown` the length of the text after each event that changed it.
    """

    def __init__(self, turn_id: str, who: str, ledger: Ledger) -> None:
        super().__init__()
        self.turn_id, self.who, self.ledger = turn_id, who, ledger
        self.arrived: dict[int, float] = {}
        self.grown: list[tuple[float, int]] = []
        self.links: list[Link] = []
        self._lately: list[str] = []

    def take_at(self, data: Any, moment: float) -> None:
        """One typed event and when it came. Raises Broken."""
        before = self.text
        self._lately = [*self._lately[1 - LATELY :], f"{moment:.3f} {json.dumps(data)[:160]}"]
        try:
            self.take(data)
            assert self.text.startswith(before), (
                f"{len(before)} characters were shown, then {self.text[-60:]!r}"
            )
            self.ledger.saw(self, data)
        except (AssertionError, KeyError) as error:
            raise Broken(self.story(error)) from None
        self.arrived[self.seq] = moment
        if self.text != before:
            self.grown.append((moment, len(self.text)))

    def join(self, other: View, after: int) -> None:
        """Show what another client had been shown up to that number."""
        for seq in range(1, after + 1):
            self.take_at(self.ledger.event(self.turn_id, seq), other.arrived[seq])

    def story(self, error: object) -> str:
        """A complaint, with what this client went through."""
        links = "\n  ".join(map(str, self.links[-8:]))
        events = "\n  ".join(self._lately)
        return f"{self.who}, {self.turn_id}: {error}\n connections:\n  {links}\n last events:\n  {events}"

    def shown_by(self, moment: float) -> int:
        """How many characters were shown at that moment."""
        return max((length for when, length in self.grown if when <= moment), default=0)


@dataclass
class Link:
    """One connection of a follow: where to, behind which number, from when to when, how many events, and how it ended."""

    base: str
    after: int
    opened: float
    events: int = 0
    first: float | None = None
    ended: float = 0.0
    how: str = ""

    def __str__(self) -> str:
        span = f"{self.opened:.3f} to {self.ended:.3f}"
        return f"{self.base} behind {self.after}: {self.events} events, {span}, {self.how}"


@dataclass(frozen=True)
class Message:
    """A user's message that was taken: its thread and text. `turns` are those that answer it, oldest first."""

    thread_id: str
    text: str
    turns: list[str] = field(default_factory=list)


class Ledger:
    """All that anybody saw. `views` has every client's view of every turn, `messages` what was said, by idempotency key."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.messages: dict[str, Message] = {}
        self._events: dict[tuple[str, int], tuple[str, Any]] = {}

    def view(self, turn_id: str, who: str) -> View:
        """A new client's view."""
        view = View(turn_id, who, self)
        self.views.append(view)
        return view

    def said(self, key: str, thread_id: str, text: str, turn_id: str) -> None:
        """A message was taken, and that turn answers it."""
        message = self.messages.setdefault(key, Message(thread_id, text))
        if turn_id not in message.turns:
            message.turns.append(turn_id)

    def saw(self, view: View, data: Any) -> None:
        """Somebody saw an event. A number has one content; a snapshot says how it stands, and is no event of the turn."""
        if data["type"] == "snapshot":
            return
        who, known = self._events.setdefault((view.turn_id, data["seq"]), (view.who, data))
        assert known == data, f"{who} was told {json.dumps(known)[:160]}"

    def event(self, turn_id: str, seq: int) -> Any:
        """An event that somebody saw."""
        return self._events[turn_id, seq][1]

    def turns(self) -> set[str]:
        """Every turn that anybody knows of."""
        answering = {turn for message in self.messages.values() for turn in message.turns}
        return answering | {view.turn_id for view in self.views}

    def seen(self, turn_id: str) -> str:
        """The longest text of a turn that anybody was shown."""
        return max((view.text for view in self.views if view.turn_id == turn_id), key=len, default="")

    def check_turn(self, stored: Any) -> None:
        """A stored turn (`GET /api/turns/{id}`) that has ended: who read it to its end shows just that, others a part of it."""
        for view in self.views:
            if view.turn_id == stored["id"]:
                kept = (
                    f"stored is {stored['state']}, {len(stored['text'])} characters, {stored['text'][-30:]!r}"
                )
                assert stored["text"].startswith(view.text), view.story(kept)
                if view.ended:
                    told = (view.last["type"], view.text)
                    assert told == (stored["state"], stored["text"]), view.story(kept)

    def check_messages(self, thread_id: str, items: list[Any], answers: dict[str, Any]) -> None:
        """A thread's stored items: each message once and in its words, each answer as its turn has it."""
        said = [message.text for message in self.messages.values() if message.thread_id == thread_id]
        kept = [item["text"] for item in items if item["type"] == "user_message"]
        assert sorted(kept) == sorted(said), f"{thread_id}: said {said}, kept {kept}"
        for item in items:
            if item["type"] == "assistant_message":
                assert item["text"] == answers[item["turn_id"]]["text"], f"{thread_id}: {item['turn_id']}"
