"""How providers talk HTTP: one shared client for each event loop, answers bounded in time, foreign errors mapped once.

No dialect lives here and no retry: a provider makes one attempt. Nothing of an upstream's body gets into an error's
`detail`; a log line at debug level may name its error code, if that looks like a code.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Container, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Literal, Self
from weakref import WeakKeyDictionary

import aiohttp
import msgspec
from yarl import URL

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.providers.addresses import ForbiddenAddress, GuardedResolver, Policy
from chat_app.providers.base import Timeouts
from chat_app.providers.statuses import error_of_status, fault_code, of_request, told_to_wait

log = logging.getLogger(__name__)

CONNECTIONS: Final = 1024  # in a process; how many turns a model may have at once is its row's business
KEEP_ALIVE: Final = 4.0  # seconds; common servers hang up after 5, and no POST is to meet a closed door
SETTLE: Final = 0.5  # seconds that an upstream has to end its response after the answer is whole
BROKEN: Final = (TimeoutError, aiohttp.ClientError, OSError)  # what a read may raise
MAX_ERROR_BODY: Final = 65_536
AT_ONCE: Final = 1024 * 1024  # bytes of a request that are sent in one piece

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
_errands: WeakKeyDictionary[asyncio.AbstractEventLoop, set[asyncio.Task[None]]] = WeakKeyDictionary()
_policy = Policy()


def configure(allowed_private_hosts: Iterable[str], allow_loopback: bool) -> None:
    """Say which hosts beside public ones may be reached. Call it before the first request of a process."""
    global _policy
    _policy = Policy.of(allowed_private_hosts, loopback=allow_loopback)


def url_problem(base_url: str) -> str | None:
    """What keeps a base URL from being used, as a sentence for staff, or None."""
    return _policy.problem(base_url)


def session() -> aiohttp.ClientSession:
    """The shared client of the running event loop, made on first use. No cookies, no proxies of the environment."""
    loop = asyncio.get_running_loop()
    client = _sessions.get(loop)
    if client is None or client.closed:
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(lambda: _policy),
            limit=CONNECTIONS,
            limit_per_host=0,
            keepalive_timeout=KEEP_ALIVE,
        )
        queue = aiohttp.TraceConfig()
        queue.on_connection_queued_start.append(_queued)
        queue.on_connection_queued_end.append(_served)
        client = _sessions[loop] = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[queue],
            headers={"User-Agent": "chatbackend", "Accept-Encoding": "identity"},
        )
    return client


async def close() -> None:
    """Wait for errands, then close the running event loop's client, and with it all connections; the next request makes
    a new one."""
    loop = asyncio.get_running_loop()
    if errands := _errands.pop(loop, None):
        await asyncio.wait(errands)
    client = _sessions.pop(loop, None)
    if client is not None:
        await client.close()


def errand(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Do something small for which nobody can wait, such as telling an upstream to stop; it has so many seconds."""
    errands = _errands.setdefault(asyncio.get_running_loop(), set())
    task = asyncio.get_running_loop().create_task(_errand(work, seconds))
    errands.add(task)
    task.add_done_callback(errands.discard)


async def _errand(work: Coroutine[Any, Any, None], seconds: float) -> None:
    try:
        with foreign_errors():
            async with asyncio.timeout(seconds):
                await work
    except UpstreamError as error:
        log.debug("an errand to an upstream failed: %s", error.code)


@dataclass(slots=True)
class _Place:
    """A request's place in the queue for a connection."""

    waits: bool = False


