"""From a thread to the event loop: values that sync Python makes, passed on in order, a few at most waiting.

Threads of its own, bounded in number, one for each answer: a generator runs on one thread from its first step to its end, so
that what it holds there (a database connection, a transaction) stays in one place. They are daemons: one that never comes back
does not hold up the process's end.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from copy import deepcopy
from typing import Any, Final

from chat_app.domain.errors import UpstreamBusy
from chat_app.providers.base import OwnEvent
from chat_app.providers.statuses import of_request

log = logging.getLogger(__name__)

THREADS: Final = 32  # in a process; the pool has room for a database connection of each
PATIENCE: Final = 10.0  # seconds that an answer waits for a thread
ROOM: Final = 64  # values that may wait for the loop
Around = Callable[[], AbstractContextManager[Any]]


class Places:
    """So many at once; who comes later waits, first come, first served. For all threads and loops of a process."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a place. UpstreamBusy, which says nothing of the route, where none comes free in time."""
        asked: Future[None] = Future()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(asked)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wrap_future(asked)
        except BaseException as error:
            if asked.cancel():
                with self._lock, suppress(ValueError):  # or it was passed over already
                    self._waiting.remove(asked)
            else:  # it came at the same moment
                self.give_back()
            if isinstance(error, TimeoutError):
                busy = UpstreamBusy("All threads for answers in Python are taken.", retry_after=1)
                raise of_request(busy) from None
            raise

    def give_back(self) -> None:
        """For whoever has taken one, once, in any thread."""
        with self._lock:
            while self._waiting:
                asked = self._waiting.popleft()
                if asked.set_running_or_notify_cancel():
                    asked.set_result(None)
                    return
            self._free += 1


_places = Places(THREADS)


async def values_of(call: Callable[[], Any], around: Around) -> AsyncGenerator[Any, None]:
    """Run `call` on a thread of its own within `around()`: the values of the iterator that it returns, else the one thing
    that it returns. Raises what it raises; UpstreamBusy where all threads stay taken.

    Closing this does not wait for the thread: an iterator is closed there at its next value, any other result is dropped.
    """
    await _places.take()
    handover = _Handover()
    context = contextvars.copy_context()
    try:
        threading.Thread(
            target=context.run, args=(_work, call, around, handover), name="responder", daemon=True
        ).start()
    except BaseException:
        _places.give_back()
        raise
    try:
        while await handover.more():
            yield handover.take()
    finally:
        handover.stop()


def _work(call: Callable[[], Any], around: Around, handover: _Handover) -> None:
    """What the thread does. Nothing is raised here: the loop is told, or the log where the loop has gone on."""
    error: BaseException | None = None
    try:
        with around():
            _pass_on(call(), handover)
    except BaseException as caught:  # noqa: BLE001 - SystemExit too: it is the answer's end, not the server's
        error = caught
    finally:
        _places.give_back()
    if not handover.end(error) and error is not None:
        log.error("responder failed after it was stopped", exc_info=error)


def _pass_on(result: Any, handover: _Handover) -> None:
    if not isinstance(result, Iterator):
        handover.put(result)
        return
    try:
        for value in result:
            if not handover.put(_as_it_is(value)):
                break
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


def _as_it_is(value: Any) -> Any:
    """The value as it was yielded: its author goes on at once, and may change an event's data before the loop looks at it."""
    return deepcopy(value) if isinstance(value, OwnEvent) else value


class _Handover:
    """Put by one thread, taken by one task."""

    __slots__ = ("_ended", "_error", "_loop", "_room", "_stopped", "_there", "_values")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._values: deque[Any] = deque()
        self._there = asyncio.Event()
        self._room = threading.Semaphore(ROOM)
        self._stopped = self._ended = False
        self._error: BaseException | None = None

    def put(self, value: Any) -> bool:
        """Wait for room, then pass a value on. False where nobody wants it any more. For the thread."""
        self._room.acquire()
        if self._stopped:
            return False
        self._values.append(value)
        return self._wake()

    def end(self, error: BaseException | None) -> bool:
        """Nothing more will come. False where nobody waits for it any more. For the thread."""
        self._error, self._ended = error, True
        return not self._stopped and self._wake()

    def _wake(self) -> bool:
        # The loop clears it before it looks, so that it sees what was put before this.
        if self._there.is_set():
            return True
        try:
            self._loop.call_soon_threadsafe(self._there.set)
        except RuntimeError:  # the loop is closed
            return False
        return True

    async def more(self) -> bool:
        """Whether there is one more value, once that is known. Raises what ended the work."""
        while not self._values:
            self._there.clear()
            ended = self._ended  # looked at first: what was put before the end is there by then
            if self._values:
                break
            if ended:
                self._raise()
                return False
            await self._there.wait()
        return True

    def _raise(self) -> None:
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:
            raise RuntimeError(f"the responder raised {type(self._error).__name__}") from self._error

    def take(self) -> Any:
        """The next value; `more()` was true."""
        self._room.release()
        return self._values.popleft()

    def stop(self) -> None:
        """Nothing more is wanted."""
        self._stopped = True
        self._room.release()
