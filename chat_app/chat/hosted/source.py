"""A hosted ChatKit read whole: page after page, and asked again where the API is busy or away for a moment.

Several threads may be read at once; where the API asks to wait, all of them do. No row is read or written here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import structlog

from chat_app.domain.errors import UpstreamError
from chat_app.providers.openai import hosted
from chat_app.providers.openai.hosted import Api, HostedItem, HostedThread, Items, Threads

logger = structlog.get_logger(__name__)

ATTEMPTS: Final = 6  # of one request
FIRST_WAIT: Final = 0.5  # seconds, doubled each time, where the API names none
MOST_WAIT: Final = 300.0  # seconds; an API that asks for more is not waited for

Page = TypeVar("Page", Threads, Items)


class Source:
    """One hosted ChatKit, by its key."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._resume = 0.0  # the loop's time until which the API asked to be left alone

    async def threads(self, user: str | None, since: datetime | None) -> AsyncIterator[HostedThread]:
        """All threads, of one user or of all: oldest first, with `since` those made from then on, newest first. Raises
        UpstreamError where the API does not answer after all."""
        order: hosted.Order = "asc" if since is None else "desc"
        earliest = since.timestamp() if since is not None else 0.0
        after = None
        while True:
            page = await self._ask(partial(hosted.threads, self._api, user=user, after=after, order=order))
            for thread in page.data:
                if thread.created_at < earliest:
                    return
                yield thread
            if not page.has_more:
                return
            after = _next(page, after)

    async def items(self, thread_id: str) -> list[HostedItem]:
        """All items of a thread, oldest first. Raises UpstreamError."""
        found: list[HostedItem] = []
        after = None
        while True:
            page = await self._ask(partial(hosted.items, self._api, thread_id, after=after))
            found.extend(page.data)
            if not page.has_more:
                return found
            after = _next(page, after)

    async def _ask(self, once: Callable[[], Awaitable[Page]]) -> Page:
        now = asyncio.get_running_loop().time
        for attempt in range(1, ATTEMPTS + 1):
            await asyncio.sleep(max(0.0, self._resume - now()))
            try:
                return await once()
            except UpstreamError as error:
                wait = error.retry_after if error.retry_after is not None else _backoff(attempt)
                if attempt == ATTEMPTS or not error.retryable or wait > MOST_WAIT:
                    raise
                logger.debug(
                    "hosted.asked_again", code=error.code, detail=error.detail, seconds=round(wait, 1)
                )
                if error.retry_after is not None:
                    self._resume = max(self._resume, now() + wait)
                else:
                    await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def _next(page: Threads | Items, after: str | None) -> str:
    """Where the next page begins. Raises UpstreamError for a list that does not move on, which would have no end."""
    last = page.data[-1].id if page.data else after
    if last is None or last == after:
        raise UpstreamError("OpenAI's API says that there is more, and does not give it.")
    return last


def _backoff(attempt: int) -> float:
    return FIRST_WAIT * 2.0 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, hides nothing
