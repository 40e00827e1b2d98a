"""A title for a new thread, asked of a model: a few words, in a moment, or none. Who stores it is not known here.

The model is asked by its own route alone, beside the turn: no fallback, nothing counted, nothing shown.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog
from django.db import DatabaseError

from chat_app.chat import catalog
from chat_app.chat.attempt import Listening
from chat_app.chat.bulkhead import Bulkheads
from chat_app.chat.catalog import Route
from chat_app.domain.errors import ChatError, NotConfigured, Unavailable, UpstreamTimeout
from chat_app.domain.prompt import Message, Prompt
from chat_app.providers.base import Chunk, TextChunk
from sessions_app.db import db

logger = structlog.get_logger(__name__)

SECONDS: Final = 15.0  # for a title, with the wait for a place
READ: Final = 2_000  # characters of the question
HEARD: Final = 200  # characters of the answer, after which the rest is not waited for
LONGEST: Final = 60  # characters of a title
AT_ONCE, WAITING = 8, 32  # titles in a process
TASK: Final = (
    "Give the conversation that the user's message begins a title: at most six words, in the language of the message. "
    "Do not answer the message. Write the title alone, in one line, without quotation marks."
)

_PAIRS: Final = ('""', "''", "“”", "„“", "„”", "‘’", "‚‘", "«»", "»«", "‹›", "「」", "『』")
_START: Final = re.compile(r"(?:#{1,6}|[-*+>]|\d{1,2}[.)])\s+|(?:title|titel|titre|título)\s*:\s*", re.I)
_EMPHASIS: Final = re.compile(r"(\*{1,3}|`{1,3}|(?<!\w)_{1,3})(\S(?:.*?\S)?)\1(?!\w)")
_ODD: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+"
)  # controls, and what turns a line about

_places = Bulkheads()


async def title_for(model_id: str, question: str, owner: str) -> str | None:
    """A title for a thread that begins with `question`, at most LONGEST characters in one line; None where the model has none
    to give in time. Never raises for what a model or the database does."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            route = await db(_route, model_id)
            title = tidy(await _ask(route, Prompt(_messages(question), owner)))
        why = "" if title else "no words"
    except TimeoutError:
        title, why = "", UpstreamTimeout.code
    except ChatError as error:
        title, why = "", error.code
    except DatabaseError as error:
        title, why = "", type(error).__name__
    if why:
        logger.info("title.none", model=model_id, why=why, ms=round((time.monotonic() - began) * 1000))
    return title or None


def _route(model_id: str) -> Route:
    route = catalog.catalogue().routes.get(model_id)
    if route is None or route.missing is not None:
        raise NotConfigured
    if not catalog.works(route):
        raise Unavailable
    return route


def _messages(question: str) -> tuple[Message, ...]:
    return Message("system", TASK), Message("user", question[:READ])


class _Enough(Exception):
    """A title is there; what is still to come is not wanted."""


async def _ask(route: Route, prompt: Prompt) -> str:
    """What the model says, its first line or HEARD characters. Raises ChatError."""
    heard: list[str] = []

    def take(chunk: Chunk) -> None:
        if isinstance(chunk, TextChunk):
            heard.append(chunk.text)
            text = "".join(heard).lstrip()
            if len(text) >= HEARD or "\n" in text:
                raise _Enough

    place = _places.enter(route.id, min(route.concurrency, AT_ONCE), WAITING)
    try:
        await place.come(SECONDS)
        limits = replace(route.config.timeouts, total=min(route.config.timeouts.total, SECONDS))
        with suppress(_Enough):
            await Listening(take, lambda: None).to(replace(route.config, timeouts=limits), prompt)
    finally:
        place.leave()
    return "".join(heard).lstrip()[:HEARD]


def tidy(said: str) -> str:
    """A model's words as a title: their first line without quotation marks, Markdown and a full stop, cut at a word's end."""
    line = next((found for raw in said.splitlines() if (found := " ".join(_ODD.sub(" ", raw).split()))), "")
    before = None
    while line != before:
        before = line
        line = _EMPHASIS.sub(r"\2", line)
        if start := _START.match(line):
            line = line[start.end() :]
        if len(line) > 1 and line[0] + line[-1] in _PAIRS and not {line[0], line[-1]} & set(line[1:-1]):
            line = line[1:-1].strip()
        if line.endswith((".", "。")) and not line.endswith(".."):
            line = line[:-1].rstrip()
    if not any(sign.isalnum() for sign in line):
        return ""
    if len(line) <= LONGEST:
        return line
    head = line[: LONGEST + 1].rsplit(" ", 1)[0] if " " in line[: LONGEST + 1] else line[:LONGEST]
    return head.rstrip(" ,;:-–—")
