"""How providers talk HTTP: one shared client for each event loop, answers bounded in time, foreign errors mapped once.

No dialect lives here and no retry: a provider makes one attempt. Nothing of an upstream's body gets into an error's
`detail`; a log line at debug level may name its error code, if that looks like a code.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import ssl
from collections.abc import Callable, Container, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self
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

log = logging.getLogger(__name__)

CONNECTIONS: Final = 1024  # in a process; how many turns a model may have at once is its row's business
KEEP_ALIVE: Final = (
    4.0  # seconds; under the 5 s after which common servers hang up, so that no POST meets a closed door
)
SETTLE: Final = 0.5  # seconds that an upstream has to end its response after the answer is whole
BROKEN: Final = (TimeoutError, aiohttp.ClientError, OSError)  # what a read may raise
MAX_ERROR_BODY: Final = 65_536
MAX_RETRY_AFTER: Final = 86_400.0

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_OF_REQUEST: Final = frozenset(
    {400, 413, 422}
)  # what was asked was wrong, not the key, the path or the server
_TOO_LONG: Final = frozenset({"context_length_exceeded", "exceed_context_size_error"})

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
        client = _sessions[loop] = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
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
    """Send `body` as JSON and give the answer once its status is known to be a wanted one.

    Use it as `async with await post(...)`, inside `foreign_errors()`. For any other status it raises what `refused` makes
    of it, by default the UpstreamError of the status. The limits count from `since` (the loop's time), else from now.
    """
    if problem := url_problem(str(url)):
        raise UpstreamRefused(problem)
    now = asyncio.get_running_loop().time() if since is None else since
    first, end = now + timeouts.first_token, now + timeouts.total
    async with asyncio.timeout_at(min(first, end)):
        response = await session().post(
            url,
            data=msgspec.json.encode(body),
            headers={"Content-Type": "application/json", **headers},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=timeouts.connect),
        )
        try:
            if response.status not in wanted:
                raise (refused or Refusal.error)(await _refusal(response))
        except BaseException:
            response.close()
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
        """From here on the limit is `idle`, no longer `first_token`."""
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
    except (aiohttp.ClientError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UpstreamError from error


def error_of_status(status: int, *, code: str = "", retry_after: float | None = None) -> UpstreamError:
    """The tree's error for an HTTP status of an upstream; `code` is the upstream's own word for it, if any."""
    if code in _TOO_LONG:
        return _of_request(UpstreamRefused("The conversation is too long for this model."))
    if status == 429:
        return UpstreamBusy(retry_after=retry_after)
    if status in (408, 504):
        return UpstreamTimeout()
    if status >= 500:
        return UpstreamDown(f"The model's server failed (HTTP {status}).", retry_after=retry_after)
    if 300 <= status < 400:
        return UpstreamRefused(
            f"The model's server sends callers elsewhere (HTTP {status}); its base URL is wrong."
        )
    if 400 <= status < 500:
        refused = UpstreamRefused(f"The model's server refused the request (HTTP {status}).")
        return _of_request(refused) if status in _OF_REQUEST else refused
    return UpstreamError()


def _of_request(error: UpstreamError) -> UpstreamError:
    error.of_request = True
    return error


def retry_after(value: str | None) -> float | None:
    """A Retry-After header in seconds, from seconds or an HTTP date (RFC 9110, 10.2.3); None where it says nothing."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if not math.isnan(seconds) else None


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


def fault_code(error: Any) -> str:
    """The upstream's own code of an error object, empty unless it looks like a code: it may reach logs."""
    if not isinstance(error, dict):
        return ""
    words = (error.get("code"), error.get("type"))
    return next((word for word in words if isinstance(word, str) and _CODE.fullmatch(word)), "")


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
    return Refusal(status, found, retry_after(response.headers.get("Retry-After")))
