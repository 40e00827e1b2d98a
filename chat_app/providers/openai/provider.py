"""The kind `openai`: whatever speaks OpenAI's API, in either of its dialects.

Chat completions unless the base URL ends in `/responses` or the route's parameter `api` is "responses" ("chat" is the
other). The parameter `think_tags = true` is for a model that writes `<think>…</think>` before its answer. Both say how
we read and go nowhere; all other parameters go into the request as they stand (temperature, max_tokens, ...). One that
is None is left out, which also takes away a default of ours: `stream_options = None` for a server that does not know it.

Reasoning is shown as progress and is no text. From the first of it on, `idle` is the limit and no longer `first_token`: a
model that thinks aloud for minutes is alive. One that thinks in silence has to give its first text within `first_token`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import ClassVar, Final

from yarl import URL

from chat_app.domain.errors import UpstreamError, UpstreamRefused
from chat_app.domain.prompt import Prompt
from chat_app.providers import http, statuses
from chat_app.providers.base import Chunk, ProgressChunk, RouteConfig, TextChunk
from chat_app.providers.openai.answer import NO_STREAM, Dialect
from chat_app.providers.openai.chat import CHAT
from chat_app.providers.openai.files import goes_as_text
from chat_app.providers.openai.reasoning import Thoughts
from chat_app.providers.openai.responses import RESPONSES
from chat_app.providers.sse import MAX_EVENT, EventReader

DIALECTS: Final = {"chat": CHAT, "responses": RESPONSES}
AFTERWARDS: Final = 2.0  # seconds for usage and [DONE] once the model said that it has finished


class OpenAIProvider:
    """Chat completions and responses, streamed."""

    kind: ClassVar[str] = "openai"

    def missing(self, route: RouteConfig) -> str | None:
        """A base URL that may be used, a model name, and a key where the host is OpenAI's own."""
        if not route.base_url.strip():
            return "The base URL is missing, for example https://api.openai.com/v1."
        if problem := http.url_problem(route.base_url):
            return problem
        if not route.model:
            return "The model name is missing: the name that the upstream knows it by."
        host = URL(route.base_url.strip()).host or ""
        if not route.api_key.strip() and (host == "openai.com" or host.endswith(".openai.com")):
            return "The API key is missing; OpenAI answers nobody without one."
        if not (route.api_key.isascii() and route.api_key.strip().isprintable()):
            return "The API key holds a character that no header can carry."
        return _api_problem(route)

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """One attempt: text as it comes, reasoning in passing, usage last where the upstream gave it. Raises
        UpstreamError."""
        if problem := http.url_problem(route.base_url) or _api_problem(route):
            raise UpstreamRefused(problem)
        dialect = dialect_of(route)
        reader, answer, thoughts = EventReader(), dialect.answer(route), Thoughts()
        with http.foreign_errors():
            async with await _ask(route, prompt, dialect) as upstream:
                if upstream.content_type == "text/html":
                    raise UpstreamError(NO_STREAM)
                if upstream.content_type == "application/json":
                    text = answer.take_object(await upstream.read_all(MAX_EVENT))
                    if text:
                        yield TextChunk(text)
                while not answer.ended:
                    try:
                        data = await upstream.read()
                        events = reader.feed(data) if data else reader.finish()
                    except http.BROKEN:
                        if not answer.finished:
                            raise
                        data, events = b"", []
                    text = answer.take(events, last=not data)
                    if answer.thoughts:
                        upstream.text_came()
                        remark = thoughts.hear("".join(answer.thoughts))
                        answer.thoughts.clear()
                        if remark and not text:
                            yield ProgressChunk(remark)
                    if text:
                        upstream.text_came()
                        yield TextChunk(text)
                    if answer.failure is not None:
                        raise answer.failure
                    if answer.finished:
                        upstream.hurry(AFTERWARDS)
                upstream.whole()
        if (call := answer.calls.whole()) is not None:
            yield call
        if answer.usage is not None:
            yield answer.usage


def dialect_of(route: RouteConfig) -> Dialect:
    """The dialect that the route's `api` names, else the end of its base URL, else chat completions."""
    path = URL(route.base_url.strip()).path.rstrip("/")
    named = next((name for name, dialect in DIALECTS.items() if path.endswith(dialect.path)), "chat")
    return DIALECTS[route.parameters.get("api") or named]


def url(route: RouteConfig) -> URL:
    """Where the route's requests go; a base URL that already names the path, or has a query, is kept."""
    base, end = URL(route.base_url.strip()), dialect_of(route).path
    path = base.path.rstrip("/")
    return base if path.endswith(end) else base.with_path(path + end, keep_query=True)


def _api_problem(route: RouteConfig) -> str | None:
    api = route.parameters.get("api")
    if api is None:
        return None
    if api not in tuple(DIALECTS):
        return 'The parameter "api" must be "chat" or "responses".'
    path = URL(route.base_url.strip()).path.rstrip("/")
    if any(path.endswith(dialect.path) for name, dialect in DIALECTS.items() if name != api):
        return 'The base URL ends in another API than the parameter "api" names.'
    return None


async def _ask(route: RouteConfig, prompt: Prompt, dialect: Dialect) -> http.Exchange:
    """Send the request. A refusal of one that holds pictures or documents says so: not every model reads them."""
    key = route.api_key.strip()
    headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {key}"} if key else {})
    asked = dialect.body(route, prompt)
    try:
        return await http.post(url(route), headers=headers, body=asked, timeouts=route.timeouts)
    except UpstreamRefused as error:
        files = (file for message in prompt.messages for file in message.files)
        if error.of_request and error.detail != statuses.TOO_LONG and not all(map(goes_as_text, files)):
            detail = f"{error.detail} The conversation holds files, which this model may not be able to read."
            raise statuses.of_request(UpstreamRefused(detail)) from error
        raise
