"""Which route answers: candidates in order, the next one when one fails before its first visible text.

The one retry loop of the project. A provider makes one attempt; clients underneath never retry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import structlog

from chat_app.chat import context
from chat_app.chat.catalog import Route
from chat_app.domain.errors import ChatError, NotConfigured, Unavailable, UpstreamError
from chat_app.domain.events import RouteChosen
from chat_app.domain.prompt import Prompt
from chat_app.providers import registry
from chat_app.providers.base import Chunk, TextChunk

logger = structlog.get_logger(__name__)


class Attempts:
    """What was tried for one turn: `log` holds `{model, code, ms}` for each attempt in order; `route` and `prompt` are
    those of the attempt that is under way or gave the answer."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.route: Route | None = None
        self.prompt: Prompt | None = None

    def note(self, code: str, started: float) -> None:
        assert self.route is not None
        self.log.append(
            {"model": self.route.id, "code": code, "ms": round((time.monotonic() - started) * 1000)}
        )


async def stream(
    requested: str,
    candidates: Sequence[Route],
    past: Sequence[context.Exchange],
    question: str,
    attempts: Attempts,
) -> AsyncGenerator[RouteChosen | Chunk, None]:
    """The chunks of the first route that answers, each attempt announced by a RouteChosen.

    `requested` is the model that was asked for; where its own route cannot work at all, the reason says so. Raises the
    ChatError of the last route tried, or of any route that fails after its first visible text.
    """
    reason: str | None = None
    if candidates and candidates[0].id != requested:
        reason = NotConfigured.code
        attempts.log.append({"model": requested, "code": reason, "ms": 0})
    for number, route in enumerate(candidates, 1):
        attempts.route, attempts.prompt = route, context.build(route, past, question)
        yield RouteChosen(route.id, number, reason)
        started, visible = time.monotonic(), False
        chunks = registry.provider(route.config.kind).stream(route.config, attempts.prompt)
        try:
            async for chunk in chunks:
                visible = visible or type(chunk) is TextChunk
                yield chunk
            if not visible:
                raise UpstreamError("The model gave an empty answer.")
            attempts.note("ok", started)
            return
        except Exception as error:
            failure = _as_chat_error(error, route)
            attempts.note(failure.code, started)
            if visible or number == len(candidates):
                raise failure from error
            reason = failure.code
            logger.info("route.failed", model=route.id, code=failure.code, next=candidates[number].id)
        except (asyncio.CancelledError, GeneratorExit):
            attempts.note("cancelled", started)
            raise
        finally:
            await chunks.aclose()
    raise Unavailable("No route to the model can answer right now.", retry_after=10)


def _as_chat_error(error: Exception, route: Route) -> ChatError:
    if isinstance(error, ChatError):
        return error
    logger.error("provider.bug", model=route.id, kind=route.config.kind, exc_info=error)
    return UpstreamError("The model's provider broke on this server.")
