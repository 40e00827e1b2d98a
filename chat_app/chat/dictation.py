"""Dictation: what a person says becomes text to send, by the model that TRANSCRIPTION_MODEL names. Nothing of it is kept.

How the model is spoken to is `providers/openai/transcribe.py`'s. No breaker counts here and no quota is charged; the
recordings at once are bounded, in all and for each person.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from django.conf import settings

from chat_app.chat import catalog
from chat_app.chat.bulkhead import Bulkheads
from chat_app.chat.catalog import Route
from chat_app.conf import limit
from chat_app.domain.errors import (
    Forbidden,
    InvalidInput,
    NotConfigured,
    RateLimited,
    TooLarge,
    UpstreamBusy,
    UpstreamRefused,
)
from chat_app.models import ModelConfig
from chat_app.providers.openai import transcribe as openai
from sessions_app.db import db

logger = structlog.get_logger(__name__)

KIND: Final = "openai"
AT_ONCE, WAITING = 8, 8  # recordings in a process
EACH: Final = 2  # of one person
PATIENCE: Final = 10.0  # seconds to wait for a place
TYPES: Final = re.compile(
    r"(audio/(?:webm|mp4|ogg))(?:\s*;\s*codecs\s*=\s*\"?[\w.,\s-]*\"?\s*)?", re.I | re.A
)
UNREADABLE: Final = "The recording cannot be read."

_places = Bulkheads()


async def transcribe(owner: str, audio: bytes, mime_type: str) -> str:
    """The words of a recording, empty where nobody spoke. `owner` is `<realm>:<id>`, `mime_type` as a browser names it
    (`audio/webm;codecs=opus`). Raises NotConfigured, Forbidden for a guest where the model is not open to guests,
    InvalidInput, TooLarge, RateLimited, UpstreamError."""
    if not TYPES.fullmatch(mime_type.strip()):
        raise _invalid("mime_type", "One of audio/webm, audio/mp4 and audio/ogg.")
    if len(audio) > limit("MAX_AUDIO"):
        raise TooLarge("The recording is too long.")
    found = _format(audio)
    if found is None:
        raise _invalid("audio_base64", UNREADABLE)
    route = await db(_route)
    if owner.startswith("guest:") and not route.guests:
        raise Forbidden("Dictation is not open to guests.")
    async with _place(owner):
        began = time.monotonic()
        try:
            text = await openai.transcribe(
                route.config, audio, name=f"dictation.{found}", media_type=f"audio/{found}"
            )
        except UpstreamRefused as error:
            if error.of_request:
                raise _invalid("audio_base64", UNREADABLE) from error
            raise
    logger.info(
        "dictation.done", model=route.id, bytes=len(audio), ms=round((time.monotonic() - began) * 1000)
    )
    return text[: limit("MAX_MESSAGE")]


def _invalid(field: str, words: str) -> InvalidInput:
    return InvalidInput(words, fields={field: [words]})


def _format(audio: bytes) -> str | None:
    """What the bytes are, whatever was said of them: by the first bytes of the container."""
    if audio.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm"
    if audio.startswith(b"OggS"):
        return "ogg"
    return "mp4" if audio[4:8] == b"ftyp" else None


def _route() -> Route:
    name = settings.TRANSCRIPTION_MODEL
    if not name:
        raise NotConfigured("Dictation is not configured on this server.")
    row = ModelConfig.objects.filter(pk=name, provider=KIND, enabled=True).first()
    route = catalog.route_of(row) if row is not None else None
    if route is None or route.missing is not None:
        logger.warning(
            "dictation.no_model", model=name, why=route.missing if route else "no such row of its kind"
        )
        raise NotConfigured("Dictation is not set up completely on this server.")
    return route


@asynccontextmanager
async def _place(owner: str) -> AsyncIterator[None]:
    """A place for one recording. Raises RateLimited where the person has too many under way, UpstreamBusy where all do."""
    try:
        own = _places.enter(owner, EACH, 0)
    except UpstreamBusy as error:
        raise RateLimited("Two recordings at once are enough.", retry_after=error.retry_after) from None
    try:
        place = _places.enter("", AT_ONCE, WAITING)
        try:
            await place.come(PATIENCE)
            yield
        finally:
            place.leave()
    finally:
        own.leave()
