"""The rehearsal topology as the chaos tests want it: the addresses, waiting until all takes turns, and what all of it holds."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from deploy import rehearse
from tests.live.held import probed
from tests.servers import ServerProcess

READY_SECONDS = 40.0


class Site:
    """Two workers behind nginx. `urls` are the workers' own addresses, `front` is nginx's."""

    def __init__(self, topology: rehearse.Topology) -> None:
        self.topology = topology
        self.redis, self.postgres = topology.redis, topology.postgres
        self.workers: list[ServerProcess] = topology.workers

    @property
    def urls(self) -> list[str]:
        return [worker.url for worker in self.workers]

    @property
    def front(self) -> str:
        return self.topology.nginx_url

    async def ready(self, *numbers: int) -> float:
        """Wait until these workers take turns, or all; the seconds that it took. AssertionError with their output."""
        begun = time.monotonic()
        for number in numbers or range(len(self.workers)):
            worker = self.workers[number]
            while not await asyncio.to_thread(is_ready, worker.url):
                taken = time.monotonic() - begun
                assert taken < READY_SECONDS, f"not ready after {taken:.0f} s:\n{worker.logs()[-3000:]}"
                await asyncio.sleep(0.1)
        return time.monotonic() - begun

    async def restart(self, number: int) -> int:
        """Ask a worker to end, start it again, and wait until it takes turns. -> its exit code"""
        worker = self.workers[number]
        code = await asyncio.to_thread(worker.stop, 60)
        worker.start(wait=False)
        await self.ready(number)
        return code

    async def anew(self, **env: str) -> None:
        """All workers anew, with `env` changed; an empty value is the default. For when nobody is being answered."""
        for worker in self.workers:
            worker.kill()
            worker.env.update(env)
            worker.start(wait=False)
        await self.ready()


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=3) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@contextmanager
def site(**env: str) -> Iterator[Site]:
    """The whole of it, for a `with`; `env` is added to the workers'."""
    with rehearse.start(2, **{**probed(), **env}) as topology:
        yield Site(topology)
