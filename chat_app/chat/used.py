"""What an answer used: from the upstream where it said so, else estimated and marked so. Pure functions."""

from __future__ import annotations

from chat_app.chat import context
from chat_app.chat.router import Attempts
from chat_app.domain.events import Failed, Terminal, UsageData
from chat_app.domain.prompt import estimate_tokens
from chat_app.providers.base import UsageChunk


def by(attempts: Attempts, told: UsageChunk | None, text: str) -> UsageData:
    """What the last of these attempts used for this text; `told` is what its upstream said of that."""
    if told is not None:
        tokens_in, tokens_out, estimated = told.input_tokens, told.output_tokens, False
    else:
        tokens_in = context.estimate(attempts.prompt) if attempts.prompt else 0
        tokens_out, estimated = estimate_tokens(text), True
    cost = attempts.route.cost(tokens_in, tokens_out) if attempts.route else None
    return UsageData(tokens_in, tokens_out, estimated, None if cost is None else str(cost))


def at(terminal: Terminal, attempts: Attempts, told: UsageChunk | None, *, visible: bool) -> UsageData:
    """The same at an end that tells nobody: a model that refused before its first word has used nothing."""
    if isinstance(terminal, Failed) and not visible and told is None:
        return UsageData(0, 0)
    return by(attempts, told, terminal.text)
