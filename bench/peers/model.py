"""The peers' model: the same numbered tokens as the product's demo model says on `/tokens N ms`.

Paced tokens are due at fixed times, so that what the bench sees as lateness is the server's and not the model's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator


def ask_of(message: str) -> tuple[int, float]:
    """`/tokens N ms` as a count and a pause in seconds."""
    _, count, *rest = message.split()
    return int(count), float(rest[0]) / 1000 if rest else 0.0


def tokens(count: int) -> Iterator[str]:
    """`count` tokens of five characters, as fast as they are taken."""
    return (f"{n % 10_000:04d} " for n in range(1, count + 1))


async def paced(count: int, delay: float) -> AsyncIterator[str]:
    """`count` tokens, one each `delay` seconds from now on; without a delay as fast as they are taken."""
    due = time.monotonic()
    for token in tokens(count):
        if delay:
            due += delay
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        yield token


async def whole(count: int) -> str:
    """All tokens at once: an instant model."""
    return "".join(tokens(count))
