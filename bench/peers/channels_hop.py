"""The peer of row `hop`: tokens through channels_redis' core layer, one message each, as consumers send and receive them.

    python -m bench.peers.channels_hop receive --port 6379 --turns 20 --ms 20 --warm 1 --seconds 4
    python -m bench.peers.channels_hop send    (the same)

Each prints a line of JSON when it is ready and one behind its window: the tokens, seconds and CPU seconds of that. It opens
`warm` seconds after the first token. Both go on until they are ended. The environment is the project's own, whose layer it is.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time

import uvloop
from channels_redis.core import RedisChannelLayer

from bench.peers.model import paced

CAPACITY = 1_000_000  # with its default, 100, it drops what a busy receiver is late for


class Window:
    """Counts tokens for `seconds`, from `warm` seconds after the first one on, and says how many they were."""

    def __init__(self, warm: float, seconds: float) -> None:
        self._warm, self._seconds = warm, seconds
        self._tokens = 0
        self._begun = self._cpu = 0.0

    def count(self) -> None:
        """One more."""
        if not self._tokens:
            asyncio.get_running_loop().call_later(self._warm, self._open)
        self._tokens += 1

    def _open(self) -> None:
        self._tokens, self._begun, self._cpu = 1, time.monotonic(), time.process_time()
        asyncio.get_running_loop().call_later(self._seconds, self._close)

    def _close(self) -> None:
        figures = {"tokens": self._tokens - 1, "seconds": time.monotonic() - self._begun}
        print(json.dumps({**figures, "cpu": time.process_time() - self._cpu}), flush=True)


def group(turn: int) -> str:
    """Where a turn's followers are."""
    return f"turn.{turn}"


async def send(layer: RedisChannelLayer, turn: int, ms: float, window: Window) -> None:
    """One turn's tokens, for ever."""
    await asyncio.sleep(turn * ms / 20_000)  # turns do not begin all at once
    async for token in paced(10**9, ms / 1000):
        await layer.group_send(group(turn), {"type": "chat.token", "text": token})
        window.count()


async def receive(layer: RedisChannelLayer, channel: str, window: Window) -> None:
    """One follower, for ever."""
    for number in itertools.count(1):
        message = await layer.receive(channel)
        if message["text"] != f"{number % 10_000:04d} ":
            raise RuntimeError(f"token {number} did not come, but {message!r}")
        window.count()


async def channels(layer: RedisChannelLayer, turns: int) -> list[str]:
    """A channel for each turn's follower, in its group."""
    names = [await layer.new_channel() for _ in range(turns)]
    for turn, name in enumerate(names):
        await layer.group_add(group(turn), name)
    return names


async def main(options: argparse.Namespace) -> None:
    """Play the role for ever; an error of any turn ends it."""
    layer = RedisChannelLayer(hosts=[("127.0.0.1", options.port)], capacity=CAPACITY)
    window = Window(options.warm, options.seconds)
    if options.role == "receive":
        work = [receive(layer, name, window) for name in await channels(layer, options.turns)]
    else:
        work = [send(layer, turn, options.ms, window) for turn in range(options.turns)]
    print("{}", flush=True)
    async with asyncio.TaskGroup() as tasks:
        for one in work:
            tasks.create_task(one)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("send", "receive"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--ms", type=float, default=20)
    parser.add_argument("--warm", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=4)
    uvloop.run(main(parser.parse_args()))
