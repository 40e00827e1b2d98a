"""One answer of a local model, computed in a worker thread: prompt, generation, and the text on its way to the event loop.

Nothing in here touches the event loop but `Mailbox`, by its one safe door.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chat_app.domain.errors import UpstreamDown
from chat_app.domain.prompt import Message
from chat_app.providers.base import UsageChunk
from chat_app.providers.local.models import Failure, Loaded, failure_of
from chat_app.providers.local.options import Options
from chat_app.providers.local.sampling import sampling
from chat_app.providers.local.text import TURN_ENDS, Speech, templated, transcript

log = logging.getLogger(__name__)

PLACES: Final = 2  # answers that are computed at once in a process

Mail = str | UsageChunk | Failure


class Mailbox:
    """From one worker thread to one reader on the event loop; what piled up since the last look comes at once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._lock = threading.Lock()
        self._mail: list[Mail] = []

    def put(self, mail: Mail) -> None:
        """Called in the worker. RuntimeError where the loop is closed."""
        with self._lock:
            self._mail.append(mail)
            first = len(self._mail) == 1
        if first:
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def take(self) -> Sequence[Mail]:
        """All that has arrived, or else what arrives next."""
        await self._arrived.wait()
        with self._lock:
            mail, self._mail = self._mail, []
        self._arrived.clear()
        return mail


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of a model."""

    loaded: Loaded
    messages: Sequence[Message]
    options: Options
    route: str


class Job:
    """One answer under way. Its mailbox gets texts, and at the end a UsageChunk or a Failure; nothing after `stop`."""

    def __init__(self, task: Task) -> None:
        self.mailbox = Mailbox()
        self.begun = False
        self.generated = 0
        self._stopped = False
        self._task = task

    def stop(self) -> None:
        """End the computation with the token that is being computed. From any thread."""
        self._stopped = True

    def break_off(self, why: Failure) -> None:
        """Stop it, and tell the reader why."""
        self._send(why)
        self.stop()

    def run(self) -> None:
        """Compute the answer, in the calling thread."""
        self.begun = True
        if self._stopped:
            return
        end: Mail
        try:
            end = self._generate()
        except Exception as error:
            log.warning("local model of route %s failed: %s", self._task.route, type(error).__name__)
            log.debug("local model of route %s failed", self._task.route, exc_info=error)
            end = failure_of(error, UpstreamDown, "The model broke down while it answered.")
        self._send(end)

    def _send(self, mail: Mail) -> None:
        if self._stopped or mail == "":
            return
        try:
            self.mailbox.put(mail)
        except RuntimeError:  # the event loop is gone, and the reader with it
            self.stop()

    def _generate(self) -> UsageChunk:
        import torch

        task, options = self._task, self._task.options
        loaded = task.loaded
        plain = not loaded.tokenizer.chat_template
        limit = token_limit(options, loaded.positions)
        tokens = encode(loaded, task.messages, limit, plain=plain)
        stops = (*options.stop, *(TURN_ENDS if plain else ()))
        speech = Speech(loaded.tokenizer, stops=stops, strip=plain)

        def after_token(ids: Any, _: Any) -> Any:
            """As a stopping criterion it sees each token as soon as it is chosen."""
            self.generated += 1
            self._send(speech.hear(int(ids[0, -1])))
            return torch.tensor([self._stopped or speech.stopped], device=ids.device)

        torch.set_num_threads(options.threads or threads_for(os.cpu_count() or 1))
        with torch.inference_mode():
            prompt = torch.tensor([tokens], device=loaded.device)
            loaded.model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=limit,
                num_beams=1,
                tokenizer=loaded.tokenizer,
                pad_token_id=pad_token(loaded),
                stopping_criteria=[after_token],
                **sampling(options, loaded.model, plain=plain),
            )
        self._send(speech.rest())
        return UsageChunk(len(tokens), self.generated)


def token_limit(options: Options, positions: int | None) -> int:
    """How many tokens an answer may have: as the row says, but at least half of what the model sees is the prompt's."""
    return (
        options.max_new_tokens if positions is None else min(options.max_new_tokens, max(positions // 2, 1))
    )


def encode(loaded: Loaded, messages: Sequence[Message], limit: int, *, plain: bool) -> list[int]:
    """The prompt as tokens; of one that is too long for the model the end."""
    render = transcript(messages) if plain else templated(loaded.tokenizer, messages)
    with loaded.encoding:
        tokens: list[int] = loaded.tokenizer(render, add_special_tokens=plain)["input_ids"]
    return tokens if loaded.positions is None else tokens[-(loaded.positions - limit) :]


def threads_for(cores: int) -> int:
    """Threads for one answer's arithmetic: with all places taken a core is left for the event loop, if there are several."""
    return max((cores - 1) // PLACES, 1)


def pad_token(loaded: Loaded) -> int | None:
    """What `generate` wants to know although nothing is padded; many models have none."""
    own: int | None = loaded.tokenizer.pad_token_id
    end: int | None = loaded.tokenizer.eos_token_id
    return end if own is None else own
