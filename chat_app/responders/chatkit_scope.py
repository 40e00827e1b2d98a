"""On whose behalf code written with ChatKit's SDK runs: within a turn its owner's, elsewhere whose is said by `speaking`.

    async with speaking("ext:42"):
        await store.add_thread_item(thread_id, item, context)

It goes with the context of a task, so that tasks which such code begins speak for the same owner.
"""

from __future__ import annotations

from contextvars import Token
from dataclasses import dataclass, field
from typing import Any

from chat_app.responders.chatkit_here import HERE
from chat_app.responders.chatkit_pictures import Pictures
from chat_app.responders.chatkit_threads import Known
from chat_app.responders.chatkit_turn import Making


@dataclass(eq=False)
class Scope:
    """Who speaks, what was seen on their behalf so far, and the turn that is under way, if any."""

    owner: str
    turn: Making | None = None
    known: Known = field(default_factory=Known)
    pictures: Pictures = field(init=False)

    def __post_init__(self) -> None:
        self.pictures = self.turn.pictures if self.turn is not None else Pictures(self.owner)


def here() -> Scope:
    """The scope of this code. RuntimeError where nobody speaks."""
    scope: Scope | None = HERE.get()
    if scope is None:
        raise RuntimeError(
            "DjangoStore does not know on whose behalf it is asked: use it within a turn, or within "
            "`async with speaking(owner):` of chat_app.responders.chatkit_store."
        )
    return scope


def current() -> Scope | None:
    """The scope of this code, None where nobody speaks."""
    scope: Scope | None = HERE.get()
    return scope


class speaking:
    """Speak for an owner, `<realm>:<id>`, for the length of a `with` or `async with`: in webhooks and management commands."""

    def __init__(self, owner: str) -> None:
        self._scope = Scope(owner)
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> None:
        self._tokens.append(HERE.set(self._scope))

    def __exit__(self, *_: object) -> None:
        HERE.reset(self._tokens.pop())

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()