async def _queued(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    context.trace_request_ctx.waits = True


async def _served(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    context.trace_request_ctx.waits = False


async def post(
    url: URL,
    *,
    headers: Mapping[str, str],
    body: Any,
    timeouts: Timeouts,
    since: float | None = None,
    wanted: Container[int] = (200,),
    refused: Callable[[Refusal], Exception] | None = None,
) -> Exchange:
    """Send `body` as JSON and give the answer, as `send` does."""
    sent = msgspec.json.encode(body)
    return await send(
        "POST",
        url,
        headers={"Content-Type": "application/json", **headers},
        data=sent if len(sent) <= AT_ONCE else BytesIO(sent),
        timeouts=timeouts,
        since=since,
        wanted=wanted,
        refused=refused,
    )


async def send(
    method: Literal["GET", "POST"],
    url: URL,
    *,
    headers: Mapping[str, str],
    timeouts: Timeouts,
    data: bytes | BytesIO | aiohttp.FormData | None = None,
    since: float | None = None,
    wanted: Container[int] = (200,),
    refused: Callable[[Refusal], Exception] | None = None,
) -> Exchange:
    """Make one request and give the answer once its status is known to be a wanted one.

    Use it as `async with await send(...)`, inside `foreign_errors()`. For any other status it raises what `refused` makes
    of it, by default the UpstreamError of the status; UpstreamBusy where none of the process's connections came free
    within `connect`. The limits count from `since` (the loop's time), else from now.
    """
    if problem := url_problem(str(url)):
        raise UpstreamRefused(problem)
    now = asyncio.get_running_loop().time() if since is None else since
    first, end = now + timeouts.first_token, now + timeouts.total
    place = _Place()
    try:
        async with asyncio.timeout_at(min(first, end)):
            response = await session().request(
                method,
                url,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=timeouts.connect),
                trace_request_ctx=place,
            )
            try:
                if response.status not in wanted:
                    raise (refused or Refusal.error)(await _refusal(response))
            except BaseException:
                response.close()
                raise
    except TimeoutError as error:
        if place.waits:
            busy = UpstreamBusy("All connections of this server to models are in use.", retry_after=1)
            raise of_request(busy) from error
        raise
    return Exchange(response, first=first, idle=timeouts.idle, end=end)


class Exchange:
    """An answer under way: reads within the route's timeouts, and the connection let go at the end."""

    __slots__ = ("_content", "_end", "_first", "_idle", "_now", "_response", "_whole")

    def __init__(self, response: aiohttp.ClientResponse, *, first: float, idle: float, end: float) -> None:
        self._response = response
        self._content = response.content
        self._now = asyncio.get_running_loop().time
        self._first: float | None = first
        self._idle = idle
        self._end = end
        self._whole = False

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case; `application/octet-stream` where none was sent."""
        return self._response.content_type

    def header(self, name: str) -> str:
        """A header of the answer, empty where it is absent."""
        return self._response.headers.get(name, "")

    async def read(self) -> bytes:
        """All that has arrived, or else what arrives next; empty at the end. TimeoutError at a limit."""
        data = self._content.read_nowait()
        if data or self._content.at_eof():
            return data
        limit = self._first if self._first is not None else self._now() + self._idle
        async with asyncio.timeout_at(min(limit, self._end)):
            return await self._content.readany()

    async def read_all(self, limit: int) -> bytes:
        """The whole body. UpstreamError where it is larger than `limit` bytes, TimeoutError as `read`."""
        body = bytearray()
        while data := await self.read():
            body += data
            if len(body) > limit:
                raise UpstreamError("The model's server sent an answer that is too large.")
        return bytes(body)

    def text_came(self) -> None:
        """From here on the limit is `idle`, no longer `first_token`: text has come, or reasoning that is shown."""
        self._first = None

    def hurry(self, seconds: float) -> None:
        """The answer proper is here; what is still to come gets so many seconds."""
        self._end = min(self._end, self._now() + seconds)

    def whole(self) -> None:
        """Nothing more is wanted: the connection may be used again if the upstream ends its response soon."""
        self._whole = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._whole and kind is None and not self._content.at_eof():
            asyncio.get_running_loop().call_later(SETTLE, self._response.close)
        else:
            self._response.close()


@contextmanager
def foreign_errors() -> Iterator[None]:
    """The one place where errors of the HTTP client, of TLS, of timers and of decoding become our tree's."""
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError) as error:
        raise UpstreamTimeout("The model's server could not be reached in time.") from error
    except TimeoutError as error:
        raise UpstreamTimeout from error
    except aiohttp.InvalidURL as error:
        raise UpstreamRefused("The base URL cannot be used.") from error
    except (aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise UpstreamDown("The model's server could not be reached over TLS.") from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, ForbiddenAddress):
            raise UpstreamRefused("The model's host has no address that may be reached.") from error
        raise UpstreamDown from error
    except aiohttp.ClientPayloadError as error:
        raise UpstreamDown("The connection to the model broke off.") from error
    except (aiohttp.ClientConnectionError, ConnectionError, OSError) as error:
        raise UpstreamDown from error
    except aiohttp.ClientResponseError:
        raise UpstreamError from None  # its repr holds the request's headers, and so the key
    except (aiohttp.ClientError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UpstreamError from error


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response whose status was not wanted. `body` is its JSON, None where it has none that can be read at once: for
    codes alone, and never to be shown."""

    status: int
    body: Any = field(default=None, repr=False)
    retry_after: float | None = None

    def error(self) -> UpstreamError:
        """The tree's error, by the status and by an error object's code."""
        code = fault_code(self.body.get("error")) if isinstance(self.body, dict) else ""
        return error_of_status(self.status, code=code, retry_after=self.retry_after)


async def _refusal(response: aiohttp.ClientResponse) -> Refusal:
    """What a response says whose status is not wanted. Its body is read for codes alone, and not waited for long."""
    status, found = response.status, None
    if response.content_type == "application/json":
        body = bytearray()
        try:
            async with asyncio.timeout(SETTLE):
                while len(body) < MAX_ERROR_BODY and (data := await response.content.readany()):
                    body += data
            found = msgspec.json.decode(body)
        except (TimeoutError, aiohttp.ClientError, msgspec.MsgspecError, UnicodeError, RecursionError):
            log.debug("upstream answered %d with a body that cannot be read", status)
    code = fault_code(found.get("error")) or fault_code(found) if isinstance(found, dict) else ""
    log.debug("upstream answered %d %s", status, code or "without a code")
    return Refusal(status, found, told_to_wait(response.headers))
