"""Speech to text by OpenAI's API: one recording goes out as a form, its text comes back. One attempt, nothing kept.

Source: OpenAI's API reference, "Create transcription"; speaches, LocalAI, LiteLLM and others speak it too. What kinds of
recordings there are and who may send one is not known here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from chat_app.domain.errors import UpstreamRefused
from chat_app.providers import http, statuses
from chat_app.providers.base import RouteConfig
from chat_app.providers.openai.answer import decode
from chat_app.providers.openai.provider import DIALECTS
from chat_app.providers.text import clean

PATH: Final = "/audio/transcriptions"
MAX_ANSWER: Final = 1024 * 1024  # bytes
NOT_SENT: Final = frozenset({"api", "think_tags", "response_format"})  # they say how we read
UNREADABLE: Final = "The model's server cannot read this recording."


class Transcription(msgspec.Struct):
    """What is needed of the answer."""

    text: str


async def transcribe(route: RouteConfig, audio: bytes, *, name: str, media_type: str) -> str:
    """The words of a recording, without NUL, lone surrogates or white space around them; empty where nobody spoke.

    `name` is a file's name, by whose ending OpenAI knows the format. The route's plain parameters (`language`, `prompt`,
    `temperature`) go along. Raises UpstreamError, marked `of_request` where it is the recording that was refused.
    """
    if problem := http.url_problem(route.base_url):
        raise UpstreamRefused(problem)
    key = route.api_key.strip()
    with http.foreign_errors():
        async with await http.send(
            "POST",
            url(route),
            headers={"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            data=_form(route, audio, name, media_type),
            timeouts=route.timeouts,
            refused=_refused,
        ) as exchange:
            body = await exchange.read_all(MAX_ANSWER)
        return clean(decode(body, Transcription).text).strip()


def url(route: RouteConfig) -> URL:
    """Where recordings go; a base URL that names the path of a dialect is that dialect's neighbour."""
    base = URL(route.base_url.strip())
    path = base.path.rstrip("/").removesuffix(PATH)
    for dialect in DIALECTS.values():
        path = path.removesuffix(dialect.path)
    return base.with_path(path + PATH, keep_query=True)


def _form(route: RouteConfig, audio: bytes, name: str, media_type: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("model", route.model)
    for parameter, value in route.parameters.items():
        if parameter not in NOT_SENT and isinstance(value, str | int | float) and not isinstance(value, bool):
            form.add_field(parameter, str(value))
    form.add_field("file", BytesIO(audio), filename=name, content_type=media_type)
    return form


def _refused(refusal: http.Refusal) -> Exception:
    error = refusal.error()
    return statuses.of_request(UpstreamRefused(UNREADABLE)) if error.of_request else error
