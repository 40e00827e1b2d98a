"""A thousand idle sockets on one worker, by channels-redis: none dies of idleness, each hears the news, what one costs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.chaos.clients import Person, crowd, now
from tests.chaos.site import Site
from tests.chaos.windows import Window, open_window
from tests.live.crowd import status
from tests.servers import BACKEND_KEY

SESSIONS, EACH = 100, 10
IDLE = 16.0  # seconds: more than three times redis-py's own patience
FLOOR = 30 * 1024  # bytes a socket, the bench's bound; the machine's noise is left as much again
CLOSED_BY_REVOCATION = 4401


async def open_all(cast: Sequence[Person], base: str) -> list[Window]:
    windows: list[Window] = []
    for _ in range(EACH):
        windows += await asyncio.gather(*(open_window(person, base) for person in cast))
    return windows


@pytest.mark.timeout(180)
async def test_thousand_idle_sockets_stay_and_hear_of_the_other_worker(grown: Site) -> None:
    server, (here, there) = grown.workers[0], grown.urls
    async with crowd(4) as people:
        cast = [await people.person(here) for _ in range(SESSIONS + 1)]
        await open_window(cast.pop(), here)  # what the first one of all loads is not a socket's price
        before = status(server, "VmRSS")
        windows = await open_all(cast, here)
        opened = status(server, "VmRSS")
        await asyncio.sleep(IDLE)
        idle = status(server, "VmRSS")
        assert all(await asyncio.gather(*(window.alive() for window in windows)))
        begun = now()
        hearing = asyncio.gather(*(window.until("response") for window in windows))
        said = await asyncio.gather(*(person.also_at(there).say("/echo news") for person in cast))
        heard = await hearing
        took = now() - begun
        turns = {view.turn_id for view in said}
        assert {(told["turn_id"], told["text"]) for told in heard} == {(turn, "news") for turn in turns}
        codes = await revoke(cast[:10], there, windows)
        assert codes == [CLOSED_BY_REVOCATION] * 10 * EACH
        assert all(await asyncio.gather(*(w.alive() for w in windows if w.person not in cast[:10])))
        for window in windows:
            await window.close()
    each = (max(opened, idle) - before) * 1024 / len(windows)
    print(
        f"{len(windows)} idle sockets: {each / 1024:.1f} KB each ({before} -> {opened} -> {idle} KiB), all alive after "
        f"{IDLE:.0f} s, news of {SESSIONS} turns of the other worker with all of them {took:.1f} s after the first was begun"
    )
    assert each < 2 * FLOOR


async def revoke(cast: Sequence[Person], base: str, windows: Sequence[Window]) -> list[int | None]:
    """End these people's sessions at an address. -> the codes with which their sockets are closed"""
    for person in cast:
        url = f"{base}/api/sessions/ses_{person.thread_id.partition('_')[2]}"
        headers = {"Authorization": f"Bearer {BACKEND_KEY}"}
        async with person.http.delete(url, headers=headers) as answer:
            assert answer.status == 204, await answer.text()
    return await asyncio.gather(*(window.closed() for window in windows if window.person in cast))
