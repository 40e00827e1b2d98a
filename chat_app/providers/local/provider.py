"""Hugging Face's models in this process: `gpt2`, any other causal model of the hub, or a folder. Needs requirements-local.txt.

A route's `model` is the hub's name or the folder ("gpt2" where it is empty), and its `parameters` are those of
`options.py`. Here the event loop's side: waiting, limits, chunks. The computing is done in threads of its own
(`run.py`), the loading too (`models.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import ClassVar, Final

from chat_app.domain.errors import NotConfigured, UpstreamBusy, UpstreamDown, UpstreamRefused, UpstreamTimeout
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import Chunk, ProgressChunk, RouteConfig, TextChunk, UsageChunk
from chat_app.providers.deadlines import Deadlines
from chat_app.providers.local import files, options
from chat_app.providers.local.models import Entry, Failure, Key, Loaded, Shelf
from chat_app.providers.local.run import PLACES, Job, Mail, Task
from chat_app.providers.statuses import of_request

DEFAULT_MODEL: Final = "gpt2"
LOOK: Final = 1.0  # seconds between two looks at what those who wait are shown
LOADING_RETRY: Final = 10.0  # what a turn is told that waited in vain for the model to be loaded
PLACE_RETRY: Final = 5.0  # and for a thread


class LocalProvider:
    """The models of this process as a provider."""

    kind: ClassVar[str] = "local"

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()
        self._pool: ThreadPoolExecutor | None = None
        self._jobs: set[Job] = set()

    def missing(self, route: RouteConfig) -> str | None:
        """Packages, folder or cached files that are not there, or a parameter that is wrong."""
        return files.missing(_model(route)) or options.problem(route.parameters)

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """One answer: what is being waited for as ProgressChunks, the text as it is computed, then its exact usage."""
        if any(message.files for message in prompt.messages):
            raise of_request(UpstreamRefused("Local models cannot read files."))
        asked = options.read(route.parameters)
        if sentence := files.missing(_model(route)):
            raise NotConfigured(sentence)
        deadlines = Deadlines(route.timeouts)
        entry = self._shelf.take(Key(_model(route), asked.device, asked.dtype))
        try:
            async with aclosing(_notes(entry, deadlines)) as notes:
                async for note in notes:
                    yield ProgressChunk(note)
            job = Job(Task(_ready(entry), prompt.messages, asked, route.id))
            async with aclosing(self._chunks(job, deadlines)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._shelf.give_back(entry)

    async def _chunks(self, job: Job, deadlines: Deadlines) -> AsyncGenerator[Chunk, None]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(PLACES, thread_name_prefix="local-model")
        self._jobs.add(job)
        waiting = self._pool.submit(job.run)
        try:
            while True:
                mail = await _mail(job, deadlines)
                if text := "".join(piece for piece in mail if isinstance(piece, str)):
                    deadlines.alive()
                    yield TextChunk(text)
                match mail[-1]:
                    case UsageChunk() as usage:
                        yield usage
                        return
                    case Failure() as failure:
                        raise failure.error()
        finally:
            job.stop()
            waiting.cancel()
            self._jobs.discard(job)

    async def aclose(self) -> None:
        """End the answers that are being computed and let go of the models; the next turn begins anew."""
        for job in list(self._jobs):
            job.break_off(Failure(UpstreamDown, "The server is going down."))
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        self._shelf.clear()


def _model(route: RouteConfig) -> str:
    return route.model.strip() or DEFAULT_MODEL


async def _notes(entry: Entry, deadlines: Deadlines) -> AsyncGenerator[str, None]:
    """What is being done to have the model here, until it is or it failed. UpstreamBusy where that takes too long."""
    outcome = asyncio.wrap_future(entry.outcome)
    shown = ""
    while not entry.outcome.done():
        if entry.note != shown:
            shown = entry.note
            yield shown
        if deadlines.left <= 0:
            raise UpstreamBusy("The model is still being loaded.", retry_after=LOADING_RETRY)
        await asyncio.wait({outcome}, timeout=min(LOOK, deadlines.left))


def _ready(entry: Entry) -> Loaded:
    outcome = entry.outcome.result()
    if isinstance(outcome, Failure):
        raise outcome.error()
    return outcome


async def _mail(job: Job, deadlines: Deadlines) -> Sequence[Mail]:
    try:
        return await deadlines.wait(job.mailbox.take())
    except UpstreamTimeout as error:
        if job.begun:
            raise
        busy = UpstreamBusy("The local models are all at work.", retry_after=PLACE_RETRY)
        raise of_request(busy) from error
