"""What the providers' tests share: a faulty upstream, a client that may reach loopback and is closed, and `ask`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest

from chat_app.domain.errors import UpstreamError
from chat_app.domain.prompt import Message, Prompt
from chat_app.providers import http
from chat_app.providers.addresses import Policy
from chat_app.providers.base import RouteConfig, TextChunk, Timeouts, UsageChunk
from chat_app.providers.python import provider as python
from chat_app.providers.python.callables import Table
from chat_app.providers.registry import provider
from tests.upstream.faulty import Upstream, serving

SHORT = Timeouts(connect=10, first_token=1, idle=0.3, total=30)  # only where a limit is meant to be met


@dataclass
class Answer:
    """What one attempt gave."""

    pieces: list[str] = field(default_factory=list)
    usage: list[UsageChunk] = field(default_factory=list)
    error: UpstreamError | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def prompt(*texts: str) -> Prompt:
    """A prompt of user and assistant in turn, the user's message last."""
    roles = ("user", "assistant") if len(texts) % 2 else ("assistant", "user")
    return Prompt(tuple(Message(roles[n % 2], text) for n, text in enumerate(texts)))  # type: ignore[arg-type]


async def ask(route: RouteConfig, *texts: str) -> Answer:
    """Read one attempt to its end; its error is kept beside the text before it."""
    answer = Answer()
    try:
        async for chunk in provider(route.kind).stream(route, prompt(*texts or ("hi",))):
            match chunk:
                case TextChunk(text):
                    answer.pieces.append(text)
                case UsageChunk():
                    answer.usage.append(chunk)
    except UpstreamError as error:
        answer.error = error
    return answer


@pytest.fixture(autouse=True)
async def _client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(http, "_policy", Policy(loopback=True))
    monkeypatch.setattr(python, "_table", Table({}, nullcontext))
    yield
    await http.close()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving() as running:
        yield running
