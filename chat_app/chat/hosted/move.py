"""The whole move: all threads of a hosted ChatKit, a few at a time, and an account of what became of each.

Killed anywhere, it is simply begun again: what was written stays, and is found again by its ids.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog
from django.db import DatabaseError

from chat_app.chat.hosted import arrival
from chat_app.chat.hosted.entries import Entry, entry
from chat_app.chat.hosted.source import Source
from chat_app.domain.errors import ChatError, InvalidInput
from chat_app.providers.openai.hosted import Api, HostedItem, HostedThread, KeyRefused
from sessions_app.db import db

logger = structlog.get_logger(__name__)
AT_ONCE: Final = 4  # threads that are read at the same time

OwnerOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: threads of these hosted users (none named: of all), made since a moment, at most so many. `owner_of`
    says who a hosted user is here, or raises ValueError. Without `write` nothing is."""

    owner_of: OwnerOf
    users: Sequence[str] = ()
    since: datetime | None = None
    limit: int | None = None
    write: bool = True


@dataclass(slots=True)
class Account:
    """What became of the threads: how many were found, by outcome, items added or changed, items left out by the type that
    this server does not know, and why a thread failed. `stopped` says why the rest was not tried."""

    found: int = 0
    threads: Counter[str] = field(default_factory=Counter)
    items: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""

    @property
    def done(self) -> int:
        return self.threads.total() + len(self.failed)

    @property
    def whole(self) -> bool:
        """Whether all that was found is here now."""
        return not self.failed and not self.stopped


async def move(api: Api, wish: Wish, tell: Callable[[Account], None]) -> Account:
    """Bring all over; `tell` hears of each step. Raises UpstreamError where not even the list of threads can be read: nothing
    was written then. What goes wrong with one thread is in the account, and the others go on."""
    source, account = Source(api), Account()
    threads = await _list(source, wish, account, tell)
    waiting = iter(threads)
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_work(source, waiting, wish, account, tell))
    return account


async def _list(
    source: Source, wish: Wish, account: Account, tell: Callable[[Account], None]
) -> list[HostedThread]:
    """All threads without their items, each once: so that how many there are is known before the first is read."""
    threads: dict[str, HostedThread] = {}
    for user in dict.fromkeys(wish.users) or [None]:
        async for thread in source.threads(user, wish.since):
            if len(threads) == wish.limit:
                break
            threads[thread.id] = thread
            account.found = len(threads)
            tell(account)
    return list(threads.values())


async def _work(
    source: Source,
    waiting: Iterator[HostedThread],
    wish: Wish,
    account: Account,
    tell: Callable[[Account], None],
) -> None:
    """Take threads from those that wait until there are none, or the API takes the key no longer."""
    for thread in waiting:
        if account.stopped:
            return
        try:
            await _bring(source, thread, wish, account)
        except KeyRefused as error:
            account.stopped = error.detail
            return
        except ChatError as error:
            account.failed[thread.id] = error.detail
        except DatabaseError as error:
            account.failed[thread.id] = f"The database refused it ({type(error).__name__})."
            logger.warning("hosted.not_stored", thread=thread.id, exc_info=error)
        tell(account)


async def _bring(source: Source, thread: HostedThread, wish: Wish, account: Account) -> None:
    try:
        owner = wish.owner_of(thread.user)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    entries, unknown = _known(await source.items(thread.id))
    outcome = await db(arrival.bring, thread, entries, owner, write=wish.write)
    account.threads[outcome.what] += 1
    account.items += outcome.items
    account.left_out.update(unknown)


def _known(items: Sequence[HostedItem]) -> tuple[list[Entry], Counter[str]]:
    """Each item once, and how many there are of types that cannot be shown here."""
    entries: dict[str, Entry] = {}
    unknown: Counter[str] = Counter()
    for item in items:
        found = entry(item)
        if found is None:
            unknown[item.type[:64]] += 1
        else:
            entries[found.id] = found
    return list(entries.values()), unknown
