"""Fifty chats in one process of Node (`pages.mjs`), as an asyncio context: what they showed is told at its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("pages.mjs")
TALKING_WITHIN, ENDS_WITHIN = 60.0, 90.0


@dataclass
class Pages:
    """`told` has what each page asked, showed and complained of, once the pages have ended."""

    told: list[Any] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        return [error for page in self.told for error in page["errors"]]

    @property
    def turns(self) -> int:
        return sum(len(page["asked"]) for page in self.told)


@asynccontextmanager
async def pages(base: str, count: int, seed: int) -> AsyncIterator[Pages]:
    """Pages that talk within the `with`, and come to an end behind it."""
    node = await asyncio.create_subprocess_exec(
        "node", "--no-warnings", str(SCRIPT), base, str(count), str(seed),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26,
    )  # fmt: skip
    assert node.stdin is not None
    assert node.stdout is not None
    running = Pages()
    try:
        async with asyncio.timeout(TALKING_WITHIN):
            assert json.loads(await node.stdout.readline()) == {"talking": count}
        yield running
        node.stdin.write(b"\n")
        async with asyncio.timeout(ENDS_WITHIN):
            running.told = json.loads(await node.stdout.readline())["pages"]
            await node.wait()
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
