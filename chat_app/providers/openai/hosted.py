"""OpenAI's hosted ChatKit as it is read back: one page of threads, one page of a thread's items, one attempt each.

Source: OpenAI's API reference, "List ChatKit threads" and "List ChatKit thread items" (beta). What the pages mean for our
rows is not known here, and nothing is asked twice. Fields that we do not read may be missing or new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from yarl import URL

from chat_app.domain.errors import UpstreamDown, UpstreamError, UpstreamRefused, UpstreamTimeout
from chat_app.providers import http
from chat_app.providers.base import Timeouts
from chat_app.providers.openai.answer import decode

BETA: Final = "chatkit_beta=v1"
PAGE: Final = 100  # entries, the most that the API gives
MAX_PAGE: Final = 64 * 1024 * 1024  # bytes
TIMEOUTS: Final = Timeouts(connect=10, first_token=30, idle=30, total=120)

SAYS: Final = {
    UpstreamTimeout: "OpenAI's API took too long to answer.",
    UpstreamDown: "OpenAI's API cannot be reached.",
    UpstreamError: "OpenAI's API gave an answer that makes no sense.",
}

Order = Literal["asc", "desc"]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]  # since 1970, to the end of the year 9999
Decoded = TypeVar("Decoded")


class KeyRefused(UpstreamRefused):
    """The API does not take this key: no other request will fare better."""


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is (with its `/v1`) and the key that it takes."""

    base_url: str
    key: str = field(repr=False)


class Status(msgspec.Struct, frozen=True):
    type: str = "active"
    reason: str | None = None


class HostedThread(msgspec.Struct, frozen=True):
    """A thread without its items. `user` is what the one who made its session called the user."""

    id: str
    created_at: Seconds
    user: str
    title: str | None = None
    status: Status = Status()


class Part(msgspec.Struct, frozen=True):
    """A part of a message: `input_text`, `quoted_text` or `output_text`."""

    type: str
    text: str = ""
    annotations: list[dict[str, Any]] = []


class File(msgspec.Struct, frozen=True):
    """A file of a message; where its bytes are the API does not say."""

    name: str = ""
    mime_type: str = ""


class Task(msgspec.Struct, frozen=True):
    type: str
    heading: str | None = None
    summary: str | None = None


class HostedItem(msgspec.Struct, frozen=True):
    """An item of any type, with the fields of all of them. `widget`, `arguments` and `output` are JSON as text."""

    id: str
    type: str
    created_at: Seconds
    content: list[Part] = []
    attachments: list[File] = []
    inference_options: dict[str, Any] | None = None
    widget: str = ""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str | None = None
    status: str = ""
    task_type: str = ""
    heading: str | None = None
    summary: str | None = None
    tasks: list[Task] = []


class Threads(msgspec.Struct, frozen=True):
    data: list[HostedThread]
    has_more: bool = False


class Items(msgspec.Struct, frozen=True):
    data: list[HostedItem]
    has_more: bool = False


async def threads(api: Api, *, user: str | None, after: str | None, order: Order) -> Threads:
    """One page of threads by the time they were made, of one user or of all. Raises UpstreamError."""
    return await _get(api, ("threads",), {"user": user, "after": after, "order": order}, Threads)


async def items(api: Api, thread_id: str, *, after: str | None) -> Items:
    """One page of a thread's items, oldest first. Raises UpstreamError."""
    return await _get(api, ("threads", thread_id, "items"), {"after": after, "order": "asc"}, Items)


async def _get(
    api: Api, path: tuple[str, ...], query: dict[str, str | None], shape: type[Decoded]
) -> Decoded:
    named = {name: value for name, value in query.items() if value is not None}
    headers = {"Authorization": f"Bearer {api.key}", "OpenAI-Beta": BETA, "Accept": "application/json"}
    try:
        with http.foreign_errors():
            url = URL(api.base_url.rstrip("/")).joinpath("chatkit", *path)
            async with await http.send(
                "GET", url.with_query({"limit": str(PAGE), **named}), headers=headers,
                timeouts=TIMEOUTS, refused=_Answered,
            ) as exchange:  # fmt: skip
                exchange.text_came()
                body = await exchange.read_all(MAX_PAGE)
            return decode(body, shape)
    except _Answered as answer:
        raise answer.error() from None
    except UpstreamError as error:
        raise type(error)(SAYS.get(type(error), error.detail), retry_after=error.retry_after) from error


class _Answered(Exception):
    """The API answered, with a status that was not wanted."""

    def __init__(self, refusal: http.Refusal) -> None:
        super().__init__()
        self.refusal = refusal

    def error(self) -> UpstreamError:
        """The tree's error, in words about this API."""
        usual, status = self.refusal.error(), self.refusal.status
        kind = KeyRefused if status in (401, 403) else type(usual)
        return kind(f"OpenAI's API answered HTTP {status}.", retry_after=usual.retry_after)
